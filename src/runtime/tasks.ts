import type * as Effect from 'effect/Effect'
import type * as Fiber from 'effect/Fiber'
import type { Runtime } from './runtime.js'

/** Background work with one owner: nothing that it started outlives it. */
export class Tasks {
  readonly #runtime: Runtime
  readonly #onDefect: (defect: unknown) => void
  readonly #fibers = new Set<Fiber.Fiber<unknown, unknown>>()
  #closed = false

  constructor(runtime: Runtime, onDefect: (defect: unknown) => void) {
    this.#runtime = runtime
    this.#onDefect = onDefect
  }

  run(effect: Effect.Effect<unknown>): void {
    if (this.#closed) return
    const fiber = this.#runtime.run(effect)
    this.#fibers.add(fiber)
    fiber.addObserver((exit) => {
      this.#fibers.delete(fiber)
      if (exit._tag === 'Success') return
      const defect = exit.cause.reasons.find((reason) => reason._tag === 'Die')
      if (defect !== undefined) this.#onDefect(defect.defect)
    })
  }

  close(): void {
    this.#closed = true
    for (const fiber of [...this.#fibers]) fiber.interruptUnsafe()
  }
}
