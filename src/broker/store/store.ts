import type * as Effect from 'effect/Effect'
import type { StreamBusError } from '../../domain/errors.js'

/** Small durable values, one table a kind; keys are strings, values JSON. */
export type Table = 'broker' | 'topics' | 'groups' | 'offsets' | 'producers'

export interface StoredBatch {
  readonly baseOffset: number
  readonly lastOffset: number
  /** The batch as it is on the wire. A copy: the caller may keep or change it. */
  readonly bytes: Buffer
}

export interface LogKey {
  /** Kafka's base64url form of the topic's uuid. */
  readonly topicId: string
  readonly partition: number
}

export type Mutation =
  | { readonly type: 'put'; readonly table: Table; readonly key: string; readonly value: unknown }
  | { readonly type: 'delete'; readonly table: Table; readonly key: string }
  | ({
      readonly type: 'append'
      readonly baseOffset: number
      readonly lastOffset: number
      readonly maxTimestamp: number
      readonly bytes: Buffer
    } & LogKey)
  | { readonly type: 'deleteLog'; readonly topicId: string }

/**
 * What the embedded broker keeps. One `write` is one atomic step: after a crash all of its
 * mutations are there or none. Writes become visible and durable in the order they were issued.
 *
 * Durability of a resolved write: memory, none; LMDB, committed (survives kill -9) or, when the
 * store was opened with `fsync`, flushed (survives power loss). A failed write poisons the store:
 * every later write fails with the same STORE_FAILED (a failed fsync must never be retried).
 *
 * A deleted log stays deleted: later appends to its topic id (a produce that raced) are ignored.
 * A table key above 1900 bytes of UTF-8 is refused with INVALID_ARGUMENT before anything happens;
 * that does not poison. Offsets that go backwards are a defect of the caller.
 */
export interface Store {
  readonly write: (mutations: readonly Mutation[]) => Effect.Effect<void, StreamBusError>
  readonly get: (table: Table, key: string) => unknown
  /** All entries of a table whose key starts with the prefix, in key order. */
  readonly list: (
    table: Table,
    prefix?: string,
  ) => readonly (readonly [key: string, value: unknown])[]
  /**
   * Whole batches from the one that holds `fromOffset` on, in order, until `maxBytes` is reached.
   * The first batch is returned even when it alone is larger. Only committed writes are seen.
   */
  readonly readBatches: (
    log: LogKey,
    fromOffset: number,
    maxBytes: number,
  ) => readonly StoredBatch[]
  /** The first batch whose largest timestamp is at least `timestampMs`. */
  readonly firstBatchSince: (log: LogKey, timestampMs: number) => StoredBatch | undefined
  readonly lastBatch: (log: LogKey) => StoredBatch | undefined
  readonly firstBatch: (log: LogKey) => StoredBatch | undefined
  /** Flushes, closes files and gives the directory's lock back. Idempotent. */
  readonly close: Effect.Effect<void>
}
