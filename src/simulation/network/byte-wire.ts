import { silentLogger } from '../../broker/logger.js'
import { serveConnection } from '../../broker/server/serve-connection.js'
import type { TraceRecorder } from '../../runtime/trace-recorder.js'
import { connectTransport } from '../../transport/cluster/connect-transport.js'
import { apiNames } from '../../transport/protocol/registry.js'
import type { VirtualTime } from '../time/virtual-time.js'
import { byteDialer, byteDuplex } from './byte-duplex.js'
import { frameTeller } from './frame-teller.js'
import { MessageIds } from './message-ids.js'
import { Network } from './network.js'
import type { Latency } from './way.js'
import { hostOfAddress, type Wire } from './wire.js'

const MAX_REQUEST_BYTES = 100 * 1024 * 1024
const IDLE_MS = 600_000

/** Everything is encoded and travels as bytes, as over TCP: sockets are all that is simulated. */
export const byteWire = (time: VirtualTime, trace: TraceRecorder, latency: Latency): Wire => {
  const ids = new MessageIds<Buffer>(trace, frameTeller())
  const network = new Network<Buffer>(time, latency, ids.tap)
  const random = time.randomFor('split/broker')
  const cuts = new Set<string>()
  return {
    listen: ({ address, party, runtime, handle }) => {
      network.listen(address, party, (stream) =>
        serveConnection(byteDuplex(stream, { time, random, cuts }), {
          runtime,
          handle,
          served: apiNames,
          logger: silentLogger,
          maxRequestBytes: MAX_REQUEST_BYTES,
          idleMs: IDLE_MS,
          clientHost: stream.peer.host,
          listener: undefined,
        }),
      )
    },
    stopListening: (address) => network.stopListening(address),
    connect: ({ party, runtime, name }, addresses, requestTimeoutMs) =>
      connectTransport({
        runtime,
        brokers: addresses,
        clientId: name,
        requestTimeoutMs,
        inspect: trace.process(party.name).inspector(),
        dialer: byteDialer(network, party, hostOfAddress, { time, cuts }),
      }),
    side: (host, direction) => network.side(host, direction),
    heal: () => {
      cuts.clear()
      network.heal()
    },
    drop: (gate, isTold, why) => network.drop(gate, isTold, why),
    revive: (host) => network.revive(host),
    reset: (host) => network.reset(host),
    cutNextFrame: (host) => void cuts.add(host),
    silence: (host) => network.silence(host),
    openStreams: () => network.openStreams,
  }
}
