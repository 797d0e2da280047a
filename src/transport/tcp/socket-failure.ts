const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'host name not found',
  EAI_AGAIN: 'host name could not be looked up',
  ETIMEDOUT: 'timed out',
  ECONNRESET: 'connection reset by the other side',
  EPIPE: 'connection reset by the other side',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  EMFILE: 'too many open files in this process',
  ERR_SOCKET_BAD_PORT: 'the port is out of range',
}

/** A socket's error in words that a person can act on. */
export const describeSocketFailure = (error: unknown): string => {
  const { code, message } = error as { readonly code?: string; readonly message?: string }
  // A host name with several addresses fails with an AggregateError, whose message is empty.
  return (code === undefined ? undefined : words[code]) ?? (message || code || 'unknown cause')
}
