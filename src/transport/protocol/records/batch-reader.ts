import { StreamBusError } from '../../../domain/errors.js'
import type { ConsumerRecord } from '../../../domain/record.js'
import type { TopicPartition } from '../../../domain/topic-partition.js'
import { corruptBatch, placeOf } from './batch-errors.js'
import {
  BATCH_HEADER_BYTES,
  type BatchHeader,
  checkMagic,
  computeCrc,
  FIELD,
  LOG_OVERHEAD_BYTES,
  MAGIC_END_BYTES,
  readBatchHeader,
} from './batch-header.js'
import { decompress } from './compression.js'
import { FetchedRecord } from './fetched-record.js'
import { RecordWalker } from './record-walker.js'

export interface SplitOptions {
  /**
   * A fetch response may end in the middle of a batch (a broker cuts at its byte limit): true
   * leaves that batch out. False (the default, for a produce request) makes it CORRUPT_BATCH.
   */
  readonly allowPartialLast?: boolean
}

/**
 * The headers of the batches in a records field, each with its `position`. Records are not looked
 * at. An empty result for non-empty bytes means that not even the first batch is whole.
 *
 * Errors: those of `readBatchHeader`.
 */
export const splitBatches = (
  records: Buffer,
  where: TopicPartition,
  options: SplitOptions = {},
): BatchHeader[] => {
  const headers: BatchHeader[] = []
  let at = 0
  while (at < records.length) {
    const left = records.length - at
    const size = left < MAGIC_END_BYTES ? undefined : declaredSize(records, at, where)
    if (size === undefined || size > left) {
      if (options.allowPartialLast === true) break
      const wanted = size ?? BATCH_HEADER_BYTES
      throw corruptBatch(where, `it is cut off: ${left} of ${wanted} bytes are there`, {
        kafkaError: 'CORRUPT_MESSAGE',
      })
    }
    headers.push(readBatchHeader(records, at, where))
    at += size
  }
  return headers
}

const declaredSize = (records: Buffer, at: number, where: TopicPartition): number => {
  checkMagic(records, at, where)
  const size = LOG_OVERHEAD_BYTES + records.readInt32BE(at + FIELD.batchLength)
  if (size >= BATCH_HEADER_BYTES) return size
  throw corruptBatch(where, `its size is ${size} bytes, its header alone has 61`)
}

/**
 * Checks a whole batch without its records: that all of it is there, its counts, and its CRC. An
 * offset range wider than the count is fine, compaction makes such.
 *
 * Errors: CORRUPT_BATCH.
 */
export const verifyBatch = (bytes: Buffer, header: BatchHeader, where: TopicPartition): void => {
  checkCounts(bytes, header, where)
  const computed = computeCrc(bytes, header.position, header.sizeInBytes)
  if (computed === header.crc) return
  throw corruptBatch(
    where,
    `at offset ${header.baseOffset} the CRC is ${hex(header.crc)}, its bytes give ${hex(computed)}`,
    { kafkaError: 'CORRUPT_MESSAGE', retriable: true },
  )
}

const hex = (crc: number): string => crc.toString(16).padStart(8, '0')

const checkCounts = (bytes: Buffer, header: BatchHeader, where: TopicPartition): void => {
  const { position, sizeInBytes, baseOffset, recordCount, lastOffsetDelta } = header
  if (position + sizeInBytes > bytes.length) {
    throw corruptBatch(
      where,
      `it is cut off: ${bytes.length - position} of ${sizeInBytes} bytes are there`,
    )
  }
  if (baseOffset < 0) throw corruptBatch(where, `its base offset is ${baseOffset}`)
  if (recordCount < 0 || lastOffsetDelta < 0 || recordCount - 1 > lastOffsetDelta) {
    throw corruptBatch(
      where,
      `it counts ${recordCount} records over ${lastOffsetDelta + 1} offsets from ${baseOffset}`,
    )
  }
}

export interface ProducedBatchLimits {
  /** `max.message.bytes`: the largest batch, as it was sent. */
  readonly maxBytes: number
  /** What its records may decompress to. Default 128 MiB. */
  readonly maxDecompressedBytes?: number
}

/**
 * Everything a broker checks before it appends what a client produced (Kafka's LogValidator):
 * size, CRC, base offset 0, offsets without gaps, no control records, a sequence with a producer
 * id, and the structure of each record. The error's `kafkaError` is what to answer with.
 *
 * Errors: RECORD_TOO_LARGE, CORRUPT_BATCH, UNSUPPORTED_COMPRESSION.
 */
