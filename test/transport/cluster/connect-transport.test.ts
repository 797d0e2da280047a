import { describe, expect, test } from 'vitest'
import { VirtualTime } from '../../../src/simulation/time/virtual-time.js'
import { ScriptedCluster } from '../fixtures/scripted-cluster.js'

const world = (nodeIds: readonly number[] = [1]) =>
  new ScriptedCluster(new VirtualTime('connect'), nodeIds)

describe('connecting to a cluster', () => {
  test('resolves after the first metadata, over one connection', () => {
    const cluster = world([1, 2, 3])
    const transport = cluster.connected()
    const view = transport.view()
    expect([...view.nodes.keys()]).toEqual([1, 2, 3])
    expect([view.clusterId, view.controllerId, view.topics.size]).toEqual(['cluster', 1, 0])
    expect(cluster.network.dials.length).toBe(1)
  })

  test('goes down the list to the first broker that answers', () => {
    const cluster = world([1, 2])
    cluster.stop(1)
    const connecting = cluster.connect({ brokers: ['kafka-1:9092', 'kafka-2:9092'] })
    cluster.time.runFor(5)
    expect(connecting.value().view().nodes.size).toBe(2)
  })

  test('a broker that swallows dials leaves time for the others', () => {
    const cluster = world([1, 2])
    cluster.network.swallow('kafka-1:9092')
    const connecting = cluster.connect({ brokers: ['kafka-1:9092', 'kafka-2:9092'] })
    cluster.time.runFor(5_010)
    expect(connecting.value().view().nodes.size).toBe(2)
  })

  test('waits for a broker that is only starting', () => {
    const cluster = world([1])
    cluster.stop(1)
    const connecting = cluster.connect()
    cluster.time.runFor(5000)
    expect(connecting.isDone()).toBe(false)
    cluster.restart(1)
    cluster.time.runFor(2000)
    expect(connecting.value().view().nodes.size).toBe(1)
  })

  test('a broker that names no brokers yet is asked again', () => {
    const cluster = world([1])
    const { addresses } = cluster
    const address = addresses.get(1)!
    addresses.clear()
    const connecting = cluster.connect()
    cluster.time.runFor(1000)
    expect(connecting.isDone()).toBe(false)
    addresses.set(1, address)
    cluster.time.runFor(2000)
    expect(connecting.value().view().nodes.size).toBe(1)
  })

  test('fails within connectTimeoutMs, naming every address and why; nothing stays open', () => {
    const cluster = world([1])
    cluster.stop(1)
    cluster.network.swallow('hole:9092')
    cluster.network.listen('mute:1', (stream) => stream.onData(() => {}))
    cluster.network.listen('rude:1', (stream) => stream.destroy())
    const connecting = cluster.connect({
      brokers: ['kafka-1:9092', 'hole', 'mute:1', 'rude:1'],
      connectTimeoutMs: 8000,
    })
    cluster.time.runUntil(7999)
    expect(connecting.isDone()).toBe(false)
    cluster.time.runUntil(8001)
    const error = connecting.failure()
    expect(error).toMatchObject({ code: 'BROKER_UNREACHABLE', retriable: true })
    expect(error.message).toMatch(/no broker answered Metadata within 8000 ms/)
    expect(error.message).toMatch(/kafka-1:9092: connection refused/)
    expect(error.message).toMatch(/hole:9092: timed out/)
    expect(error.message).toMatch(/mute:1: ApiVersions was not answered/)
    expect(error.message).toMatch(/rude:1: .*closed the connection/)
    expect(error.message).not.toMatch(/\n/)
    const dials = cluster.network.dials.length
    cluster.time.runFor(60_000)
    expect([cluster.network.openEnds(), cluster.network.dials.length]).toEqual([0, dials])
  })

  test('a broker too old for us fails at once, with the versions', () => {
    const cluster = world([1])
    cluster.broker(1).apis = [{ apiKey: 3, minVersion: 90, maxVersion: 91 }]
    const connecting = cluster.connect()
    cluster.time.runFor(100)
    expect(connecting.failure()).toMatchObject({ code: 'UNSUPPORTED_VERSION' })
    expect(connecting.failure().message).toMatch(/Metadata.*offers 90-91/)
    expect(cluster.network.openEnds()).toBe(0)
  })

  test('an interrupted connect leaves nothing open', () => {
    const cluster = world([1])
    cluster.network.latencyMs = 100
    const connecting = cluster.connect()
    cluster.time.runFor(150)
    expect(cluster.network.openEnds()).toBe(1)
    connecting.interrupt()
    cluster.time.runFor(60_000)
    expect([cluster.network.openEnds(), cluster.network.dials.length]).toEqual([0, 1])
  })

  test('bad settings are named', () => {
    const refused = (settings: object) => world().connect(settings).failure()
    expect(refused({ brokers: ['a:b'] })).toMatchObject({
      code: 'INVALID_CONFIG',
      address: { field: 'brokers[0]' },
    })
    expect(refused({ brokers: undefined })).toMatchObject({ address: { field: 'brokers' } })
    expect(refused({ connectTimeoutMs: 0 })).toMatchObject({
      code: 'INVALID_CONFIG',
      address: { field: 'connectTimeoutMs' },
    })
    expect(refused({ requestTimeoutMs: Number.NaN })).toMatchObject({ code: 'INVALID_CONFIG' })
  })
})
