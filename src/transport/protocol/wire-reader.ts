import { isUtf8 } from 'node:buffer'
import { MAX_STRING_BYTES, WireFault, ZERO_UUID } from './wire-fault.js'

const malformed = (reason: string): WireFault => new WireFault('MALFORMED_MESSAGE', reason)

/**
 * Kafka's primitive types, read from a range of one Buffer. Nothing is read past the range, and no
 * count or length is believed before it was held against the bytes that are left. Errors:
 * MALFORMED_MESSAGE; NUMBER_OUT_OF_RANGE for an `offset` beyond 2^53.
 */
export class WireReader {
  readonly bytes: Buffer
  private at: number
  private end: number

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.bytes = bytes
    this.at = start
    this.end = end
  }

  get position(): number {
    return this.at
  }

  get remaining(): number {
    return this.end - this.at
  }

  /** The start of the next `size` bytes, which are then behind. */
  private take(size: number): number {
    const { at } = this
    if (size > this.end - at) {
      throw malformed(`needs ${size} bytes at ${at}, ${this.end - at} are left`)
    }
    this.at = at + size
    return at
  }

  int8(): number {
    return this.bytes.readInt8(this.take(1))
  }

  int16(): number {
    return this.bytes.readInt16BE(this.take(2))
  }

  int32(): number {
    return this.bytes.readInt32BE(this.take(4))
  }

  int64(): bigint {
    return this.bytes.readBigInt64BE(this.take(8))
  }

  /** An int64 that is a number in TypeScript. */
  offset(): number {
    const at = this.take(8)
    const value = this.bytes.readInt32BE(at) * 0x1_0000_0000 + this.bytes.readUInt32BE(at + 4)
    if (!Number.isSafeInteger(value)) {
      const exact = this.bytes.readBigInt64BE(at)
      throw new WireFault('NUMBER_OUT_OF_RANGE', `${exact} is beyond 2^53, the exact numbers here`)
    }
    return value
  }

  float64(): number {
    return this.bytes.readDoubleBE(this.take(8))
  }

  /** Any byte but 0 is true, as in Kafka. */
  bool(): boolean {
    return this.bytes[this.take(1)] !== 0
  }

  /** Unsigned, 32 bits in at most 5 bytes. A longer form of a small value is legal, as in Kafka. */
  uvarint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.bytes[this.take(1)]!
      if (shift === 28 && byte > 0x0f) break
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
    throw malformed(`a varint before ${this.at} is longer than 32 bits`)
  }

  /** Signed (zigzag), 32 bits. */
  varint(): number {
    const raw = this.uvarint()
    return (raw >>> 1) ^ -(raw & 1)
  }

  /** Signed (zigzag), 64 bits in at most 10 bytes. */
  varlong(): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.bytes[this.take(1)]!
      if (shift === 63n && byte > 1) break
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n))
    }
    throw malformed(`a varlong before ${this.at} is longer than 64 bits`)
  }

  /** Base64url without padding, as Kafka prints ids. */
  uuid(): string {
    const at = this.take(16)
    for (let i = at; i < at + 16; i++) {
      if (this.bytes[i] !== 0) return this.bytes.toString('base64url', at, at + 16)
    }
    return ZERO_UUID
  }

  string(): string | null {
    return this.text(this.int16())
  }

  compactString(): string | null {
    return this.text(this.uvarint() - 1)
  }

  /** A view into the message, not a copy. */
  byteString(): Buffer | null {
    return this.slice(this.int32())
  }

  /** A view into the message, not a copy. */
  compactBytes(): Buffer | null {
    return this.slice(this.uvarint() - 1)
  }

  /** An array's length, -1 for null. `minSize`: the fewest bytes that an element can have. */
  count(minSize: number): number {
    return this.checkCount(this.int32(), minSize)
  }

  compactCount(minSize: number): number {
    return this.checkCount(this.uvarint() - 1, minSize)
  }

  /** A tagged section, each field in its own range; ends by itself. */
  tags(onTag: (tag: number, size: number) => void): void {
    let last = -1
    for (let left = this.uvarint(); left > 0; left--) {
      const tag = this.uvarint()
      if (tag <= last) throw malformed(`tag ${tag} after tag ${last}`)
      last = tag
      const size = this.uvarint()
      if (size > this.remaining) {
        throw malformed(`tag ${tag} of ${size} bytes, ${this.remaining} are left`)
      }
      const { end } = this
      this.end = this.at + size
      onTag(tag, size)
      if (this.at !== this.end) throw malformed(`tag ${tag} has ${this.remaining} bytes too many`)
      this.end = end
    }
  }

  /** The next `size` bytes, a view. */
  raw(size: number): Buffer {
    const at = this.take(size)
    return this.bytes.subarray(at, at + size)
  }

  expectEnd(): void {
    if (this.at !== this.end) throw malformed(`${this.remaining} bytes too many at the end`)
  }

  private checkCount(count: number, minSize: number): number {
    if (count < -1) throw malformed(`an array of ${count} elements`)
    if (count * minSize > this.remaining) {
      throw malformed(`an array of ${count} elements, ${this.remaining} bytes are left`)
    }
    return count
  }

  private slice(size: number): Buffer | null {
    if (size === -1) return null
    if (size < 0) throw malformed(`a length of ${size} bytes`)
    return this.raw(size)
  }

  private text(size: number): string | null {
    if (size === -1) return null
    if (size < 0 || size > MAX_STRING_BYTES) throw malformed(`a string of ${size} bytes`)
    const at = this.take(size)
    const { bytes } = this
    for (let i = at; i < at + size; i++) {
      if (bytes[i]! < 0x80) continue
      if (!isUtf8(bytes.subarray(at, at + size))) throw malformed(`a string at ${at} is no UTF-8`)
      return bytes.toString('utf8', at, at + size)
    }
    return bytes.toString('latin1', at, at + size)
  }
}
