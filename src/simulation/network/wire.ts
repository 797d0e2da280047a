import type * as Effect from 'effect/Effect'
import type { StreamBusError } from '../../domain/errors.js'
import type { Runtime } from '../../runtime/runtime.js'
import type { ApiName } from '../../transport/protocol/registry.js'
import type { RequestHandler } from '../../transport/request-handler.js'
import type { TransportService } from '../../transport/transport.js'
import type { SimulatedProcess } from '../members/process.js'
import type { Gate } from '../time/gate.js'
import type { HostSide } from './host-side.js'
import type { Party } from './stream.js'

/** A broker's address, and what answers there. */
export interface Served {
  readonly address: string
  readonly party: Party
  readonly runtime: Runtime
  readonly handle: RequestHandler
  /** The newest version of each API that this broker has. */
  readonly maxVersion: (api: ApiName) => number
}

/** The network as a world uses it, whatever travels on it. */
export interface Wire {
  readonly listen: (served: Served) => void
  readonly stopListening: (address: string) => void
  /** A client of the cluster in a process. */
  readonly connect: (
    process: SimulatedProcess,
    addresses: readonly string[],
    requestTimeoutMs: number,
  ) => Effect.Effect<TransportService, StreamBusError>
  readonly side: (host: string, direction: 'out' | 'in') => HostSide
  readonly heal: () => void
  readonly drop: (gate: Gate, isTold: boolean, why: string) => void
  readonly revive: (host: string) => void
  readonly reset: (host: string) => void
  /** Resets the connection on which the host sends next, in the middle of the message. */
  readonly cutNextFrame: (host: string) => void
  readonly silence: (host: string) => void
  readonly openStreams: () => number
}

/** `broker-1:9092` is on the host `broker-1`. */
export const hostOfAddress = (address: string): string => address.slice(0, address.indexOf(':'))
