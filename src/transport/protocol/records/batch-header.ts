import { crc32c } from '@node-rs/crc32'
import { StreamBusError } from '../../../domain/errors.js'
import type { CompressionName } from '../../../domain/record.js'
import type { TopicPartition } from '../../../domain/topic-partition.js'
import { corruptBatch, placeOf } from './batch-errors.js'

/** Bytes before `partitionLeaderEpoch`: base offset and batch length, not counted by the length. */
export const LOG_OVERHEAD_BYTES = 12
/** Bytes up to and including the magic byte, at the same place in every message format. */
export const MAGIC_END_BYTES = 17
/** Size of the header of a batch of magic 2; the records follow it. */
export const BATCH_HEADER_BYTES = 61
/** Where the CRC begins to cover the batch: from the attributes to the end. */
export const CRC_START = 21

/** Positions of the fields (Kafka's DefaultRecordBatch). */
export const FIELD = {
  baseOffset: 0,
  batchLength: 8,
  partitionLeaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: CRC_START,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordCount: 57,
} as const

export const ATTRIBUTE = {
  compressionMask: 0x07,
  logAppendTime: 0x08,
  transactional: 0x10,
  control: 0x20,
  deleteHorizon: 0x40,
} as const

/** By the id that the attributes hold. */
export const COMPRESSION_NAMES: readonly CompressionName[] = [
  'none',
  'gzip',
  'snappy',
  'lz4',
  'zstd',
]

export type TimestampType = 'create' | 'logAppend'

/** The header of a record batch of magic 2, and where the batch lies in the bytes read. */
export interface BatchHeader {
  /** Position of the batch's first byte. */
  readonly position: number
  /** The whole batch with its header: 12 + the batch length field. */
  readonly sizeInBytes: number
  readonly baseOffset: number
  readonly partitionLeaderEpoch: number
  readonly magic: 2
  /** Unsigned. Covers the bytes from the attributes to the end (CRC-32C). */
  readonly crc: number
  readonly attributes: number
  readonly compression: CompressionName
  readonly timestampType: TimestampType
  readonly isTransactional: boolean
  readonly isControl: boolean
  readonly lastOffsetDelta: number
  /** Last offset the batch stands for; compaction may have removed its record. */
  readonly lastOffset: number
  /** Milliseconds; a value beyond 2^53 - 1 is clamped, and exact in `baseTimestampRaw`. */
  readonly baseTimestamp: number
  readonly baseTimestampRaw: bigint | undefined
  /** Milliseconds; under `logAppend` the time of each record. Clamped as `baseTimestamp`. */
  readonly maxTimestamp: number
  readonly maxTimestampRaw: bigint | undefined
  /** -1n without idempotence. */
  readonly producerId: bigint
  readonly producerEpoch: number
  /** -1 without idempotence. */
  readonly baseSequence: number
  readonly recordCount: number
}

const TWO_32 = 0x1_0000_0000
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER)

/** An int64 as the nearest safe integer. */
export const clampInt64 = (value: bigint): number =>
  value > MAX_SAFE
    ? Number.MAX_SAFE_INTEGER
    : value < -MAX_SAFE
      ? -Number.MAX_SAFE_INTEGER
      : Number(value)

/** The int64 at `at` as a number, or undefined when a number cannot hold it. */
const safeInt64 = (bytes: Buffer, at: number): number | undefined => {
  const value = bytes.readInt32BE(at) * TWO_32 + bytes.readUInt32BE(at + 4)
  return Number.isSafeInteger(value) ? value : undefined
}

const unsupportedMagic = (magic: number, where: TopicPartition): StreamBusError =>
  new StreamBusError(
    'UNSUPPORTED_MAGIC',
    `${placeOf(where)} holds records in the older message format ${magic}; only the record ` +
      'batches of Kafka 0.11 and later (magic 2) are read: let a newer producer write them again',
    {
      kafkaError: 'UNSUPPORTED_FOR_MESSAGE_FORMAT',
      topic: where.topic,
      partition: where.partition,
    },
  )

/** Magic 2, or an error. The caller has made sure that `at + MAGIC_END_BYTES` bytes are there. */
export const checkMagic = (bytes: Buffer, at: number, where: TopicPartition): void => {
  const magic = bytes.readInt8(at + FIELD.magic)
  if (magic === 2) return
  if (magic === 0 || magic === 1) throw unsupportedMagic(magic, where)
  throw corruptBatch(where, `unknown magic byte ${magic} at byte ${at + FIELD.magic}`)
}

/**
 * Reads the 61-byte header of the batch that begins at `at`. The rest of the batch need not be
 * there, and neither the CRC nor the records are looked at (`verifyBatch` does that).
 *
 * Errors: CORRUPT_BATCH, UNSUPPORTED_MAGIC, UNSUPPORTED_COMPRESSION, and NUMBER_OUT_OF_RANGE for
 * an offset beyond 2^53 - 1.
 */