export const validateProducedBatch = (
  bytes: Buffer,
  header: BatchHeader,
  where: TopicPartition,
  limits: ProducedBatchLimits,
): void => {
  if (header.sizeInBytes > limits.maxBytes) {
    throw new StreamBusError(
      'RECORD_TOO_LARGE',
      `a record batch of ${header.sizeInBytes} bytes for ${placeOf(where)} exceeds the ` +
        `${limits.maxBytes} allowed; send smaller records or batches, or raise max.message.bytes`,
      { kafkaError: 'MESSAGE_TOO_LARGE', topic: where.topic, partition: where.partition },
    )
  }
  verifyBatch(bytes, header, where)
  if (header.baseOffset !== 0) {
    throw corruptBatch(where, `a producer sent base offset ${header.baseOffset}, not 0`)
  }
  if (header.recordCount === 0 || header.recordCount - 1 !== header.lastOffsetDelta) {
    throw corruptBatch(
      where,
      `a producer sent ${header.recordCount} records over ${header.lastOffsetDelta + 1} offsets`,
    )
  }
  if (header.isControl) throw corruptBatch(where, 'a client may not write control records')
  if (header.producerId >= 0n && header.baseSequence < 0) {
    throw corruptBatch(
      where,
      `producer id ${header.producerId} came with sequence ${header.baseSequence}`,
    )
  }
  const walker = openRecords(bytes, header, where, limits.maxDecompressedBytes)
  // As many strictly increasing offsets as the range has: they are 0 to n - 1.
  while (walker.advance(0));
}

const openRecords = (
  bytes: Buffer,
  header: BatchHeader,
  where: TopicPartition,
  maxBytes: number | undefined,
): RecordWalker => {
  const start = header.position + BATCH_HEADER_BYTES
  const end = header.position + header.sizeInBytes
  // A batch that compaction has emptied keeps its header, and not even a compressed nothing.
  if (header.compression === 'none' || header.recordCount === 0) {
    return new RecordWalker(bytes, start, end, header, where)
  }
  const options = maxBytes === undefined ? { where } : { where, maxBytes }
  const records = decompress(header.compression, bytes.subarray(start, end), options)
  return new RecordWalker(records, 0, records.length, header, where)
}

export interface BatchCursorOptions {
  /** Records below are skipped: a fetch returns the whole batch of its offset. Default 0. */
  readonly fromOffset?: number
  /** Default true, as Kafka's `check.crcs`. */
  readonly checkCrc?: boolean
  /** Default 128 MiB. */
  readonly maxDecompressedBytes?: number
}

/**
 * Reads the records of one batch, one by one and only as asked. Checks and decompresses at the
 * first record. Control and aborted batches are the caller's to leave out (`header.isControl`).
 *
 * Errors (from `next` and `take`): CORRUPT_BATCH, again at each further call;
 * UNSUPPORTED_COMPRESSION.
 */
export class BatchCursor {
  readonly baseOffset: number
  /** The position after this batch is one more, whether or not its last records still exist. */
  readonly lastOffset: number
  readonly #bytes: Buffer
  readonly #header: BatchHeader
  readonly #where: TopicPartition
  readonly #options: BatchCursorOptions
  readonly #fromOffset: number
  #walker: RecordWalker | undefined

  constructor(
    bytes: Buffer,
    header: BatchHeader,
    where: TopicPartition,
    options: BatchCursorOptions = {},
  ) {
    this.baseOffset = header.baseOffset
    this.lastOffset = header.lastOffset
    this.#bytes = bytes
    this.#header = header
    this.#where = where
    this.#options = options
    this.#fromOffset = options.fromOffset ?? 0
  }

  /** The next record, undefined after the last. */
  next(): ConsumerRecord | undefined {
    const walker = this.#walker ?? this.#open()
    if (!walker.advance(this.#fromOffset)) return undefined
    return new FetchedRecord(this.#where.topic, this.#where.partition, walker)
  }

  /**
   * Appends up to `max` records to `into` and returns how many. When a record is corrupt, those
   * before it have been appended.
   */
  take(max: number, into: ConsumerRecord[]): number {
    const walker = this.#walker ?? this.#open()
    const { topic, partition } = this.#where
    let taken = 0
    while (taken < max && walker.advance(this.#fromOffset)) {
      into.push(new FetchedRecord(topic, partition, walker))
      taken += 1
    }
    return taken
  }

  #open(): RecordWalker {
    if (this.#options.checkCrc === false) checkCounts(this.#bytes, this.#header, this.#where)
    else verifyBatch(this.#bytes, this.#header, this.#where)
    const limit = this.#options.maxDecompressedBytes
    this.#walker = openRecords(this.#bytes, this.#header, this.#where, limit)
    return this.#walker
  }
}

/**
 * What a control batch marks (Kafka's ControlRecordType): its record's key is a version and a type,
 * both int16. Kinds for KRaft's own log, and anything unreadable, are `unknown`: to be passed over.
 */
export const readControlType = (
  bytes: Buffer,
  header: BatchHeader,
): 'abort' | 'commit' | 'unknown' => {
  const where = { topic: '', partition: 0 }
  try {
    checkCounts(bytes, header, where)
    const walker = openRecords(bytes, header, where, undefined)
    if (!walker.advance(0) || walker.keyLength < 4) return 'unknown'
    if (walker.bytes.readInt16BE(walker.keyAt) < 0) return 'unknown'
    const type = walker.bytes.readInt16BE(walker.keyAt + 2)
    return type === 0 ? 'abort' : type === 1 ? 'commit' : 'unknown'
  } catch {
    return 'unknown'
  }
}
