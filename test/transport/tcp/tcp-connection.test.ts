import * as Effect from 'effect/Effect'
import { describe, expect, test, vi } from 'vitest'
import { VirtualTime } from '../../../src/simulation/time/virtual-time.js'
import { silentLogger } from '../../../src/transport/cluster/broker-connection.js'
import type { Address } from '../../../src/transport/tcp/address.js'
import { tcpConnections } from '../../../src/transport/tcp/tcp-connection.js'
import type { Purpose } from '../../../src/transport/transport.js'
import { MemoryNetwork } from '../fixtures/memory-network.js'
import { type Running, start } from '../fixtures/running.js'
import { type Script, ScriptedBroker } from '../fixtures/scripted-broker.js'

const world = (
  script: Script = { Heartbeat: () => ({ errorCode: 0 }) },
  purpose: Purpose = 'control',
) => {
  const time = new VirtualTime('tcp-connection')
  const network = new MemoryNetwork(time.clock)
  const broker = new ScriptedBroker(script)
  network.listen('kafka:9092', broker.accept)
  let address: Address = { host: 'kafka', port: 9092 }
  const connection = tcpConnections({
    runtime: time.runtime,
    dialer: network.dialer,
    clientId: 'me',
    logger: silentLogger,
  })({
    name: 'node 1',
    address: () => address,
    purpose,
    owner: 'member',
    connectTimeoutMs: 10_000,
  })
  const heartbeat = (timeoutMs = 5000, maxVersion?: number): Running<{ errorCode: number }> =>
    start(
      time.runtime,
      connection.request(
        'Heartbeat',
        { groupId: 'g', generationId: 1, memberId: 'm' },
        maxVersion === undefined ? { timeoutMs } : { timeoutMs, maxVersion },
      ),
    )
  const move = (host: string): void => {
    address = { host, port: 9092 }
    connection.addressChanged()
  }
  return { time, network, broker, connection, heartbeat, move }
}

