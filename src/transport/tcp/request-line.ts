import type { Effect } from 'effect/Effect'
import type { StreamBusError } from '../../domain/errors.js'
import type { Clock, TimerHandle } from '../../runtime/clock.js'
import type { ApiName } from '../protocol/registry.js'

export type Settle = (result: Effect<unknown, StreamBusError>) => void

/** One request from the moment it stands in line until it is answered or failed. */
export interface PendingRequest {
  readonly api: ApiName
  readonly version: number
  /** Encodes; it may throw a StreamBusError, which concerns this request only. */
  readonly encode: (correlationId: number) => readonly Buffer[]
  /** The body of its answer, from the whole frame. */
  readonly decode: (frame: Buffer) => unknown
  /** What stands in for an answer that never comes (Produce with acks 0). */
  readonly answerWhenSent: (() => unknown) | undefined
  /** Undefined once the caller has gone: the answer, when it comes, is dropped. */
  settle: Settle | undefined
  readonly deadline: Deadline
  correlationId: number
}

/**
 * A timer that fired late says that this process slept, not that the other side was silent: what
 * arrived meanwhile is still to be read. Beyond this lateness the deadline waits once more.
 */
const LATE_MS = 100

/** A point of time on the runtime's clock, with a timer for it. */
export class Deadline {
  readonly #clock: Clock
  #timer: TimerHandle | undefined

  constructor(clock: Clock, dueMs: number, passed: () => void) {
    this.#clock = clock
    const fire = (mayWait: boolean): void => {
      if (mayWait && clock.elapsed() - dueMs > LATE_MS) {
        this.#timer = clock.setTimeout(() => fire(false), LATE_MS)
      } else passed()
    }
    this.#timer = clock.setTimeout(() => fire(true), Math.max(0, dueMs - clock.elapsed()))
  }

  clear(): void {
    this.#clock.clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
