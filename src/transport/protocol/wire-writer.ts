import { MAX_STRING_BYTES, WireFault } from './wire-fault.js'

const FIRST_CAPACITY = 16 * 1024
/** A scratch buffer that grew beyond this is not kept for the next message. */
const KEPT_CAPACITY = 1024 * 1024
/** Byte fields from this size on are referenced, and copied once, into the finished message. */
const REFERENCED_SIZE = 1024

interface Reference {
  at: number
  readonly bytes: Buffer
}

const refused = (reason: string): WireFault => new WireFault('INVALID_ARGUMENT', reason)
const outOfRange = (value: unknown, type: string): WireFault =>
  typeof value === 'number' || typeof value === 'bigint'
    ? new WireFault('NUMBER_OUT_OF_RANGE', `${value} is not an ${type}`)
    : refused(value === undefined ? 'is missing' : `${typeof value} given, an ${type} is needed`)

/** Encoding never nests, so one scratch serves all writers in turn. */
let spare: Buffer | undefined

export const uvarintSize = (value: number): number =>
  value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5

/**
 * Kafka's primitive types, written to a growing scratch buffer; large byte fields stay where they
 * are until `finish`. A writer is used for one message. Errors: NUMBER_OUT_OF_RANGE,
 * INVALID_ARGUMENT (a value of another type, a string that is too long).
 */
export class WireWriter {
  private scratch: Buffer
  private at = 0
  private references: Reference[] = []
  private referencedBytes = 0

  constructor() {
    this.scratch = spare ?? Buffer.allocUnsafeSlow(FIRST_CAPACITY)
    spare = undefined
  }

  /** Bytes written so far, referenced ones included. */
  get length(): number {
    return this.at + this.referencedBytes
  }