describe('tcp connection', () => {
  test('who is told of a loss may begin the next connection: the step of the chart is over', () => {
    const told = vi.spyOn(console, 'warn')
    const { time, connection, heartbeat } = world({})
    const call = heartbeat()
    time.runFor(1)
    let after: Running<unknown> | undefined
    start(
      time.runtime,
      Effect.onExit(
        connection.request(
          'Heartbeat',
          { groupId: 'g', generationId: 1, memberId: 'm' },
          { timeoutMs: 5_000 },
        ),
        () =>
          Effect.sync(() => {
            after = world().heartbeat()
          }),
      ),
    )
    time.runFor(1)
    connection.close()
    expect(call.failure()).toMatchObject({ code: 'CONNECTION_CLOSED' })
    expect(after).toBeDefined()
    expect(told).not.toHaveBeenCalled()
    told.mockRestore()
  })

  test('dials when it is first used, negotiates, and keeps the stream', () => {
    const { time, network, broker, connection, heartbeat } = world()
    time.runFor(1000)
    expect([network.dials.length, connection.health().state]).toEqual([0, 'unused'])
    const calls = [heartbeat(), heartbeat()]
    time.runFor(1)
    expect(calls.map((call) => call.value().errorCode)).toEqual([0, 0])
    const third = heartbeat()
    time.runFor(1)
    expect(third.value().errorCode).toBe(0)
    expect(broker.received.map(({ api, version }) => `${api} v${version}`)).toEqual([
      'ApiVersions v3',
      'Heartbeat v4',
      'Heartbeat v4',
      'Heartbeat v4',
    ])
    expect([network.dials.length, connection.health().state]).toEqual([1, 'ready'])
  })

  test('shapes the input by the negotiated version', () => {
    const { time, broker, connection } = world()
    broker.apis = [{ apiKey: 12, minVersion: 0, maxVersion: 2 }]
    const seen: number[] = []
    start(
      time.runtime,
      connection.request(
        'Heartbeat',
        (version) => {
          seen.push(version)
          return { groupId: 'g', generationId: 1, memberId: 'm' }
        },
        { timeoutMs: 1000 },
      ),
    )
    time.runFor(1)
    expect(seen).toEqual([2])
    expect(broker.last('Heartbeat').version).toBe(2)
  })

  test('an api that the broker lacks fails alone', () => {
    const { time, broker, heartbeat } = world()
    broker.apis = [{ apiKey: 18, minVersion: 0, maxVersion: 3 }]
    const call = heartbeat()
    time.runFor(1)
    expect(call.failure()).toMatchObject({ code: 'UNSUPPORTED_VERSION', retriable: false })
    expect(call.failure().message).toMatch(/Heartbeat.*does not offer it/)
  })

  test('a request fails with its own dial; the next waits for the back-off, which doubles', () => {
    const { time, network, heartbeat } = world()
    network.stopListening('kafka:9092')
    for (let attempt = 0; attempt < 8; attempt++) {
      const call = heartbeat(20_000)
      time.runUntilTrue(call.isDone, 20_000)
      expect(call.failure()).toMatchObject({
        code: 'BROKER_UNREACHABLE',
        retriable: true,
        message: 'cannot reach the broker at kafka:9092: connection refused',
      })
    }
    const gaps = network.dials.slice(1).map(({ atMs }, index) => atMs - network.dials[index]!.atMs)
    const nominal = [50, 100, 200, 400, 800, 1000, 1000]
    gaps.forEach((gap, index) => {
      expect(gap).toBeGreaterThanOrEqual(nominal[index]! * 0.8)
      expect(gap).toBeLessThanOrEqual(nominal[index]! * 1.2)
    })
    expect(new Set(gaps.map((gap, index) => gap / nominal[index]!)).size).toBeGreaterThan(1)
  })

  test('it is dialed only for somebody: no attempts while nobody asks', () => {
    const { time, network, heartbeat, connection } = world()
    network.stopListening('kafka:9092')
    heartbeat()
    time.runFor(60_000)
    expect([network.dials.length, connection.health().state]).toEqual([1, 'failing'])
  })

  test('comes back after a broker was away, and forgets the failures', () => {
    const { time, network, broker, connection, heartbeat } = world()
    network.stopListening('kafka:9092')
    heartbeat()
    time.runFor(2000)
    network.listen('kafka:9092', broker.accept)
    const call = heartbeat()
    time.runFor(1)
    expect(call.value().errorCode).toBe(0)
    expect(connection.health().state).toBe('ready')
  })

  test('a lost stream fails what was under way, and the next request reconnects', () => {
    const { time, network, broker, heartbeat } = world({})
    const lost = heartbeat()
    time.runFor(1)
    broker.streams[0]!.destroy()
    time.runFor(1)
    expect(lost.failure()).toMatchObject({ code: 'CONNECTION_CLOSED', retriable: true })
    broker.script = { Heartbeat: () => ({ errorCode: 5 }) }
    const next = heartbeat()
    time.runFor(30)
    expect(network.dials.length).toBe(1)
    time.runFor(60)
    expect(next.value().errorCode).toBe(5)
    expect([network.dials.length, network.openEnds()]).toEqual([2, 1])
  })

  test('a broker that accepts and hangs up is not dialed in a tight loop', () => {
    const { time, network, heartbeat } = world()
    network.listen('kafka:9092', (stream) => stream.destroy())
    const until = 10_000
    while (time.now < until) {
      const call = heartbeat(20_000)
      time.runUntilTrue(call.isDone, 20_000)
      expect(call.failure().message).toMatch(/closed the connection before/)
    }
    expect(network.dials.length).toBeLessThan(20)
    expect(network.openEnds()).toBe(0)
  })

  test('a dial that never ends is given up after connectTimeoutMs', () => {
    const { time, network, heartbeat } = world()
    network.swallow('kafka:9092')
    const call = heartbeat(60_000)
    time.runUntil(9_999)
    expect(call.isDone()).toBe(false)
    time.runUntil(10_001)
    expect(call.failure()).toMatchObject({
      code: 'BROKER_UNREACHABLE',
      message: 'cannot reach the broker at kafka:9092: timed out after 10000 ms',
    })
  })

  test('a peer that never answers ApiVersions is given up after connectTimeoutMs', () => {
    const { time, network, heartbeat } = world()
    network.listen('kafka:9092', (stream) => stream.onData(() => {}))
    const call = heartbeat(60_000)
    time.runUntil(10_001)
    expect(call.failure()).toMatchObject({ code: 'REQUEST_TIMED_OUT' })
    expect(call.failure().message).toMatch(/kafka:9092.*ApiVersions/)
    time.runFor(1)
    expect(network.openEnds()).toBe(0)
  })

  test('a request’s own deadline may be shorter than the dial; the dial goes on for others', () => {
    const { time, network, heartbeat } = world()
    network.latencyMs = 500
    const impatient = heartbeat(100)
    const patient = heartbeat(5000)
    time.runFor(100)
    expect(impatient.failure()).toMatchObject({ code: 'REQUEST_TIMED_OUT', retriable: true })
    time.runFor(4000)
    expect(patient.value().errorCode).toBe(0)
    expect(network.dials.length).toBe(1)
  })

  test('an interrupted waiter is gone: nothing is sent for it', () => {
    const { time, broker, network, heartbeat } = world()
    network.latencyMs = 500
    const gone = heartbeat()
    time.runFor(10)
    gone.interrupt()
    const stays = heartbeat()
    time.runFor(5000)
    expect(stays.value().errorCode).toBe(0)
    expect(broker.of('Heartbeat').length).toBe(1)
  })

  test('whoever is told may ask again in the same step: after a failure, readiness, a close', () => {
    const { time, network, broker, connection } = world()
    network.stopListening('kafka:9092')
    const input = { groupId: 'g', generationId: 1, memberId: 'm' }
    const ask = connection.request('Heartbeat', input, { timeoutMs: 5000 })
    const twiceFailed = start(
      time.runtime,
      Effect.catch(ask, () => ask),
    )
    time.runUntilTrue(twiceFailed.isDone, 1000)
    expect(twiceFailed.failure().code).toBe('BROKER_UNREACHABLE')
    expect(network.dials.length).toBe(2)
    network.listen('kafka:9092', broker.accept)
    const twice = start(time.runtime, Effect.andThen(ask, ask))
    time.runFor(1000)
    expect(twice.value().errorCode).toBe(0)
    const input2 = { ...input, groupInstanceId: 'static' }
    const tooOld = connection.request('Heartbeat', input2, { timeoutMs: 5000, maxVersion: 2 })
    broker.streams.at(-1)!.destroy()
    time.runFor(1)
    const afterRefusal = start(
      time.runtime,
      Effect.catch(tooOld, () => ask),
    )
    time.runFor(1000)
    expect(afterRefusal.value().errorCode).toBe(0)
    broker.script = {}
    const closed = start(
      time.runtime,
      Effect.catch(ask, () => ask),
    )
    time.runFor(10)
    connection.close()
    expect(closed.failure()).toMatchObject({ code: 'CONNECTION_CLOSED' })
  })

  test('on a join connection an abandoned request gives way to the next one', () => {
    const { time, network, broker, heartbeat } = world({}, 'join')
    const parked = heartbeat(65_000)
    time.runFor(10)
    parked.interrupt()
    broker.script = { Heartbeat: () => ({ errorCode: 0 }) }
    const next = heartbeat(65_000)
    time.runFor(1000)
    expect(next.value().errorCode).toBe(0)
    expect([network.dials.length, network.openEnds()]).toEqual([2, 1])
  })
})

