import { StreamBusError } from '../../../domain/errors.js'
import type { CompressionName } from '../../../domain/record.js'
import {
  ATTRIBUTE,
  BATCH_HEADER_BYTES,
  COMPRESSION_NAMES,
  computeCrc,
  FIELD,
  LOG_OVERHEAD_BYTES,
  writeInt64,
} from './batch-header.js'
import { compress } from './compression.js'
import { sizeOfDifference, sizeOfVarint, writeDifference, writeVarint } from './varint-writing.js'

/** A record ready to be written. */
export interface EncodableRecord {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly (readonly [Buffer | string, Buffer | null])[]
  /** Whole milliseconds since the epoch. */
  readonly timestampMs: number
}

export interface EncodeBatchOptions {
  /** Default `none`. */
  readonly compression?: CompressionName
  /** For gzip and zstd, as in `compress`. */
  readonly level?: number
  /** Default -1n: not idempotent. */
  readonly producerId?: bigint
  /** Default -1. */
  readonly producerEpoch?: number
  /** Default -1. */
  readonly baseSequence?: number
  /** Default 0, which producers send: the broker numbers. */
  readonly baseOffset?: number
  /** Default -1: unknown to a producer. */
  readonly partitionLeaderEpoch?: number
  /** Default false. */
  readonly isTransactional?: boolean
  /** Default false. Only brokers write control batches. */
  readonly isControl?: boolean
}

/** Length 5, attributes 1, timestamp delta 10, offset delta 5 (DefaultRecord), header count 5. */
const MAX_RECORD_OVERHEAD_BYTES = 26
/** The batch length is an int32; room is left for what an incompressible batch grows by. */
const MAX_RECORDS_BYTES = 0x7000_0000
/** Up to here a loop is faster than the call into the runtime that copies. */
const COPY_BY_LOOP_BYTES = 32

const lengthOfUtf8 = (text: Buffer | string): number =>
  typeof text === 'string' ? Buffer.byteLength(text, 'utf8') : text.length

/** An upper bound of what the record takes in a batch, uncompressed; without the batch header. */
export const estimateRecordBytes = (record: EncodableRecord): number => {
  let size = MAX_RECORD_OVERHEAD_BYTES + 10
  if (record.key !== null) size += record.key.length
  if (record.value !== null) size += record.value.length
  for (const [key, value] of record.headers) {
    size += 10 + lengthOfUtf8(key) + (value === null ? 0 : value.length)
  }
  return size
}

/**
 * Encodes a record batch of magic 2 with offsets 0 to n - 1 above `baseOffset`; the first record's
 * time is the base time. Returns exactly the batch.
 *
 * Errors: INVALID_ARGUMENT for no records, a time that is no safe integer, or a wrong level;
 * RECORD_TOO_LARGE for records beyond 1.75 GiB; UNSUPPORTED_COMPRESSION.
 */
export const encodeBatch = (
  records: readonly EncodableRecord[],
  options: EncodeBatchOptions = {},
): Buffer => {
  const compression = options.compression ?? 'none'
  const first = records[0]
  if (first === undefined) {
    throw new StreamBusError('INVALID_ARGUMENT', 'a record batch holds at least one record')
  }
  const bodySizes = new Int32Array(records.length)
  const size = measureRecords(records, bodySizes)
  let batch: Buffer
  if (compression === 'none') {
    batch = Buffer.allocUnsafe(BATCH_HEADER_BYTES + size)
    writeRecords(batch, BATCH_HEADER_BYTES, records, bodySizes)
  } else {
    const plain = Buffer.allocUnsafe(size)
    writeRecords(plain, 0, records, bodySizes)
    const packed = compress(compression, plain, options.level)
    batch = Buffer.allocUnsafe(BATCH_HEADER_BYTES + packed.length)
    packed.copy(batch, BATCH_HEADER_BYTES)
  }
  let maxTimestamp = first.timestampMs
  for (const record of records) maxTimestamp = Math.max(maxTimestamp, record.timestampMs)
  writeHeader(batch, records.length, first.timestampMs, maxTimestamp, options)
  return batch
}

