/**
 * The one source of time. It is also what XState takes as its clock. In production it is the real
 * clock, in the simulator a heap of virtual timers.
 */
export interface Clock {
  /** Wall-clock milliseconds since the epoch: for timestamps only, it may jump. */
  readonly now: () => number
  /** Milliseconds that only go forward: for durations and deadlines. */
  readonly elapsed: () => number
  readonly setTimeout: (run: () => void, delayMs: number) => TimerHandle
  readonly clearTimeout: (timer: TimerHandle | undefined) => void
}

/** Opaque: a Node timer in production, a heap entry in the simulator. */
export type TimerHandle = object

export const realClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  setTimeout: (run, delayMs) => setTimeout(run, delayMs),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout | undefined),
}
