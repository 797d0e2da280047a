/** Zigzag varints as records hold them (Kafka's ByteUtils), written for speed. */

/** Bytes of a zigzag varint. */
export const sizeOfVarint = (value: number): number => {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  if (zigzag < 0x80) return 1
  if (zigzag < 0x4000) return 2
  if (zigzag < 0x20_0000) return 3
  return zigzag < 0x1000_0000 ? 4 : 5
}

/** Writes a zigzag varint and returns where it ends. */
export const writeVarint = (bytes: Buffer, at: number, value: number): number => {
  let zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  let next = at
  while (zigzag >= 0x80) {
    bytes[next] = (zigzag & 0x7f) | 0x80
    zigzag >>>= 7
    next += 1
  }
  bytes[next] = zigzag
  return next + 1
}

/** A difference beyond 2^53 is not exact as a number, and beyond 2^31 not fit for shifts. */
const zigzagDifference = (value: number, base: number): bigint => {
  const delta = BigInt(value) - BigInt(base)
  return BigInt.asUintN(64, (delta << 1n) ^ (delta >> 63n))
}

/** Bytes of `value - base` as a zigzag varlong; both are safe integers. */
export const sizeOfDifference = (value: number, base: number): number => {
  const delta = value - base
  if (delta === (delta | 0)) return sizeOfVarint(delta)
  let zigzag = zigzagDifference(value, base)
  let size = 1
  for (; zigzag >= 0x80n; zigzag >>= 7n) size += 1
  return size
}

/** Writes `value - base` as a zigzag varlong and returns where it ends. */
export const writeDifference = (bytes: Buffer, at: number, value: number, base: number): number => {
  const delta = value - base
  if (delta === (delta | 0)) return writeVarint(bytes, at, delta)
  let zigzag = zigzagDifference(value, base)
  let next = at
  for (; zigzag >= 0x80n; zigzag >>= 7n) {
    bytes[next] = Number(zigzag & 0x7fn) | 0x80
    next += 1
  }
  bytes[next] = Number(zigzag)
  return next + 1
}