/** Fills `bodySizes` with each record's size after its length, and returns the size of all. */
const measureRecords = (records: readonly EncodableRecord[], bodySizes: Int32Array): number => {
  const baseTimestamp = records[0]!.timestampMs
  let total = 0
  for (let index = 0; index < records.length; index += 1) {
    const record = records[index]!
    if (!Number.isSafeInteger(record.timestampMs)) throw wrongTimestamp(index, record.timestampMs)
    const size =
      1 +
      sizeOfDifference(record.timestampMs, baseTimestamp) +
      sizeOfVarint(index) +
      sizeOfBytes(record.key) +
      sizeOfBytes(record.value) +
      sizeOfHeaders(record.headers)
    bodySizes[index] = size
    total += size + sizeOfVarint(size)
    if (total > MAX_RECORDS_BYTES) {
      throw new StreamBusError(
        'RECORD_TOO_LARGE',
        `the records of a batch take ${total} bytes and more, beyond the format's reach; ` +
          'send them in smaller batches',
      )
    }
  }
  return total
}

const wrongTimestamp = (index: number, timestampMs: number): StreamBusError =>
  new StreamBusError(
    'INVALID_ARGUMENT',
    `record ${index} of a batch has the timestamp ${timestampMs}; give whole milliseconds ` +
      'since the epoch, within 2^53 - 1',
    { field: 'timestampMs' },
  )

const sizeOfBytes = (bytes: Buffer | null): number =>
  bytes === null ? 1 : sizeOfVarint(bytes.length) + bytes.length

const sizeOfHeaders = (headers: EncodableRecord['headers']): number => {
  let size = sizeOfVarint(headers.length)
  for (const [key, value] of headers) {
    const keyLength = lengthOfUtf8(key)
    size += sizeOfVarint(keyLength) + keyLength + sizeOfBytes(value)
  }
  return size
}

const writeRecords = (
  bytes: Buffer,
  start: number,
  records: readonly EncodableRecord[],
  bodySizes: Int32Array,
): void => {
  const baseTimestamp = records[0]!.timestampMs
  let at = start
  for (let index = 0; index < records.length; index += 1) {
    const record = records[index]!
    at = writeVarint(bytes, at, bodySizes[index]!)
    bytes[at] = 0
    at = writeDifference(bytes, at + 1, record.timestampMs, baseTimestamp)
    at = writeVarint(bytes, at, index)
    at = writeBytes(bytes, at, record.key)
    at = writeBytes(bytes, at, record.value)
    const headers = record.headers
    at = writeVarint(bytes, at, headers.length)
    for (let header = 0; header < headers.length; header += 1) {
      const [key, value] = headers[header]!
      if (typeof key === 'string') {
        at = writeVarint(bytes, at, lengthOfUtf8(key))
        at += bytes.write(key, at, 'utf8')
      } else {
        at = writeBytes(bytes, at, key)
      }
      at = writeBytes(bytes, at, value)
    }
  }
}

const writeBytes = (bytes: Buffer, at: number, part: Buffer | null): number => {
  if (part === null) return writeVarint(bytes, at, -1)
  const length = part.length
  const from = writeVarint(bytes, at, length)
  if (length > COPY_BY_LOOP_BYTES) {
    bytes.set(part, from)
  } else {
    for (let index = 0; index < length; index += 1) bytes[from + index] = part[index]!
  }
  return from + length
}

const writeHeader = (
  batch: Buffer,
  recordCount: number,
  baseTimestamp: number,
  maxTimestamp: number,
  options: EncodeBatchOptions,
): void => {
  const attributes =
    COMPRESSION_NAMES.indexOf(options.compression ?? 'none') |
    (options.isTransactional === true ? ATTRIBUTE.transactional : 0) |
    (options.isControl === true ? ATTRIBUTE.control : 0)
  writeInt64(batch, FIELD.baseOffset, options.baseOffset ?? 0)
  batch.writeInt32BE(batch.length - LOG_OVERHEAD_BYTES, FIELD.batchLength)
  batch.writeInt32BE(options.partitionLeaderEpoch ?? -1, FIELD.partitionLeaderEpoch)
  batch.writeInt8(2, FIELD.magic)
  batch.writeInt16BE(attributes, FIELD.attributes)
  batch.writeInt32BE(recordCount - 1, FIELD.lastOffsetDelta)
  writeInt64(batch, FIELD.baseTimestamp, baseTimestamp)
  writeInt64(batch, FIELD.maxTimestamp, maxTimestamp)
  batch.writeBigInt64BE(options.producerId ?? -1n, FIELD.producerId)
  batch.writeInt16BE(options.producerEpoch ?? -1, FIELD.producerEpoch)
  batch.writeInt32BE(options.baseSequence ?? -1, FIELD.baseSequence)
  batch.writeInt32BE(recordCount, FIELD.recordCount)
  batch.writeUInt32BE(computeCrc(batch, 0, batch.length), FIELD.crc)
}
