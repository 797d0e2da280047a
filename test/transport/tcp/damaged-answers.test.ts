import { describe, expect, test } from 'vitest'
import { VirtualTime } from '../../../src/simulation/time/virtual-time.js'
import { silentLogger } from '../../../src/transport/cluster/broker-connection.js'
import { tcpConnections } from '../../../src/transport/tcp/tcp-connection.js'
import { MemoryNetwork } from '../fixtures/memory-network.js'
import { type Running, start } from '../fixtures/running.js'
import { type Received, ScriptedBroker } from '../fixtures/scripted-broker.js'

/** A frame of the right size and correlation id whose body is cut short. */
const damaged = (request: Received): Buffer => {
  const answer = request.api === 'ApiVersions' ? { errorCode: 0, apiKeys: [] } : { errorCode: 0 }
  const frame = request.frame(answer).subarray(0, 8)
  frame.writeInt32BE(4, 0)
  return frame
}

const world = () => {
  const time = new VirtualTime('damaged-answers')
  const network = new MemoryNetwork(time.clock)
  const broker = new ScriptedBroker()
  network.listen('kafka:9092', broker.accept)
  const connection = tcpConnections({
    runtime: time.runtime,
    dialer: network.dialer,
    clientId: 'me',
    logger: silentLogger,
  })({
    name: 'node 1',
    address: () => ({ host: 'kafka', port: 9092 }),
    purpose: 'control',
    owner: 'member',
    connectTimeoutMs: 10_000,
  })
  const heartbeat = (): Running<{ errorCode: number }> =>
    start(
      time.runtime,
      connection.request(
        'Heartbeat',
        { groupId: 'g', generationId: 1, memberId: 'm' },
        { timeoutMs: 5_000 },
      ),
    )
  return { time, broker, heartbeat }
}

describe('tcp connection: answers damaged on their way', () => {
  test('from a broker that answered before: named, and worth another try', () => {
    const { time, broker, heartbeat } = world()
    const call = heartbeat()
    time.runFor(1)
    const request = broker.last('Heartbeat')
    request.send(damaged(request))
    time.runFor(1)
    expect(call.failure()).toMatchObject({ code: 'MALFORMED_MESSAGE', retriable: true })
    expect(call.failure().message).toMatch(/^broker kafka:9092: Heartbeat v4 response/)
    broker.script = { Heartbeat: () => ({ errorCode: 0 }) }
    const again = heartbeat()
    time.runFor(1_000)
    expect(again.value().errorCode).toBe(0)
  })

  test('in the negotiation after a loss, as well', () => {
    const { time, broker, heartbeat } = world()
    heartbeat()
    time.runFor(1)
    broker.script = { ApiVersions: (_, request) => void request.send(damaged(request)) }
    broker.last('Heartbeat').hangUp()
    time.runFor(1)
    const call = heartbeat()
    time.runFor(1_000)
    expect(call.failure()).toMatchObject({ code: 'MALFORMED_MESSAGE', retriable: true })
  })

  test('from a peer that never answered sensibly: another try is no use', () => {
    const { time, broker, heartbeat } = world()
    broker.script = { ApiVersions: (_, request) => void request.send(damaged(request)) }
    const call = heartbeat()
    time.runFor(1)
    expect(call.failure()).toMatchObject({ code: 'MALFORMED_MESSAGE', retriable: false })
  })
})
