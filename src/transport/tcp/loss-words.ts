import { describeSocketFailure } from './socket-failure.js'

/** A size that cannot be: mostly the first bytes of another protocol. */
export const explainBadSize = (size: number, sizeBytes: Buffer): string => {
  const text = sizeBytes.toString('latin1')
  if (text === 'HTTP') return 'the other side speaks HTTP, not the Kafka protocol: check the port'
  // A TLS record begins with its type (21 alert, 22 handshake) and the major version 3.
  if ((sizeBytes[0] === 21 || sizeBytes[0] === 22) && sizeBytes[1] === 3) {
    return 'the other side speaks TLS: use its plaintext port'
  }
  return `a response of ${size} bytes was announced: not the Kafka protocol, or damaged`
}

export const explainLoss = (error: Error | undefined, beforeAnyAnswer: boolean): string => {
  const what =
    error === undefined ? 'the other side closed the connection' : describeSocketFailure(error)
  return beforeAnyAnswer
    ? `${what} before it answered anything: is it a plaintext Kafka port (no TLS, no SASL)?`
    : what
}
