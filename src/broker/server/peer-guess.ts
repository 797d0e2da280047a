const HTTP = /^(GET|POST|PUT|HEAD|DELETE|OPTIONS|CONNECT|PATCH|TRACE|PRI) |^HTTP\//

/** The content type and major version that begin each TLS handshake record. */
const TLS_HANDSHAKE = 0x16
const TLS_MAJOR = 0x03

/** What a peer that does not speak Kafka's protocol seems to speak, for the log. */
export const guessPeer = (start: Buffer): string | undefined => {
  if (start[0] === TLS_HANDSHAKE && start[1] === TLS_MAJOR) {
    return 'it began a TLS handshake, but this port is plaintext'
  }
  const text = start.subarray(0, 16).toString('latin1')
  if (HTTP.test(text)) return 'it sent HTTP, but this port speaks the Kafka protocol'
  if (text.startsWith('SSH-')) return 'it sent SSH, but this port speaks the Kafka protocol'
  return undefined
}
