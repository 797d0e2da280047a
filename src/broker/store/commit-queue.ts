import type { StreamBusError } from '../../domain/errors.js'

/** A write waiting for its commit. `done` is called once: after the commit, or with the failure. */
export interface QueuedWrite<Operation> {
  readonly operations: readonly Operation[]
  readonly bytes: number
  readonly done: (failure?: StreamBusError) => void
}

export interface CommitQueue<Operation> {
  readonly submit: (write: QueuedWrite<Operation>) => void
  /** Why nothing can be written any more, once that is so. */
  readonly failure: () => StreamBusError | undefined
  /** Refuses writes from now on with `reason`; those issued before still run. */
  readonly close: (reason: StreamBusError) => Promise<void>
}

/** A commit stops growing here, so that a backlog does not make one commit arbitrarily slow. */
const maxGroupBytes = 8 * 1024 * 1024
const maxGroupWrites = 4_096

/**
 * Group commit: one transaction at a time, and whatever was issued meanwhile shares the next one.
 * So writes commit in the order they were issued, a busy broker pays one flush for many writes,
 * and nothing can be committed after a write that failed: the first failure is final (after a
 * failed fsync the kernel may have dropped the pages, so trying again would lie).
 */
export function commitQueue<Operation>(
  commit: (operations: readonly Operation[]) => Promise<void>,
  failureOf: (cause: unknown) => StreamBusError,
): CommitQueue<Operation> {
  let waiting: QueuedWrite<Operation>[] = []
  let failure: StreamBusError | undefined
  let closed: StreamBusError | undefined
  let running: Promise<void> | undefined

  const takeGroup = (): readonly QueuedWrite<Operation>[] => {
    let bytes = 0
    let count = 0
    while (count < waiting.length && count < maxGroupWrites) {
      bytes += waiting[count]!.bytes
      if (count > 0 && bytes > maxGroupBytes) break
      count++
    }
    return waiting.splice(0, count)
  }

  const run = async (): Promise<void> => {
    while (waiting.length > 0) {
      const group = takeGroup()
      try {
        await commit(group.flatMap((write) => write.operations))
      } catch (cause) {
        failure = failureOf(cause)
        const failed = [...group, ...waiting]
        waiting = []
        for (const write of failed) write.done(failure)
        break
      }
      for (const write of group) write.done()
    }
    running = undefined
  }

  return {
    submit: (write) => {
      const refusal = failure ?? closed
      if (refusal !== undefined) {
        write.done(refusal)
        return
      }
      waiting.push(write)
      running ??= run()
    },
    failure: () => failure,
    close: async (reason) => {
      closed ??= reason
      await running
    },
  }
}
