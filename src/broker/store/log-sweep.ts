import type { StreamBusError } from '../../domain/errors.js'
import type { CommitQueue } from './commit-queue.js'
import type { Environment } from './lmdb-environment.js'
import type { Operation } from './lmdb-operations.js'
import { logBegin, logEnd, topicBytes } from './log-encoding.js'

/** Removed per transaction, so that other writes wait only shortly. */
const sweepKeys = 256

/** Removes what is left of a deleted log, some keys a transaction, and at last its mark. */
export function sweep(
  environment: Environment,
  queue: CommitQueue<Operation>,
  topicId: string,
): void {
  const log = { topicId, partition: 0 }
  const step = (): void => {
    const range = {
      start: logBegin(log),
      end: logEnd({ topicId, partition: 0xffff_ffff }),
      limit: sweepKeys,
    }
    const keys = [...environment.log.getKeys(range)] as Buffer[]
    const operations: Operation[] = keys.map((key) => ({ database: 'log', key }))
    const last = keys.length < sweepKeys
    if (last) operations.push({ database: 'droppedLogs', key: topicBytes(topicId) })
    // A failure or a close ends the sweep; the mark stays, and the next start goes on.
    const done = (failure?: StreamBusError): void => {
      if (failure === undefined && !last) step()
    }
    queue.submit({ operations, bytes: 0, done })
  }
  step()
}
