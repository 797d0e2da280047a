const SEED = 0x9747b28c
const M = 0x5bd1e995
const R = 24

/**
 * The 32-bit murmur2 hash with the seed of Kafka's Java client (class Utils), as a signed integer:
 * every client that means to share its partitioning has to agree bit by bit.
 */
export const murmur2 = (bytes: Uint8Array): number => {
  const { length } = bytes
  let hash = SEED ^ length
  let at = 0
  for (const end = length & ~3; at < end; at += 4) {
    let word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    word = Math.imul(word, M)
    word ^= word >>> R
    hash = Math.imul(hash, M) ^ Math.imul(word, M)
  }
  const rest = length & 3
  if (rest === 3) hash ^= bytes[at + 2]! << 16
  if (rest >= 2) hash ^= bytes[at + 1]! << 8
  if (rest >= 1) hash = Math.imul(hash ^ bytes[at]!, M)
  hash ^= hash >>> 13
  hash = Math.imul(hash, M)
  return hash ^ (hash >>> 15)
}
