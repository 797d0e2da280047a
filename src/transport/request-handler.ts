import type * as Effect from 'effect/Effect'
import type { ApiName, RequestBody, ResponseInput } from './protocol/registry.js'

/** Who is asking, and how. */
export interface RequestContext {
  readonly apiVersion: number
  readonly clientId: string | null
  /** `/127.0.0.1` over TCP (Kafka's form), `in-process` otherwise. */
  readonly clientHost: string
  /** The host and port the client dialled, for advertising the broker; absent in process. */
  readonly listener?: { readonly host: string; readonly port: number }
}

/**
 * The one way into a broker: a TCP server decodes frames into it, the in-process transport calls
 * it directly. A handler never fails: errors are codes in the response. `null` means that no
 * response is sent (Produce with acks 0). Interrupting it is how a closed connection or a
 * cancelled request lets go of a parked fetch or join.
 */
export type RequestHandler = <N extends ApiName>(
  api: N,
  body: RequestBody<N>,
  context: RequestContext,
) => Effect.Effect<ResponseInput<N> | null>

/** What `connect({ brokers })` takes instead of a list: an embedded broker in this process. */
export interface InProcessBroker {
  readonly handle: RequestHandler
}
