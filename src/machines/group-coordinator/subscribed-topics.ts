import type { Base64 } from './member-protocol.js'

/**
 * The topics in a consumer's subscription, sorted. All its versions begin with an int16 version
 * and an array of topic names (as Kafka's ClassicGroup reads it); null when the bytes do not.
 */
export const subscribedTopics = (metadata: Base64): readonly string[] | null => {
  const bytes = Buffer.from(metadata, 'base64')
  if (bytes.length < 6) return null
  const count = bytes.readInt32BE(2)
  if (count < 0 || count > bytes.length / 2) return null
  const topics: string[] = []
  let position = 6
  for (let index = 0; index < count; index++) {
    if (position + 2 > bytes.length) return null
    const length = bytes.readInt16BE(position)
    position += 2
    if (length < 0 || position + length > bytes.length) return null
    topics.push(bytes.toString('utf8', position, position + length))
    position += length
  }
  return topics.sort()
}

/**
 * Whether two metadata ask for the same. Of a consumer only the topics count: what else is in its
 * subscription (partitions it owned, its generation) always differs after a restart.
 */
export const sameSubscription = (protocolType: string | null, a: Base64, b: Base64): boolean => {
  if (a === b) return true
  if (protocolType !== 'consumer') return false
  const before = subscribedTopics(a)
  const after = subscribedTopics(b)
  if (before === null || after === null || before.length !== after.length) return false
  return before.every((topic, index) => topic === after[index])
}
