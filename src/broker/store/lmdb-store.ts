import { resolve } from 'node:path'
import * as Effect from 'effect/Effect'
import { isStreamBusError, StreamBusError } from '../../domain/errors.js'
import { commitQueue } from './commit-queue.js'
import { type DirectoryLock, lockDirectory } from './directory-lock.js'
import { commitOn, writeFailure } from './lmdb-commit.js'
import { attempt, type Environment, openEnvironment, prepareDirectory } from './lmdb-environment.js'
import { type LogReader, logReader } from './lmdb-log-reader.js'
import { type Operation, operationsBuilder, type Prepared } from './lmdb-operations.js'
import { afterPrefix, keyOfTable, tableKey, topicIdOf } from './log-encoding.js'
import { sweep } from './log-sweep.js'
import type { LogKey, Store } from './store.js'

export interface LmdbStoreOptions {
  /** Created if absent. An existing one must be empty or a StreamBus data directory. */
  readonly directory: string
  /**
   * Wait until the operating system says that a write is on the disk (survives power loss), not
   * only committed (survives kill -9). Default false. lmdb 3.5.6 resolves its commits after the
   * flush, so with that version writes are flushed either way.
   */
  readonly fsync?: boolean
  /** Address space to map at first, in bytes. Default: lmdb's; it grows by itself when needed. */
  readonly mapSizeBytes?: number
}

/** Where tests make a commit fail. */
export interface LmdbStoreSeams {
  readonly aroundCommit?: (commit: () => Promise<void>) => Promise<void>
}

/**
 * The durable store: LMDB (copy-on-write, so a crash at any moment leaves the last commit).
 *
 * - One writer: an exclusive lock on the directory (DATA_DIR_LOCKED), and each transaction depends
 *   on the broker epoch, which every open increments. Who opened the directory by force wins.
 * - Deleting a log is atomic to readers: the same transaction marks the topic id as dropped, which
 *   hides the log, now and after a restart. The batches are then removed in the background, a few
 *   per transaction; a crash meanwhile only delays that to the next start. Appends that race with
 *   the deletion are ignored: topic ids are never used twice.
 *
 * Fails with DATA_DIR_LOCKED, or with STORE_FAILED if the directory cannot be used.
 */
export const openLmdbStore = (
  options: LmdbStoreOptions,
  seams: LmdbStoreSeams = {},
): Effect.Effect<Store, StreamBusError> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(openStore(options, seams))
    } catch (error) {
      return isStreamBusError(error) ? Effect.fail(error) : Effect.die(error)
    }
  })

function openStore(options: LmdbStoreOptions, seams: LmdbStoreSeams): Store {
  const directory = resolve(options.directory)
  prepareDirectory(directory)
  const lock = attempt(directory, 'lock', () => lockDirectory(directory))
  try {
    return storeOn(openEnvironment(directory, options.mapSizeBytes), lock, directory, {
      ...seams,
      fsync: options.fsync ?? false,
    })
  } catch (error) {
    lock.release()
    throw error
  }
}

function storeOn(
  environment: Environment,
  lock: DirectoryLock,
  directory: string,
  { fsync, aroundCommit }: LmdbStoreSeams & { readonly fsync: boolean },
): Store {
  const hidden = new Set<string>()
  const reader = logReader(environment.log)
  const builder = operationsBuilder(environment, reader)
  const commit = (operations: readonly Operation[]) =>
    commitOn(environment, operations, directory, fsync)
  const queue = commitQueue<Operation>(
    aroundCommit === undefined ? commit : (operations) => aroundCommit(() => commit(operations)),
    (cause) => writeFailure(directory, cause),
  )
  const dropLog = (topicId: string): void => {
    hidden.add(topicId)
    sweep(environment, queue, topicId)
  }
  for (const key of [...environment.droppedLogs.getKeys()]) dropLog(topicIdOf(key))

  let closed: StreamBusError | undefined
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    closed = new StreamBusError(
      'STORE_FAILED',
      `The store in ${directory} is closed: open it again`,
    )
    await queue.close(closed)
    const shut = environment.root.close()
    // After a failed commit lmdb waits for ever for the flush of what it never wrote.
    if (queue.failure() === undefined) await shut
    lock.release()
  }

  return {
    write: (mutations) =>
      Effect.callback<void, StreamBusError>((resume) => {
        let prepared: Prepared
        try {
          if (closed !== undefined) throw closed
          prepared = builder.prepare(mutations)
        } catch (error) {
          resume(isStreamBusError(error) ? Effect.fail(error) : Effect.die(error))
          return
        }
        queue.submit({
          operations: prepared.operations,
          bytes: prepared.bytes,
          done: (failure) => {
            if (failure === undefined) prepared.droppedLogs.forEach(dropLog)
            resume(failure === undefined ? Effect.void : Effect.fail(failure))
          },
        })
      }),
    ...readsOf(environment, reader, hidden, () => {
      if (closed !== undefined) throw closed
    }),
    close: Effect.promise(() => (closing ??= close())),
  }
}

/** @param assertOpen throws once the store is closed: lmdb itself would crash. */
function readsOf(
  { tables }: Environment,
  reader: LogReader,
  hidden: ReadonlySet<string>,
  assertOpen: () => void,
): Omit<Store, 'write' | 'close'> {
  const visible = (log: LogKey): boolean => {
    assertOpen()
    return !hidden.has(log.topicId)
  }
  return {
    get: (table, key) => {
      assertOpen()
      const value: Buffer | undefined = tables.getBinary(tableKey(table, key))
      return value === undefined ? undefined : JSON.parse(value.toString())
    },
    list: (table, prefix = '') => {
      assertOpen()
      const start = tableKey(table, prefix)
      const found: (readonly [string, unknown])[] = []
      for (const { key, value } of tables.getRange({ start, end: afterPrefix(start) })) {
        found.push([keyOfTable(key), JSON.parse(value.toString())])
      }
      return found
    },
    readBatches: (log, fromOffset, maxBytes) =>
      visible(log) ? reader.from(log, fromOffset, maxBytes) : [],
    firstBatchSince: (log, timestampMs) =>
      visible(log) ? reader.since(log, timestampMs) : undefined,
    lastBatch: (log) => (visible(log) ? reader.last(log) : undefined),
    firstBatch: (log) => (visible(log) ? reader.first(log) : undefined),
  }
}
