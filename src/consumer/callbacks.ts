import * as Cause from 'effect/Cause'
import * as Effect from 'effect/Effect'
import { StreamBusError } from '../domain/errors.js'
import { keyOf, type TopicPartition } from '../domain/topic-partition.js'
import type { Runtime } from '../runtime/runtime.js'

export type CallbackName = 'onPartitionsAssigned' | 'onPartitionsRevoked' | 'onPartitionsLost'

/** Effects inside; the public consumer wraps the user's promises. */
export type PartitionCallbacks = {
  readonly [Name in CallbackName]?:
    | ((partitions: readonly TopicPartition[]) => Effect.Effect<void, unknown>)
    | undefined
}

interface Job {
  readonly run: Effect.Effect<void>
  readonly onStart: () => void
  readonly onDone: () => void
  cancelled: boolean
}

/**
 * Runs the application's callbacks one after the other, in order. One that began is never cut
 * short: whoever waited for it may give up, the next one still waits. One that throws is
 * reported, and the rebalance goes on.
 */
export class CallbackQueue {
  readonly #runtime: Runtime
  readonly #callbacks: PartitionCallbacks
  readonly #onError: (error: StreamBusError) => void
  readonly #jobs: Job[] = []
  #isRunning = false
  /** The callback that runs now, for diagnosing a rebalance that waits for it. */
  current: CallbackName | undefined

  constructor(
    runtime: Runtime,
    callbacks: PartitionCallbacks,
    onError: (error: StreamBusError) => void,
  ) {
    this.#runtime = runtime
    this.#callbacks = callbacks
    this.#onError = onError
  }

  /**
   * Waits its turn, asks for the partitions then (they may have become fewer), and calls the
   * application unless there are none. Interrupted before its turn, it is not called at all.
   */
  call(name: CallbackName, partitions: () => readonly TopicPartition[]): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      const job: Job = {
        run: Effect.suspend(() => this.#invoke(name, partitions())),
        onStart: () => {
          this.current = name
        },
        onDone: () => {
          this.current = undefined
          resume(Effect.void)
        },
        cancelled: false,
      }
      this.#jobs.push(job)
      this.#next()
      return Effect.sync(() => {
        job.cancelled = true
      })
    })
  }

  #invoke(name: CallbackName, partitions: readonly TopicPartition[]): Effect.Effect<void> {
    const callback = this.#callbacks[name]
    if (callback === undefined || partitions.length === 0) return Effect.void
    return Effect.suspend(() => callback(partitions)).pipe(
      Effect.catchCause((cause) =>
        Effect.sync(() => this.#onError(callbackFailure(name, partitions, cause))),
      ),
    )
  }

  #next(): void {
    if (this.#isRunning) return
    const job = this.#jobs.shift()
    if (job === undefined) return
    if (job.cancelled) {
      this.#next()
      return
    }
    this.#isRunning = true
    job.onStart()
    this.#runtime.run(job.run).addObserver(() => {
      this.#isRunning = false
      job.onDone()
      this.#next()
    })
  }
}

const callbackFailure = (
  name: CallbackName,
  partitions: readonly TopicPartition[],
  cause: Cause.Cause<unknown>,
): StreamBusError => {
  const thrown = Cause.squash(cause)
  const text = thrown instanceof Error ? thrown.message : String(thrown)
  const places = partitions.map(keyOf).join(', ')
  return new StreamBusError(
    'CALLBACK_FAILED',
    `${name} threw for ${places}: ${text}; the rebalance goes on without it`,
    { cause: thrown },
  )
}
