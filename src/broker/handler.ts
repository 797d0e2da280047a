import type * as Effect from 'effect/Effect'
import type { ApiName, RequestBody, ResponseInput } from '../transport/protocol/registry.js'
import type { RequestContext } from '../transport/request-handler.js'

/** One API's handler. A file per API key under `handlers/`, headed by its rules. */
export type Handler<N extends ApiName> = (
  body: RequestBody<N>,
  context: RequestContext,
) => Effect.Effect<ResponseInput<N> | null>

/** The handlers of one part of the broker, by API name. */
export type Handlers = { readonly [N in ApiName]?: Handler<N> }
