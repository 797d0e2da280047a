import { readBatchHeader } from '../transport/protocol/records/batch-header.js'
import { BatchCursor } from '../transport/protocol/records/batch-reader.js'
import type { PartitionLog } from './partition-log.js'
import type { Store, StoredBatch } from './store/store.js'

export interface FoundOffset {
  readonly offset: number
  readonly timestampMs: number
}

const SCAN_BYTES = 1024 * 1024

/**
 * The first record whose timestamp is at least `timestampMs`, exact to the record: the store
 * finds the batch, whose records are then decoded. Undefined when no committed record is as late.
 *
 * A producer may claim a later time in a batch's header than any of its records has; then the
 * batches after it are looked through.
 */
export const firstRecordSince = (
  store: Store,
  log: PartitionLog,
  timestampMs: number,
): FoundOffset | undefined => {
  const first = store.firstBatchSince(log, timestampMs)
  if (first === undefined || first.lastOffset >= log.highWatermark) return undefined
  let found = recordSince(log, first, timestampMs)
  let next = first.lastOffset + 1
  while (found === undefined && next < log.highWatermark) {
    const batches = log.read(next, SCAN_BYTES)
    if (batches.length === 0) return undefined
    for (const batch of batches) {
      found ??= recordSince(log, batch, timestampMs)
      next = batch.lastOffset + 1
    }
  }
  return found
}

/** The first record with the largest timestamp of the log; undefined when the log is empty. */
export const latestTimestamp = (store: Store, log: PartitionLog): FoundOffset | undefined => {
  if (log.highWatermark === log.logStartOffset) return undefined
  if (log.maxTimestamp === undefined) log.knowMaxTimestamp(searchMaxTimestamp(store, log))
  const maxTimestamp = log.maxTimestamp!
  const batch = store.firstBatchSince(log, maxTimestamp)
  if (batch === undefined) return undefined
  return recordSince(log, batch, maxTimestamp) ?? latestRecordOf(log, batch)
}

/**
 * Climbs from the last batch's time to ever later ones. Timestamps that mostly grow need one or
 * two steps; it is done once per start, appends keep the result current.
 */
const searchMaxTimestamp = (store: Store, log: PartitionLog): number => {
  let batch = store.lastBatch(log)
  let latest = Number.MIN_SAFE_INTEGER
  while (batch !== undefined) {
    latest = readBatchHeader(batch.bytes, 0, log).maxTimestamp
    batch = latest === Number.MAX_SAFE_INTEGER ? undefined : store.firstBatchSince(log, latest + 1)
  }
  return latest
}

const recordSince = (
  log: PartitionLog,
  { bytes }: StoredBatch,
  timestampMs: number,
): FoundOffset | undefined => {
  const header = readBatchHeader(bytes, 0, log)
  if (header.maxTimestamp < timestampMs) return undefined
  const cursor = new BatchCursor(bytes, header, log)
  for (let record = cursor.next(); record !== undefined; record = cursor.next()) {
    if (record.timestampMs >= timestampMs) {
      return { offset: record.offset, timestampMs: record.timestampMs }
    }
  }
  return undefined
}

const latestRecordOf = (log: PartitionLog, { bytes }: StoredBatch): FoundOffset | undefined => {
  const cursor = new BatchCursor(bytes, readBatchHeader(bytes, 0, log), log)
  let latest: FoundOffset | undefined
  for (let record = cursor.next(); record !== undefined; record = cursor.next()) {
    if (latest === undefined || record.timestampMs > latest.timestampMs) {
      latest = { offset: record.offset, timestampMs: record.timestampMs }
    }
  }
  return latest
}
