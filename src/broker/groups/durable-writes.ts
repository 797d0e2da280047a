import * as Effect from 'effect/Effect'
import * as Fiber from 'effect/Fiber'
import type { StreamBusError } from '../../domain/errors.js'
import type { Runtime } from '../../runtime/runtime.js'
import type { Mutation, Store } from '../store/store.js'

export type WriteOutcome =
  | { readonly tag: 'stored' }
  | { readonly tag: 'notStored'; readonly message: string }

/**
 * Writes that end whether or not somebody still waits: a closed connection or a group that moves
 * on must not leave one half known. The outcome is a value; `settled` waits for all in flight.
 */
export interface DurableWrites {
  readonly write: (mutations: readonly Mutation[]) => Effect.Effect<WriteOutcome>
  readonly settled: Effect.Effect<void>
}

const notStored = (error: StreamBusError): WriteOutcome => ({
  tag: 'notStored',
  message: error.message,
})

export const durableWrites = (runtime: Runtime, store: Store): DurableWrites => {
  const inFlight = new Set<Fiber.Fiber<WriteOutcome>>()
  const begin = (mutations: readonly Mutation[]): Fiber.Fiber<WriteOutcome> => {
    const fiber = runtime.run(
      Effect.match(store.write(mutations), {
        onSuccess: (): WriteOutcome => ({ tag: 'stored' }),
        onFailure: notStored,
      }),
    )
    inFlight.add(fiber)
    fiber.addObserver(() => inFlight.delete(fiber))
    return fiber
  }
  return {
    write: (mutations) =>
      mutations.length === 0
        ? Effect.succeed({ tag: 'stored' })
        : Effect.suspend(() => Fiber.join(begin(mutations))),
    settled: Effect.suspend(() => Effect.asVoid(Fiber.awaitAll([...inFlight]))),
  }
}