export const readBatchHeader = (bytes: Buffer, at: number, where: TopicPartition): BatchHeader => {
  const available = bytes.length - at
  if (!(at >= 0) || available < MAGIC_END_BYTES) {
    throw corruptBatch(where, `the header is cut off after ${Math.max(available, 0)} bytes`)
  }
  checkMagic(bytes, at, where)
  const sizeInBytes = LOG_OVERHEAD_BYTES + bytes.readInt32BE(at + FIELD.batchLength)
  if (sizeInBytes < BATCH_HEADER_BYTES) {
    throw corruptBatch(where, `its size is ${sizeInBytes} bytes, its header alone has 61`)
  }
  if (available < BATCH_HEADER_BYTES) {
    throw corruptBatch(where, `the header is cut off after ${available} bytes`)
  }
  const attributes = bytes.readInt16BE(at + FIELD.attributes)
  const lastOffsetDelta = bytes.readInt32BE(at + FIELD.lastOffsetDelta)
  const baseOffset = readOffset(bytes, at, lastOffsetDelta, where)
  const baseTimestamp = safeInt64(bytes, at + FIELD.baseTimestamp)
  const maxTimestamp = safeInt64(bytes, at + FIELD.maxTimestamp)
  const baseRaw =
    baseTimestamp === undefined ? bytes.readBigInt64BE(at + FIELD.baseTimestamp) : undefined
  const maxRaw =
    maxTimestamp === undefined ? bytes.readBigInt64BE(at + FIELD.maxTimestamp) : undefined
  return {
    position: at,
    sizeInBytes,
    baseOffset,
    partitionLeaderEpoch: bytes.readInt32BE(at + FIELD.partitionLeaderEpoch),
    magic: 2,
    crc: bytes.readUInt32BE(at + FIELD.crc),
    attributes,
    compression: compressionOf(attributes, where),
    timestampType: (attributes & ATTRIBUTE.logAppendTime) === 0 ? 'create' : 'logAppend',
    isTransactional: (attributes & ATTRIBUTE.transactional) !== 0,
    isControl: (attributes & ATTRIBUTE.control) !== 0,
    lastOffsetDelta,
    lastOffset: baseOffset + lastOffsetDelta,
    baseTimestamp: baseTimestamp ?? clampInt64(baseRaw!),
    baseTimestampRaw: baseRaw,
    maxTimestamp: maxTimestamp ?? clampInt64(maxRaw!),
    maxTimestampRaw: maxRaw,
    producerId: bytes.readBigInt64BE(at + FIELD.producerId),
    producerEpoch: bytes.readInt16BE(at + FIELD.producerEpoch),
    baseSequence: bytes.readInt32BE(at + FIELD.baseSequence),
    recordCount: bytes.readInt32BE(at + FIELD.recordCount),
  }
}

const readOffset = (
  bytes: Buffer,
  at: number,
  lastOffsetDelta: number,
  where: TopicPartition,
): number => {
  const offset = safeInt64(bytes, at + FIELD.baseOffset)
  if (offset === undefined || !Number.isSafeInteger(offset + lastOffsetDelta)) {
    const raw = bytes.readBigInt64BE(at + FIELD.baseOffset)
    throw new StreamBusError(
      'NUMBER_OUT_OF_RANGE',
      `offset ${raw} of ${placeOf(where)} is beyond 2^53 - 1, the largest that StreamBus reads; ` +
        'check that the producer or the broker wrote it on purpose',
      { topic: where.topic, partition: where.partition, field: 'baseOffset' },
    )
  }
  return offset
}

const compressionOf = (attributes: number, where: TopicPartition): CompressionName => {
  const id = attributes & ATTRIBUTE.compressionMask
  const name = COMPRESSION_NAMES[id]
  if (name !== undefined) return name
  throw new StreamBusError(
    'UNSUPPORTED_COMPRESSION',
    `a record batch of ${placeOf(where)} uses the unknown compression codec ${id}; ` +
      'write it with none, gzip, snappy, lz4 or zstd',
    {
      kafkaError: 'UNSUPPORTED_COMPRESSION_TYPE',
      topic: where.topic,
      partition: where.partition,
    },
  )
}

/** Writes an int64 from a number that is a safe integer. */
export const writeInt64 = (bytes: Buffer, at: number, value: number): void => {
  bytes.writeInt32BE(Math.floor(value / TWO_32), at)
  // ToInt32 keeps the low 32 bits of any safe integer, negative ones in two's complement.
  bytes.writeInt32BE(value | 0, at + 4)
}

/** CRC-32C of the batch at `at`, computed from the bytes in place. */
export const computeCrc = (bytes: Buffer, at: number, sizeInBytes: number): number =>
  crc32c(bytes.subarray(at + CRC_START, at + sizeInBytes))

/** Gives the batch its place in the log. Outside the CRC: nothing else changes. */
export const setBaseOffset = (bytes: Buffer, at: number, offset: number): void =>
  writeInt64(bytes, at + FIELD.baseOffset, offset)

/** Outside the CRC: nothing else changes. */
export const setPartitionLeaderEpoch = (bytes: Buffer, at: number, epoch: number): void => {
  bytes.writeInt32BE(epoch, at + FIELD.partitionLeaderEpoch)
}

/**
 * Stamps the batch with the broker's time (`message.timestamp.type=LogAppendTime`): readers then
 * take `ms` as the time of every record. The CRC covers both fields and is computed anew.
 */
export const setLogAppendTime = (bytes: Buffer, at: number, ms: number): void => {
  const attributes = bytes.readInt16BE(at + FIELD.attributes)
  bytes.writeInt16BE(attributes | ATTRIBUTE.logAppendTime, at + FIELD.attributes)
  writeInt64(bytes, at + FIELD.maxTimestamp, ms)
  const sizeInBytes = LOG_OVERHEAD_BYTES + bytes.readInt32BE(at + FIELD.batchLength)
  bytes.writeUInt32BE(computeCrc(bytes, at, sizeInBytes), at + FIELD.crc)
}