  private grow(size: number): number {
    const { at } = this
    if (at + size > this.scratch.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.scratch.length * 2, at + size))
      this.scratch.copy(larger, 0, 0, at)
      this.scratch = larger
    }
    this.at = at + size
    return at
  }

  int8(value: number): void {
    if (typeof value !== 'number' || (value << 24) >> 24 !== value) throw outOfRange(value, 'int8')
    this.byte(value)
  }

  int16(value: number): void {
    if (typeof value !== 'number' || (value << 16) >> 16 !== value) throw outOfRange(value, 'int16')
    const at = this.grow(2)
    this.scratch.writeInt16BE(value, at)
  }

  int32(value: number): void {
    if (typeof value !== 'number' || (value | 0) !== value) throw outOfRange(value, 'int32')
    const at = this.grow(4)
    this.scratch.writeInt32BE(value, at)
  }

  int64(value: bigint): void {
    if (typeof value !== 'bigint' || BigInt.asIntN(64, value) !== value) {
      throw outOfRange(value, 'int64')
    }
    const at = this.grow(8)
    this.scratch.writeBigInt64BE(value, at)
  }

  /** A number as int64. */
  offset(value: number): void {
    if (!Number.isSafeInteger(value)) throw outOfRange(value, 'exact int64')
    const at = this.grow(8)
    this.scratch.writeInt32BE(Math.floor(value / 0x1_0000_0000), at)
    this.scratch.writeUInt32BE(value >>> 0, at + 4)
  }

  float64(value: number): void {
    if (typeof value !== 'number') throw outOfRange(value, 'float64')
    const at = this.grow(8)
    this.scratch.writeDoubleBE(value, at)
  }

  bool(value: boolean): void {
    if (typeof value !== 'boolean') {
      throw refused(
        value === undefined ? 'is missing' : `${typeof value} given, a boolean is needed`,
      )
    }
    this.byte(value ? 1 : 0)
  }

  uvarint(value: number): void {
    if (value >>> 0 !== value) throw outOfRange(value, 'unsigned varint')
    let rest = value
    for (; rest > 0x7f; rest >>>= 7) this.byte((rest & 0x7f) | 0x80)
    this.byte(rest)
  }

  /** Signed (zigzag), 32 bits. */
  varint(value: number): void {
    if ((value | 0) !== value) throw outOfRange(value, 'int32')
    this.uvarint(((value << 1) ^ (value >> 31)) >>> 0)
  }

  /** Signed (zigzag), 64 bits. */
  varlong(value: bigint): void {
    if (typeof value !== 'bigint' || BigInt.asIntN(64, value) !== value) {
      throw outOfRange(value, 'int64')
    }
    let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
    for (; rest > 0x7fn; rest >>= 7n) this.byte(Number(rest & 0x7fn) | 0x80)
    this.byte(Number(rest))
  }

  uuid(value: string): void {
    if (typeof value !== 'string' || !/^[\w-]{22}$/.test(value)) {
      throw refused('is not a uuid in base64url form (22 characters)')
    }
    const at = this.grow(16)
    this.scratch.write(value, at, 16, 'base64url')
  }

  string(value: string | null): void {
    if (value === null) {
      this.int16(-1)
      return
    }
    const size = this.textSize(value)
    this.int16(size)
    this.text(value, size)
  }

  compactString(value: string | null): void {
    if (value === null) {
      this.uvarint(0)
      return
    }
    const size = this.textSize(value)
    this.uvarint(size + 1)
    this.text(value, size)
  }

  byteString(value: Buffer | null): void {
    if (value === null) {
      this.int32(-1)
      return
    }
    this.checkBytes(value)
    this.int32(value.length)
    this.raw(value)
  }

  compactBytes(value: Buffer | null): void {
    if (value === null) {
      this.uvarint(0)
      return
    }
    this.checkBytes(value)
    this.uvarint(value.length + 1)
    this.raw(value)
  }

  /** An array's length, -1 for null. */
  count(value: number): void {
    this.int32(value)
  }

  compactCount(value: number): void {
    this.uvarint(value + 1)
  }

  /** Bytes as they are, without a length. Unchanged until `finish`, please. */
  raw(value: Buffer): void {
    if (value.length < REFERENCED_SIZE) {
      const at = this.grow(value.length)
      this.scratch.set(value, at)
      return
    }
    this.references.push({ at: this.at, bytes: value })
    this.referencedBytes += value.length
  }

  /** What `write` writes, with its size as an unsigned varint in front. */
  sized(write: () => void): void {
    const from = this.grow(1)
    const before = this.length
    write()
    const size = this.length - before
    const extra = uvarintSize(size) - 1
    if (extra > 0) {
      const end = this.grow(extra)
      this.scratch.copyWithin(from + 1 + extra, from + 1, end)
      // References at `from` or before stand in front of the size byte, the later ones behind it.
      for (const reference of this.references) if (reference.at > from) reference.at += extra
    }
    const end = this.at
    this.at = from
    this.uvarint(size)
    this.at = end
  }

  /** Writes over an int32 that is already there. */
  patchInt32(at: number, value: number): void {
    this.scratch.writeInt32BE(value, at)
  }

  /** The message in one Buffer of its own. Referenced bytes are copied here, for the first time. */
  finish(): Buffer {
    const message = Buffer.allocUnsafe(this.length)
    let from = 0
    let to = 0
    for (const { at, bytes } of this.references) {
      to += this.scratch.copy(message, to, from, at)
      message.set(bytes, to)
      to += bytes.length
      from = at
    }
    this.scratch.copy(message, to, from, this.at)
    this.release()
    return message
  }

  /** The message in pieces, for a vectored write: referenced bytes are not copied at all. */
  finishParts(): Buffer[] {
    const own = Buffer.from(this.scratch.subarray(0, this.at))
    const parts: Buffer[] = []
    let from = 0
    for (const { at, bytes } of this.references) {
      if (at > from) parts.push(own.subarray(from, at))
      parts.push(bytes)
      from = at
    }
    if (this.at > from) parts.push(own.subarray(from))
    this.release()
    return parts
  }

  private release(): void {
    if (this.scratch.length <= KEPT_CAPACITY) spare = this.scratch
  }

  private byte(value: number): void {
    const at = this.grow(1)
    this.scratch[at] = value
  }

  private textSize(value: string): number {
    if (typeof value !== 'string') {
      throw refused(
        value === undefined ? 'is missing' : `${typeof value} given, a string is needed`,
      )
    }
    const size = Buffer.byteLength(value)
    if (size > MAX_STRING_BYTES) {
      throw refused(`a string of ${size} bytes, at most ${MAX_STRING_BYTES} fit`)
    }
    return size
  }

  private text(value: string, size: number): void {
    const at = this.grow(size)
    this.scratch.write(value, at, size, 'utf8')
  }

  private checkBytes(value: Buffer): void {
    if (!(value instanceof Uint8Array)) {
      throw refused(value === undefined ? 'is missing' : `${typeof value} given, bytes are needed`)
    }
  }
}
