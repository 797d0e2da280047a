import * as Effect from 'effect/Effect'
import type { ApiName, RequestBody, ResponseInput } from '../transport/protocol/registry.js'
import type { RequestContext, RequestHandler } from '../transport/request-handler.js'

export interface LinkOptions {
  readonly random: () => number
  /** One way, drawn anew for each message. */
  readonly maxLatencyMs: number
}

/**
 * One process's way to the broker, with typed requests. Messages take time; a cut link swallows
 * them (the request may have been done, its answer never comes), which is how loss looks over a
 * connection: a stall until a deadline.
 */
export class SimulatedLink {
  readonly #handler: RequestHandler
  readonly #options: LinkOptions
  isCut = false

  constructor(handler: RequestHandler, options: LinkOptions) {
    this.#handler = handler
    this.#options = options
  }

  readonly handle: RequestHandler = <N extends ApiName>(
    api: N,
    body: RequestBody<N>,
    context: RequestContext,
  ): Effect.Effect<ResponseInput<N> | null> => {
    const travel = Effect.suspend(() =>
      Effect.sleep(this.#options.random() * this.#options.maxLatencyMs),
    )
    const pass = Effect.suspend(() => (this.isCut ? Effect.never : Effect.void))
    const handled = Effect.suspend(() => this.#handler(api, body, context))
    return travel.pipe(
      Effect.andThen(pass),
      Effect.andThen(handled),
      Effect.tap(() => travel),
      Effect.tap(() => pass),
    )
  }
}
