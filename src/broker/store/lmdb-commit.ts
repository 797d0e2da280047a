import { statfsSync } from 'node:fs'
import { isStreamBusError, StreamBusError } from '../../domain/errors.js'
import { type Environment, epochKey } from './lmdb-environment.js'
import type { Operation } from './lmdb-operations.js'

/** One transaction: all operations if the epoch is still ours, none otherwise. */
export async function commitOn(
  { epochs, epoch, ...databases }: Environment,
  operations: readonly Operation[],
  directory: string,
  fsync: boolean,
): Promise<void> {
  const committed = epochs.ifVersion(epochKey, epoch, () => {
    for (const { database, key, value } of operations) {
      if (value === undefined) void databases[database].remove(key)
      else void databases[database].put(key, value)
    }
  }) as Promise<boolean> & { readonly flushed?: Promise<unknown> }
  const { flushed } = committed
  let current: boolean
  try {
    current = await committed
  } catch (error) {
    throw await reasonOf(error)
  }
  if (!current) {
    const holder = epochs.get(epochKey)
    throw new StreamBusError(
      'STORE_FAILED',
      `Data directory ${directory} was opened by process ${holder?.pid} on ${holder?.host} ` +
        `meanwhile (epoch ${holder?.epoch}, ours ${epoch}): stop one of the two`,
    )
  }
  if (fsync) await flushed
}

/** lmdb rejects with a general error and, a moment later, settles the cause that hangs off it. */
async function reasonOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error && 'commitError' in error)) return error
  let reason: unknown = error
  Promise.resolve(error.commitError).catch((cause: unknown) => {
    reason = cause
  })
  // Not awaited itself: should lmdb never settle it, the failure must be reported all the same.
  for (let turn = 0; turn < 5; turn++) await undefined
  return reason
}

/** The one error of a failed commit, with what to do about it. */
export function writeFailure(directory: string, cause: unknown): StreamBusError {
  if (isStreamBusError(cause)) return cause
  const what = cause instanceof Error ? cause.message : String(cause)
  const { bavail, bsize } = statfsSync(directory)
  // LMDB reports a write cut short by a full disk as a plain input/output error.
  const advice = bavail * bsize < 1024 * 1024 ? 'the disk is full, make room' : 'check the disk'
  return new StreamBusError(
    'STORE_FAILED',
    `Cannot write to data directory ${directory} (${what}): ${advice}, then restart the broker`,
    { cause },
  )
}
