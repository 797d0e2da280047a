import type { VirtualTimer } from './timer-heap.js'

/**
 * What a simulated process runs behind: its timers, what arrives for it and its fibers. A shut
 * gate is a process that was killed: nothing of it ever runs again. A held one is stopped (or its
 * event loop is blocked): what falls due meanwhile waits until it is released.
 */
export class Gate {
  readonly name: string
  state: 'open' | 'held' | 'shut' = 'open'
  /** What fell due while it was held, in order. */
  readonly waiting: VirtualTimer[] = []
  /** How far its wall clock is off; durations are never measured by it. */
  wallOffsetMs = 0
  /** Its own timers fire up to this much late. */
  lateMs = 0

  /** Timers fired since then, for a limit. */
  countedSinceMs = 0
  timersFired = 0

  constructor(name: string) {
    this.name = name
  }
}