describe('tcp connection: addresses and closing', () => {
  test('a new address is dialed at once, without the old one’s back-off', () => {
    const { time, network, broker, heartbeat, move } = world()
    network.stopListening('kafka:9092')
    for (let attempt = 0; attempt < 6; attempt++) {
      time.runUntilTrue(heartbeat(20_000).isDone, 20_000)
    }
    network.listen('moved:9092', broker.accept)
    const call = heartbeat()
    const before = time.now
    move('moved')
    time.runUntilTrue(call.isDone, 1000)
    expect(call.value().errorCode).toBe(0)
    expect(time.now - before).toBeLessThan(5)
  })

  test('a dial to the old address is given up for the new one', () => {
    const { time, network, broker, heartbeat, move } = world()
    network.swallow('kafka:9092')
    network.listen('moved:9092', broker.accept)
    const call = heartbeat()
    time.runFor(100)
    move('moved')
    time.runFor(5)
    expect(call.value().errorCode).toBe(0)
    expect(network.openEnds()).toBe(1)
  })

  test('a stream that works is kept when the address changes', () => {
    const { time, network, broker, heartbeat, move } = world()
    heartbeat()
    time.runFor(5)
    network.listen('alias:9092', broker.accept)
    move('alias')
    const call = heartbeat()
    time.runFor(5)
    expect(call.value().errorCode).toBe(0)
    expect(network.dials.length).toBe(1)
  })

  for (const moment of ['dialing', 'negotiating', 'ready', 'backing off'] as const) {
    test(`close while ${moment}: callers fail, nothing stays open, no more dials`, () => {
      const { time, network, connection, heartbeat } = world({})
      if (moment === 'dialing') network.swallow('kafka:9092')
      if (moment === 'negotiating')
        network.listen('kafka:9092', (stream) => stream.onData(() => {}))
      if (moment === 'backing off') {
        network.stopListening('kafka:9092')
        time.runUntilTrue(heartbeat().isDone, 1000)
      }
      const call = heartbeat()
      time.runFor(5)
      const dials = network.dials.length
      connection.close()
      connection.close()
      expect(call.failure()).toMatchObject({ code: 'CONNECTION_CLOSED' })
      expect(heartbeat().failure()).toMatchObject({ code: 'CONNECTION_CLOSED' })
      time.runFor(60_000)
      expect([network.openEnds(), network.dials.length]).toEqual([0, dials])
    })
  }
})
