import type * as Effect from 'effect/Effect'
import type { StreamBusError } from '../../domain/errors.js'
import type { Duplex } from '../duplex.js'

/**
 * Opens byte streams: `node-dialer` in production, the simulated network in the simulator.
 * Interrupting a dial gives up the attempt and leaves no stream behind. Fails with
 * BROKER_UNREACHABLE, which names the address and the cause in words; it has no deadline of its
 * own.
 */
export interface Dialer {
  readonly dial: (host: string, port: number) => Effect.Effect<Duplex, StreamBusError>
}
