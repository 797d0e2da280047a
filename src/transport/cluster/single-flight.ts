import * as Cause from 'effect/Cause'
import * as Effect from 'effect/Effect'
import * as Exit from 'effect/Exit'
import type * as Fiber from 'effect/Fiber'
import type { StreamBusError } from '../../domain/errors.js'
import type { Runtime } from '../../runtime/runtime.js'

/**
 * One run for all who ask for the same thing at once. The run belongs to nobody: a caller that is
 * interrupted leaves it to the others (franz-go #650: a cancelled commit took the shared
 * coordinator look-up with it, and the member's heartbeats stopped). So it needs a deadline of
 * its own.
 */
export class SingleFlight<K, A> {
  readonly #runtime: Runtime
  readonly #whenStopped: () => StreamBusError
  readonly #flights = new Map<K, Fiber.Fiber<A, StreamBusError>>()

  constructor(runtime: Runtime, whenStopped: () => StreamBusError) {
    this.#runtime = runtime
    this.#whenStopped = whenStopped
  }

  join(key: K, start: () => Effect.Effect<A, StreamBusError>): Effect.Effect<A, StreamBusError> {
    return Effect.callback((resume) => {
      const fiber = this.#flights.get(key) ?? this.#launch(key, start())
      return Effect.sync(fiber.addObserver((exit) => resume(this.#settled(exit))))
    })
  }

  /** Everyone who waits fails with what `whenStopped` gives. */
  stop(): void {
    for (const fiber of [...this.#flights.values()]) fiber.interruptUnsafe()
  }

  #launch(key: K, effect: Effect.Effect<A, StreamBusError>): Fiber.Fiber<A, StreamBusError> {
    const fiber = this.#runtime.run(effect)
    this.#flights.set(key, fiber)
    fiber.addObserver(() => {
      this.#flights.delete(key)
    })
    return fiber
  }

  #settled(exit: Exit.Exit<A, StreamBusError>): Effect.Effect<A, StreamBusError> {
    return Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)
      ? Effect.fail(this.#whenStopped())
      : exit
  }
}
