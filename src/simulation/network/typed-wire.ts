import type { TraceRecorder } from '../../runtime/trace-recorder.js'
import { connectTransport } from '../../transport/cluster/connect-transport.js'
import { validVersions } from '../../transport/protocol/registry.js'
import type { VirtualTime } from '../time/virtual-time.js'
import { MessageIds } from './message-ids.js'
import { Network } from './network.js'
import { typedConnections } from './typed-client.js'
import type { TypedFrame } from './typed-frame.js'
import { serveTyped } from './typed-server.js'
import type { Latency } from './way.js'
import { hostOfAddress, type Served, type Wire } from './wire.js'

/** Requests and responses travel as they are: the fast way, for bulk runs. */
export const typedWire = (time: VirtualTime, trace: TraceRecorder, latency: Latency): Wire => {
  const ids = new MessageIds<TypedFrame>(trace, (frame) => ({ api: frame.api, is: frame.is }))
  const network = new Network<TypedFrame>(time, latency, ids.tap)
  const served = new Map<string, Served>()
  return {
    listen: (one) => {
      served.set(one.address, one)
      network.listen(one.address, one.party, (stream) =>
        serveTyped(stream, one.runtime, one.handle),
      )
    },
    stopListening: (address) => network.stopListening(address),
    connect: ({ party, runtime, name }, addresses, requestTimeoutMs) =>
      connectTransport({
        runtime,
        brokers: addresses,
        clientId: name,
        requestTimeoutMs,
        connections: typedConnections({
          runtime,
          network,
          party,
          clientId: name,
          hostOf: hostOfAddress,
          maxVersion: (address, api) =>
            served.get(address)?.maxVersion(api) ?? validVersions(api).max,
        }),
      }),
    side: (host, direction) => network.side(host, direction),
    heal: () => network.heal(),
    drop: (gate, isTold, why) => network.drop(gate, isTold, why),
    revive: (host) => network.revive(host),
    reset: (host) => network.reset(host),
    // There is no middle of a message that is whole.
    cutNextFrame: (host) => network.reset(host),
    silence: (host) => network.silence(host),
    openStreams: () => network.openStreams,
  }
}
