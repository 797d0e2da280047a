import type { Clock, TimerHandle } from '../../runtime/clock.js'

/**
 * The clock of a process as its handlers have it. What they left running (a timeout that lost its
 * race) ends when the process does, as it would in a service.
 */
export class HandlerClock implements Clock {
  readonly #clock: Clock
  readonly #timers = new Set<TimerHandle>()
  #hasEnded = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  readonly now = (): number => this.#clock.now()

  readonly elapsed = (): number => this.#clock.elapsed()

  readonly setTimeout = (run: () => void, delayMs: number): TimerHandle => {
    if (this.#hasEnded) return {}
    const timer = this.#clock.setTimeout(() => {
      this.#timers.delete(timer)
      run()
    }, delayMs)
    this.#timers.add(timer)
    return timer
  }

  readonly clearTimeout = (timer: TimerHandle | undefined): void => {
    if (timer === undefined || !this.#timers.delete(timer)) return
    this.#clock.clearTimeout(timer)
  }

  end(): void {
    this.#hasEnded = true
    for (const timer of this.#timers) this.#clock.clearTimeout(timer)
    this.#timers.clear()
  }
}
