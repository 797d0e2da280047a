import type { TopicPartition } from '../../../domain/topic-partition.js'
import { corruptBatch } from './batch-errors.js'
import { type BatchHeader, clampInt64 } from './batch-header.js'

/** Length, attributes, two deltas, two lengths and a header count of a byte each. */
const MIN_RECORD_BYTES = 7
const MAX_SAFE = Number.MAX_SAFE_INTEGER

/**
 * Where the last varint read has ended. A module variable, not a result, as this is the innermost
 * loop of consuming: no object is made per varint.
 */
let varintEnd = 0

/**
 * A zigzag varint of at most 5 bytes (Kafka's ByteUtils.readVarint). Past the end of `bytes` it
 * reads zeros: callers compare `varintEnd` with the end of the record. A sixth byte makes
 * `varintEnd` infinite, and with it every such comparison fail.
 */
const readVarint = (bytes: Buffer, at: number): number => {
  let byte = bytes[at]!
  if (byte < 0x80) {
    varintEnd = at + 1
    return (byte >>> 1) ^ -(byte & 1)
  }
  let value = byte & 0x7f
  let shift = 7
  for (let next = at + 1; shift < 35; next += 1) {
    byte = bytes[next]!
    value |= (byte & 0x7f) << shift
    if (!(byte >= 0x80)) {
      varintEnd = next + 1
      return (value >>> 1) ^ -(value & 1)
    }
    shift += 7
  }
  varintEnd = Number.POSITIVE_INFINITY
  return 0
}

/** Reads varints elsewhere (`FetchedRecord`, which reads headers that this walker has checked). */
export const readVarintAt = readVarint
export const lastVarintEnd = (): number => varintEnd

/** A zigzag varlong of up to 7 bytes; NaN for a longer one, which `readVarlongExact` reads. */
const readVarlong = (bytes: Buffer, at: number): number => {
  let byte = bytes[at]!
  if (byte < 0x80) {
    varintEnd = at + 1
    return (byte >>> 1) ^ -(byte & 1)
  }
  let value = byte & 0x7f
  let scale = 128
  for (let next = at + 1; next < at + 7; next += 1) {
    byte = bytes[next]!
    value += (byte & 0x7f) * scale
    if (!(byte >= 0x80)) {
      varintEnd = next + 1
      return value % 2 === 0 ? value / 2 : -(value + 1) / 2
    }
    scale *= 128
  }
  return Number.NaN
}

/** The exact value of a zigzag varlong of up to 10 bytes, wrapped to an int64 as in Java. */
const readVarlongExact = (bytes: Buffer, at: number): bigint => {
  let value = 0n
  for (let index = 0; index < 10; index += 1) {
    const byte = bytes[at + index] ?? 0
    value |= BigInt(byte & 0x7f) << BigInt(7 * index)
    if (byte < 0x80) {
      varintEnd = at + index + 1
      const unsigned = BigInt.asUintN(64, value)
      return BigInt.asIntN(64, (unsigned >> 1n) ^ -(unsigned & 1n))
    }
  }
  varintEnd = Number.POSITIVE_INFINITY
  return 0n
}

/**
 * Steps through the records of one batch (decompressed already) and checks their structure as it
 * goes, DefaultRecord's way: each record fills its length exactly, offsets increase strictly within
 * the batch's range, and the counted records fill the batch. The fields hold the current record
 * until the next `advance`; nothing is allocated for it.
 */
export class RecordWalker {
  readonly bytes: Buffer
  offset: number
  timestampMs: number
  timestampRaw: bigint | undefined
  keyAt: number
  /** -1: null. */
  keyLength: number
  valueAt: number
  /** -1: null. */
  valueLength: number
  /** Position of the header count. */
  headersAt: number
  /** Records not yet stepped to. */
  remaining: number

  readonly #header: BatchHeader
  readonly #where: TopicPartition
  readonly #end: number
  #at: number

  /** `at` and `end` bound the records in `bytes`. */
  constructor(bytes: Buffer, at: number, end: number, header: BatchHeader, where: TopicPartition) {
    this.bytes = bytes
    this.offset = header.baseOffset - 1
    this.timestampMs = 0
    this.timestampRaw = undefined
    this.keyAt = 0
    this.keyLength = -1
    this.valueAt = 0
    this.valueLength = -1
    this.headersAt = 0
    this.remaining = header.recordCount
    this.#header = header
    this.#where = where
    this.#at = at
    this.#end = end
    if (header.recordCount < 0 || header.recordCount * MIN_RECORD_BYTES > end - at) {
      throw corruptBatch(
        where,
        `it counts ${header.recordCount} records in ${end - at} bytes from ${header.baseOffset}`,
      )
    }
    if (header.recordCount === 0 && at !== end) throw this.#corrupt('bytes follow the last record')
  }

