import type { Database } from 'lmdb'
import {
  baseOffsetOf,
  batchOf,
  lastOffsetOf,
  latestTimestampOf,
  logBegin,
  logEnd,
  logKey,
} from './log-encoding.js'
import { emptyTail, type LogTail } from './mutation-checks.js'
import type { LogKey, StoredBatch } from './store.js'

interface Entry extends StoredBatch, LogTail {}

export interface LogReader {
  readonly from: (log: LogKey, offset: number, maxBytes: number) => readonly StoredBatch[]
  readonly since: (log: LogKey, timestampMs: number) => StoredBatch | undefined
  readonly first: (log: LogKey) => StoredBatch | undefined
  readonly last: (log: LogKey) => StoredBatch | undefined
  readonly tail: (log: LogKey) => LogTail
}

/** Reads committed batches. With `encoding: 'binary'` lmdb copies values out of its map. */
export function logReader(database: Database<Buffer, Uint8Array>): LogReader {
  const range = (log: LogKey, fromOffset: number) =>
    database.getRange({ start: logKey(log, Math.max(0, fromOffset)), end: logEnd(log) })

  const firstFrom = (log: LogKey, offset: number): Entry | undefined => {
    for (const { key, value } of range(log, offset)) return entryOf(key, value)
    return undefined
  }
  const last = (log: LogKey): Entry | undefined => {
    const backwards = { start: logEnd(log), end: logBegin(log), reverse: true, limit: 1 }
    for (const { key, value } of database.getRange(backwards)) return entryOf(key, value)
    return undefined
  }

  return {
    from: (log, offset, maxBytes) => {
      const found: StoredBatch[] = []
      let total = 0
      for (const { key, value } of range(log, offset)) {
        const batch = batchIn(entryOf(key, value))
        total += batch.bytes.length
        if (found.length > 0 && total > maxBytes) break
        found.push(batch)
        if (total >= maxBytes) break
      }
      return found
    },
    since: (log, timestampMs) => {
      // Bisects over offsets; `low..high` holds the last offset of any earlier match.
      let found: Entry | undefined
      let low = 0
      let high = last(log)?.lastOffset ?? -1
      while (low <= high) {
        const middle = low + Math.floor((high - low) / 2)
        const entry = firstFrom(log, middle)!
        if (entry.latestTimestamp >= timestampMs) {
          found = entry
          high = middle - 1
        } else {
          low = entry.lastOffset + 1
        }
      }
      return found && batchIn(found)
    },
    first: (log) => {
      const entry = firstFrom(log, 0)
      return entry && batchIn(entry)
    },
    last: (log) => {
      const entry = last(log)
      return entry && batchIn(entry)
    },
    tail: (log) => last(log) ?? emptyTail,
  }
}

function entryOf(key: Uint8Array, value: Buffer): Entry {
  return {
    baseOffset: baseOffsetOf(value),
    lastOffset: lastOffsetOf(key as Buffer),
    latestTimestamp: latestTimestampOf(value),
    bytes: batchOf(value),
  }
}

const batchIn = ({ baseOffset, lastOffset, bytes }: Entry): StoredBatch => ({
  baseOffset,
  lastOffset,
  bytes,
})
