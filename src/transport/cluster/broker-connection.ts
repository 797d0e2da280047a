import type * as Effect from 'effect/Effect'
import type { StreamBusError } from '../../domain/errors.js'
import type { ApiName, ResponseBody } from '../protocol/registry.js'
import type { Address } from '../tcp/address.js'
import type { Purpose, RequestMaker } from '../transport.js'

export interface CallOptions {
  /** Deadline of the whole call: connecting, waiting in line and the answer. */
  readonly timeoutMs: number
  readonly maxVersion?: number
}

/**
 * One line to one broker, for one purpose and one owner: requests are served in order. It connects
 * when it is first used and again after a loss; TCP and in-process differ only here.
 */
export interface BrokerConnection {
  readonly request: <N extends ApiName>(
    api: N,
    input: RequestMaker<N>,
    options: CallOptions,
  ) => Effect.Effect<ResponseBody<N>, StreamBusError>
  readonly health: () => ConnectionHealth
  /** The place's address is another one now; it is asked for at the next dial. */
  readonly addressChanged: () => void
  /** Final. What is unanswered fails with CONNECTION_CLOSED. */
  readonly close: () => void
}

export interface ConnectionHealth {
  readonly state: 'ready' | 'unused' | 'failing'
  /** When it failed last, on the runtime's clock (`elapsed`); 0 if it never did. */
  readonly failedAtMs: number
}

/** Where a connection leads to: its address is asked for at each dial, since brokers move. */
export interface ConnectionPlace {
  /** Stable and readable: `node 1`, `bootstrap 0`. */
  readonly name: string
  readonly address: () => Address
  readonly purpose: Purpose
  readonly owner: string | undefined
  /** For one attempt to connect, negotiation included. */
  readonly connectTimeoutMs: number
}

export type ConnectionFactory = (place: ConnectionPlace) => BrokerConnection

export interface TransportLogger {
  readonly debug: (fields: object, message: string) => void
  readonly warn: (fields: object, message: string) => void
}

export const silentLogger: TransportLogger = { debug: () => {}, warn: () => {} }
