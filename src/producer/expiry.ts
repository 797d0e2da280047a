import { type ErrorAddress, StreamBusError } from '../domain/errors.js'

/** What deliveryTimeoutMs ends with: the code tells whether a broker could be reached at all. */
export const timedOut = (
  address: ErrorAddress & { readonly topic: string },
  timeoutMs: number,
  why: string,
  lastError: StreamBusError | undefined,
): StreamBusError => {
  const { topic, partition } = address
  const place = partition === undefined ? `topic ${topic}` : `${topic}-${partition}`
  const last = lastError === undefined ? '' : `; last trouble: ${lastError.message}`
  return new StreamBusError(
    lastError?.code === 'BROKER_UNREACHABLE' ? 'BROKER_UNREACHABLE' : 'REQUEST_TIMED_OUT',
    `send to ${place}: not delivered within ${timeoutMs} ms (deliveryTimeoutMs): ${why}${last}`,
    {
      ...address,
      retriable: true,
      ...(lastError === undefined ? {} : { cause: lastError }),
    },
  )
}
