import { realClock } from '../runtime/clock.js'
import { Interrupted } from './failure.js'

/** 128 + the signal's number, as shells count. */
const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

/**
 * npm and npx pass a terminal's Ctrl+C on to a process that the terminal has told already: what
 * follows within this time is the same key press.
 */
const SAME_PRESS_MS = 300

export interface InterruptionSettings {
  /** False: nothing to finish, the first signal ends the process. */
  readonly isGraceful: boolean
  /** For a service SIGTERM is the normal way to end: 0. */
  readonly sigtermExitCode?: number
}

/** Ctrl+C and its like: the first one asks the command to finish, the second one ends it. */
export class Interruption {
  readonly #controller = new AbortController()
  readonly #settings: InterruptionSettings
  #first: Interrupted | undefined
  #firstAt = 0

  constructor(settings: InterruptionSettings) {
    this.#settings = settings
    for (const name of Object.keys(signals) as (keyof typeof signals)[]) {
      process.on(name, () => this.#take(name))
    }
  }

  /** Aborted by the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Resolves at the first signal. */
  get happened(): Promise<void> {
    const { signal } = this
    return new Promise((resolve) => {
      if (signal.aborted) resolve()
      else signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  /** The result of the work, or Interrupted as soon as a signal comes. */
  orInterrupted<A>(work: Promise<A>): Promise<A> {
    const { signal } = this
    return new Promise((resolve, reject) => {
      const stop = (): void => reject(signal.reason)
      if (signal.aborted) stop()
      signal.addEventListener('abort', stop, { once: true })
      work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
    })
  }

  throwIfInterrupted(): void {
    if (this.#first !== undefined) throw this.#first
  }

  #take(name: keyof typeof signals): void {
    const { isGraceful, sigtermExitCode } = this.#settings
    const exitCode = name === 'SIGTERM' ? (sigtermExitCode ?? signals.SIGTERM) : signals[name]
    const now = realClock.elapsed()
    if (!isGraceful) process.exit(exitCode)
    if (this.#first !== undefined) {
      if (now - this.#firstAt > SAME_PRESS_MS) process.exit(exitCode)
      return
    }
    this.#first = new Interrupted(name, exitCode)
    this.#firstAt = now
    this.#controller.abort(this.#first)
  }
}