  /**
   * Steps to the next record at or above `fromOffset`; false after the last. A corrupt record
   * throws CORRUPT_BATCH, each time again.
   */
  advance(fromOffset: number): boolean {
    const bytes = this.bytes
    while (this.remaining > 0) {
      const length = readVarint(bytes, this.#at)
      const start = varintEnd
      const end = start + length
      if (length < MIN_RECORD_BYTES - 1 || !(end <= this.#end)) {
        throw this.#corrupt(`a record claims ${length} bytes of the ${this.#end - start} left`)
      }
      // The byte of attributes in between is unused.
      const delta = readVarlong(bytes, start + 1)
      if (Number.isNaN(delta)) readVarlongExact(bytes, start + 1)
      const offset = this.#header.baseOffset + readVarint(bytes, varintEnd)
      if (!(varintEnd <= end) || offset <= this.offset || offset > this.#header.lastOffset) {
        throw this.#corrupt(`offset ${offset} is out of order`)
      }
      if (offset >= fromOffset) {
        this.#readBody(varintEnd, end)
        this.#setTimestamp(delta, start + 1)
      }
      if (this.remaining === 1 && end !== this.#end) {
        throw this.#corrupt('bytes follow the last record')
      }
      this.offset = offset
      this.remaining -= 1
      this.#at = end
      if (offset >= fromOffset) return true
    }
    return false
  }

  #readBody(at: number, end: number): void {
    const bytes = this.bytes
    const keyLength = readVarint(bytes, at)
    const keyAt = varintEnd
    const keyEnd = keyLength > 0 ? keyAt + keyLength : keyAt
    const valueLength = keyEnd < end ? readVarint(bytes, keyEnd) : 0
    const valueAt = keyEnd < end ? varintEnd : end
    const valueEnd = valueLength > 0 ? valueAt + valueLength : valueAt
    if (!(valueEnd < end) || keyLength < -1 || valueLength < -1) {
      throw this.#corrupt(`key of ${keyLength} and value of ${valueLength} bytes leave the record`)
    }
    // Most records have no headers: one zero byte, the last of the record.
    if (bytes[valueEnd] !== 0 || valueEnd + 1 !== end) this.#checkHeaders(valueEnd, end)
    this.keyAt = keyAt
    this.keyLength = keyLength
    this.valueAt = valueAt
    this.valueLength = valueLength
    this.headersAt = valueEnd
  }

  #checkHeaders(headersAt: number, end: number): void {
    const bytes = this.bytes
    const count = readVarint(bytes, headersAt)
    let at = varintEnd
    // Each header has two lengths of a byte at least.
    if (count < 0 || !(at <= end) || count * 2 > end - at) {
      throw this.#corrupt(`a record claims ${count} headers in ${end - at} bytes`)
    }
    for (let index = 0; index < count; index += 1) {
      const keyLength = readVarint(bytes, at)
      const keyEnd = varintEnd + keyLength
      if (keyLength < 0 || !(keyEnd < end)) {
        throw this.#corrupt(`a header key of ${keyLength} bytes leaves its record`)
      }
      const valueLength = readVarint(bytes, keyEnd)
      at = valueLength > 0 ? varintEnd + valueLength : varintEnd
      if (valueLength < -1 || !(at <= end)) {
        throw this.#corrupt(`a header value of ${valueLength} bytes leaves its record`)
      }
    }
    if (at !== end) throw this.#corrupt(`a record is ${end - at} bytes longer than its fields`)
  }

  /** `delta` is NaN when it is too long for a number; it stands at `deltaAt`. */
  #setTimestamp(delta: number, deltaAt: number): void {
    const header = this.#header
    if (header.timestampType === 'logAppend') {
      this.timestampMs = header.maxTimestamp
      this.timestampRaw = header.maxTimestampRaw
      return
    }
    const timestampMs = header.baseTimestamp + delta
    if (
      header.baseTimestampRaw === undefined &&
      timestampMs <= MAX_SAFE &&
      timestampMs >= -MAX_SAFE
    ) {
      this.timestampMs = timestampMs
      this.timestampRaw = undefined
      return
    }
    const exactDelta = Number.isNaN(delta) ? readVarlongExact(this.bytes, deltaAt) : BigInt(delta)
    const base = header.baseTimestampRaw ?? BigInt(header.baseTimestamp)
    const raw = BigInt.asIntN(64, base + exactDelta)
    this.timestampMs = clampInt64(raw)
    this.timestampRaw = BigInt(this.timestampMs) === raw ? undefined : raw
  }

  #corrupt(what: string): Error {
    return corruptBatch(this.#where, `${what} after offset ${this.offset}`)
  }
}
