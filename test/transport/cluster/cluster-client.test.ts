import { describe, expect, test } from 'vitest'
import { VirtualTime } from '../../../src/simulation/time/virtual-time.js'
import type {
  ClusterView,
  RequestOptions,
  Target,
  TransportService,
} from '../../../src/transport/transport.js'
import { type Running, start } from '../fixtures/running.js'
import { ScriptedCluster } from '../fixtures/scripted-cluster.js'

const control: RequestOptions = { purpose: 'control', owner: 'm', timeoutMs: 5000 }

const world = (nodeIds: readonly number[] = [1, 2, 3]) => {
  const time = new VirtualTime('cluster')
  const cluster = new ScriptedCluster(time, nodeIds)
  const transport = cluster.connected()
  const run = <A>(effect: Parameters<typeof start<A>>[1]): Running<A> => start(time.runtime, effect)
  const heartbeat = (target: Target, options: RequestOptions = control) =>
    run(
      transport.request(
        target,
        'Heartbeat',
        { groupId: 'g', generationId: 1, memberId: 'm' },
        options,
      ),
    )
  const metadata = (...args: Parameters<TransportService['metadata']>) =>
    run(transport.metadata(...args))
  const settle = <A>(running: Running<A>, limitMs = 60_000): Running<A> => {
    time.runUntilTrue(running.isDone, limitMs)
    return running
  }
  return { time, cluster, transport, run, heartbeat, metadata, settle }
}
const beats = (cluster: ScriptedCluster): readonly number[] =>
  [...cluster.brokers].flatMap(([id, broker]) => broker.of('Heartbeat').map(() => id))

describe('routing', () => {
  test('to a node, the controller, the coordinator, and any', () => {
    const { cluster, heartbeat, settle } = world()
    cluster.coordinators.set('g', 3)
    cluster.controllerId = 1
    for (const target of [
      { type: 'node', nodeId: 2 },
      { type: 'controller' },
      { type: 'coordinator', groupId: 'g' },
    ] as const) {
      expect(settle(heartbeat(target)).value()).toMatchObject({ errorCode: 0 })
    }
    expect(beats(cluster)).toEqual([1, 2, 3])
    expect(settle(heartbeat({ type: 'any' })).value()).toMatchObject({ errorCode: 0 })
  })

  test('a connection each for purpose, node and owner; released by owner', () => {
    const { time, cluster, transport, heartbeat, settle } = world([1])
    const open = () => cluster.network.openEnds()
    const target: Target = { type: 'node', nodeId: 1 }
    const before = open()
    settle(heartbeat(target, { purpose: 'fetch', timeoutMs: 1000 }))
    settle(heartbeat(target, { purpose: 'fetch', timeoutMs: 1000 }))
    expect(open()).toBe(before + 1)
    settle(heartbeat(target, { purpose: 'control', owner: 'a', timeoutMs: 1000 }))
    settle(heartbeat(target, { purpose: 'join', owner: 'a', timeoutMs: 1000 }))
    settle(heartbeat(target, { purpose: 'control', owner: 'b', timeoutMs: 1000 }))
    expect(open()).toBe(before + 4)
    transport.release('a')
    time.runFor(10)
    expect(open()).toBe(before + 2)
    settle(heartbeat(target, { purpose: 'control', owner: 'a', timeoutMs: 1000 }))
    expect(open()).toBe(before + 3)
  })

  test('release fails what its owner has under way', () => {
    const { time, cluster, transport, heartbeat } = world([1])
    cluster.broker(1).script = {}
    const parked = heartbeat({ type: 'node', nodeId: 1 })
    time.runFor(10)
    transport.release('m')
    expect(parked.failure()).toMatchObject({ code: 'CONNECTION_CLOSED' })
  })

  test('join and control need an owner', () => {
    const { heartbeat } = world([1])
    const call = heartbeat({ type: 'any' }, { purpose: 'join', timeoutMs: 1000 })
    expect(call.failure()).toMatchObject({ code: 'INVALID_ARGUMENT', address: { field: 'owner' } })
  })

  test('a node that is not known is asked for, then named', () => {
    const { cluster, heartbeat, settle } = world([1])
    const before = cluster.metadataRequests
    const call = settle(heartbeat({ type: 'node', nodeId: 9 }))
    expect(call.failure()).toMatchObject({ code: 'BROKER_UNREACHABLE', retriable: true })
    expect(call.failure().message).toMatch(/broker 9 is not in the cluster/)
    expect(cluster.metadataRequests).toBe(before + 1)
  })

  test('no controller to be seen: any broker', () => {
    const { cluster, transport, heartbeat, metadata, settle } = world()
    cluster.controllerId = -1
    transport.invalidate()
    settle(metadata([]))
    expect(settle(heartbeat({ type: 'controller' })).value()).toMatchObject({ errorCode: 0 })
  })

  test('any: a broker that cannot be reached is passed over', () => {
    const { cluster, heartbeat, settle } = world()
    cluster.stop(1)
    cluster.stop(2)
    expect(settle(heartbeat({ type: 'any' })).value()).toMatchObject({ errorCode: 0 })
    expect(beats(cluster)).toEqual([3])
  })

  test('any: a request that may have been taken is not sent to a second broker', () => {
    const { time, cluster, heartbeat, settle } = world()
    for (const broker of cluster.brokers.values()) {
      broker.script = { Heartbeat: (_, { hangUp }) => void hangUp() as undefined }
    }
    const call = settle(heartbeat({ type: 'any' }))
    expect(call.failure()).toMatchObject({ code: 'CONNECTION_CLOSED', retriable: true })
    time.runFor(5000)
    expect(beats(cluster).length).toBe(1)
  })
})

describe('coordinators', () => {
  test('looked up once for all, kept, and looked up again when forgotten', () => {
    const { time, cluster, transport, run } = world()
    cluster.coordinators.set('g', 2)
    const asked = () =>
      [...cluster.brokers.values()].flatMap((each) => each.of('FindCoordinator')).length
    const calls = [1, 2, 3].map(() => run(transport.coordinator('g', 1000)))
    time.runFor(100)
    for (const call of calls) expect(call.value()).toMatchObject({ node: { nodeId: 2 } })
    expect(asked()).toBe(1)
    run(transport.coordinator('g', 1000))
    transport.forgetCoordinator('g')
    run(transport.coordinator('g', 1000))
    time.runFor(100)
    expect(asked()).toBe(2)
  })

  test('franz-go #650: an interrupted caller does not take the look-up from the others', () => {
    const { time, cluster, transport, run } = world()
    cluster.coordinators.set('g', 2)
    cluster.network.latencyMs = 50
    const first = run(transport.coordinator('g', 10_000))
    const second = run(transport.coordinator('g', 10_000))
    time.settle()
    first.interrupt()
    time.runFor(5000)
    expect(second.value()).toMatchObject({ node: { nodeId: 2 } })
  })

  test('a caller’s deadline is its own', () => {
    const { time, cluster, transport, run } = world()
    for (const broker of cluster.brokers.values()) {
      broker.script = { ...broker.script, FindCoordinator: () => undefined }
    }
    const impatient = run(transport.coordinator('g', 100))
    const patient = run(transport.coordinator('g', 20_000))
    time.runFor(100)
    expect(impatient.failure()).toMatchObject({
      code: 'REQUEST_TIMED_OUT',
      retriable: true,
      address: { group: 'g' },
    })
    expect(patient.isDone()).toBe(false)
  })

  test('an error code is data for the look-up, and a named error for a request', () => {
    const { cluster, transport, run, heartbeat, settle } = world()
    cluster.coordinatorError = 15
    expect(settle(run(transport.coordinator('g', 1000))).value()).toEqual({ errorCode: 15 })
    expect(settle(heartbeat({ type: 'coordinator', groupId: 'g' })).failure()).toMatchObject({
      code: 'BROKER_ERROR',
      kafkaError: 'COORDINATOR_NOT_AVAILABLE',
      retriable: true,
      address: { group: 'g' },
    })
    cluster.coordinatorError = 0
    cluster.coordinators.set('g', 1)
    expect(settle(heartbeat({ type: 'coordinator', groupId: 'g' })).value()).toBeDefined()
  })

  test('the older shape of the request works too', () => {
    const { cluster, transport, run, settle } = world([1])
    cluster.coordinators.set('g', 1)
    cluster.broker(1).apis = [
      { apiKey: 10, minVersion: 0, maxVersion: 3 },
      { apiKey: 3, minVersion: 0, maxVersion: 3 },
    ]
    cluster.stop(1)
    cluster.restart(1)
    expect(settle(run(transport.coordinator('g', 5000))).value()).toMatchObject({
      node: { nodeId: 1, host: 'kafka-1', port: 9092 },
    })
    expect(cluster.broker(1).last('FindCoordinator').version).toBe(3)
  })

  test('an answer that names no broker is refused', () => {
    const { cluster, transport, run, settle } = world([1])
    cluster.broker(1).script = {
      FindCoordinator: () => ({
        coordinators: [
          { key: 'g', errorCode: 0, errorMessage: null, nodeId: -1, host: '', port: -1 },
        ],
      }),
    }
    const call = settle(run(transport.coordinator('g', 5000)))
    expect(call.failure()).toMatchObject({ code: 'MALFORMED_MESSAGE' })
  })

  test('a coordinator that goes away is forgotten, and found at another broker', () => {
    const { time, cluster, heartbeat, settle } = world()
    cluster.coordinators.set('g', 3)
    const target: Target = { type: 'coordinator', groupId: 'g' }
    settle(heartbeat(target))
    cluster.stop(3)
    cluster.coordinators.set('g', 2)
    time.runFor(10)
    expect(settle(heartbeat(target)).failure()).toMatchObject({ retriable: true })
    expect(settle(heartbeat(target)).value()).toMatchObject({ errorCode: 0 })
    expect(beats(cluster)).toEqual([2, 3])
  })
})

describe('metadata', () => {
  test('from the cache while it is young, error-free and not invalidated', () => {
    const { time, cluster, transport, metadata, settle } = world()
    cluster.topics.set('events', [1, 2])
    const before = cluster.metadataRequests
    const asked = () => cluster.metadataRequests - before
    const view = settle(metadata(['events'])).value()
    expect(view.topics.get('events')!.partitions.map(({ leader }) => leader)).toEqual([1, 2])
    expect(metadata(['events']).value()).toBe(view)
    expect(asked()).toBe(1)
    time.runFor(300_001)
    settle(metadata(['events']))
    expect(asked()).toBe(2)
    transport.invalidate()
    settle(metadata(['events']))
    expect(asked()).toBe(3)
    time.runFor(50)
    settle(metadata(['events'], { maxAgeMs: 49 }))
    expect(asked()).toBe(4)
    settle(metadata(['events', 'missing']))
    settle(metadata(['missing']))
    expect(asked()).toBe(6)
  })

  test('concurrent callers share requests: one under way, one for all the rest', () => {
    const { time, cluster, metadata } = world()
    for (const name of ['a', 'b', 'c']) cluster.topics.set(name, [1])
    const before = cluster.metadataRequests
    const calls = [['a'], ['a'], ['b'], ['c', 'b'], ['a']].map((topics) => metadata(topics))
    time.runFor(100)
    for (const call of calls) expect(call.value().nodes.size).toBe(3)
    expect(cluster.metadataRequests - before).toBe(2)
  })

  test('an answer asked for before an invalidation does not serve a caller after it', () => {
    const { time, cluster, transport, metadata } = world()
    cluster.topics.set('a', [1])
    cluster.network.latencyMs = 10
    const before = cluster.metadataRequests
    const early = metadata(['a'])
    transport.invalidate()
    cluster.time.settle()
    const late = metadata(['a'])
    time.runFor(5000)
    expect([early.isDone(), late.isDone()]).toEqual([true, true])
    expect(cluster.metadataRequests - before).toBe(2)
  })

  test('an interrupted caller leaves the request to the others', () => {
    const { time, cluster, metadata } = world()
    cluster.topics.set('a', [1])
    const first = metadata(['a'])
    const second = metadata(['a'])
    first.interrupt()
    time.runFor(100)
    expect(second.value().topics.get('a')!.errorCode).toBe(0)
  })

  test('may create topics only when told so, and never by way of somebody else’s request', () => {
    const { time, cluster, metadata } = world([1])
    metadata(['mine'], { allowAutoTopicCreation: true })
    metadata(['theirs'])
    time.runFor(100)
    const bodies = cluster
      .broker(1)
      .of('Metadata')
      .slice(1)
      .map(({ body }) => body)
    expect(bodies).toMatchObject([
      { topics: [{ name: 'mine' }], allowAutoTopicCreation: true },
      { topics: [{ name: 'theirs' }], allowAutoTopicCreation: false },
    ])
  })

  test('all topics', () => {
    const { cluster, metadata, settle } = world()
    cluster.topics.set('a', [1]).set('b', [2])
    expect([...settle(metadata('all')).value().topics.keys()]).toEqual(['a', 'b'])
    cluster.topics.delete('a')
    const view = settle(metadata('all', { maxAgeMs: -1 })).value()
    expect([...view.topics.keys()]).toEqual(['b'])
  })

  test('watchers hear of each change, one after the other, also behind one that throws', () => {
    const { cluster, transport, metadata, settle } = world()
    const heard: ClusterView[] = []
    transport.watch(() => {
      throw new Error('a bug of the user')
    })
    const stop = transport.watch((view) => heard.push(view))
    cluster.topics.set('a', [1])
    settle(metadata(['a']))
    settle(metadata(['a'], { maxAgeMs: -1 }))
    cluster.topics.set('a', [2])
    cluster.leaderEpoch++
    settle(metadata(['a'], { maxAgeMs: -1 }))
    expect(heard.map(({ revision }) => revision)).toEqual([2, 3])
    expect(heard[1]).toBe(transport.view())
    stop()
    cluster.topics.set('a', [3])
    cluster.leaderEpoch++
    settle(metadata(['a'], { maxAgeMs: -1 }))
    expect(heard.length).toBe(2)
  })

  test('a broken answer leaves the view as it was, and the next broker is asked', () => {
    const { cluster, transport, metadata, settle } = world([1, 2])
    const view = transport.view()
    const broken = { ...cluster.metadata([]), brokers: [{ nodeId: -4, host: 'x', port: 1 }] }
    cluster.broker(1).script = { Metadata: () => broken }
    const call = settle(metadata([], { maxAgeMs: -1 }))
    expect(call.value()).toBe(view)
    cluster.broker(2).script = { Metadata: () => broken }
    const failed = settle(metadata([], { maxAgeMs: -1 }))
    expect(failed.failure()).toMatchObject({ code: 'MALFORMED_MESSAGE' })
    expect(transport.view()).toBe(view)
  })

  test('a connection that works is preferred to dialing another broker', () => {
    const { cluster, metadata, settle } = world([1, 2, 3])
    for (let time = 0; time < 3; time++) settle(metadata([], { maxAgeMs: -1 }))
    expect(cluster.network.dials.length).toBe(1)
  })

  test('a half-open broker does not use up the whole deadline', () => {
    const { cluster, metadata, settle } = world([1, 2])
    cluster.network.ends[0]!.goSilent()
    const call = settle(metadata([], { maxAgeMs: -1 }), 29_000)
    expect(call.value().nodes.size).toBe(2)
  })
})

describe('a cluster that moves', () => {
  test('a node that came back under another address is found there', () => {
    const { time, cluster, heartbeat, metadata, settle } = world([1, 2])
    const target: Target = { type: 'node', nodeId: 2 }
    settle(heartbeat(target))
    cluster.moveTo(2, 'elsewhere')
    time.runFor(10)
    expect(settle(heartbeat(target)).failure()).toMatchObject({ code: 'BROKER_UNREACHABLE' })
    settle(metadata([]))
    expect(settle(heartbeat(target)).value()).toMatchObject({ errorCode: 0 })
    expect(cluster.network.dialsTo('elsewhere:9092')).toBe(1)
  })

  test('a request that waits for the back-off of an old address goes to the new one at once', () => {
    const { time, cluster, heartbeat, metadata, settle } = world([1, 2])
    const target: Target = { type: 'node', nodeId: 2 }
    cluster.stop(2)
    for (let attempt = 0; attempt < 8; attempt++) settle(heartbeat(target))
    const waiting = heartbeat(target)
    cluster.moveTo(2, 'elsewhere')
    const before = time.now
    settle(metadata([], { maxAgeMs: -1 }))
    settle(waiting)
    expect(waiting.value()).toMatchObject({ errorCode: 0 })
    expect(time.now - before).toBeLessThan(10)
  })

  test('two nodes swap addresses', () => {
    const { time, cluster, heartbeat, metadata, settle } = world([1, 2, 3])
    for (const nodeId of [2, 3]) settle(heartbeat({ type: 'node', nodeId }))
    cluster.stop(2)
    cluster.stop(3)
    cluster.addresses
      .set(2, { host: 'kafka-3', port: 9092 })
      .set(3, { host: 'kafka-2', port: 9092 })
    cluster.restart(2)
    cluster.restart(3)
    time.runFor(10)
    settle(metadata([], { maxAgeMs: -1 }))
    for (const nodeId of [2, 3]) settle(heartbeat({ type: 'node', nodeId })).value()
    expect(beats(cluster)).toEqual([2, 2, 3, 3])
  })

  test('when all known nodes are gone, the bootstrap list finds the cluster again', () => {
    const time = new VirtualTime('moved')
    const cluster = new ScriptedCluster(time, [1, 2])
    const transport = cluster.connected({ brokers: ['bootstrap:9092', 'kafka-1:9092'] })
    cluster.moveTo(1, 'new-1')
    cluster.moveTo(2, 'new-2')
    cluster.network.listen('bootstrap:9092', cluster.broker(1).accept)
    time.runFor(10)
    const call = start(time.runtime, transport.metadata([], { maxAgeMs: -1 }))
    time.runUntilTrue(call.isDone, 30_000)
    expect([...call.value().nodes.values()].map(({ host }) => host)).toEqual(['new-1', 'new-2'])
  })

  test('a broker that left the cluster is not dialed any more', () => {
    const { time, cluster, heartbeat, metadata, settle } = world([1, 2])
    settle(heartbeat({ type: 'node', nodeId: 2 }))
    cluster.stop(2)
    cluster.addresses.delete(2)
    time.runFor(10)
    const waiting = heartbeat({ type: 'node', nodeId: 2 }, { ...control, timeoutMs: 60_000 })
    const dials = cluster.network.dialsTo('kafka-2:9092')
    settle(metadata([], { maxAgeMs: -1 }))
    expect(waiting.failure()).toMatchObject({ code: 'CONNECTION_CLOSED', retriable: true })
    time.runFor(60_000)
    expect(cluster.network.dialsTo('kafka-2:9092')).toBe(dials)
  })
})

describe('closing', () => {
  test('everything under way fails, everything after too; nothing stays open or dials again', () => {
    const { time, cluster, transport, run, heartbeat, metadata } = world()
    for (const broker of cluster.brokers.values()) broker.script = {}
    const calls = [
      heartbeat({ type: 'node', nodeId: 1 }),
      heartbeat({ type: 'any' }),
      heartbeat({ type: 'coordinator', groupId: 'g' }),
      heartbeat({ type: 'node', nodeId: 9 }),
      metadata(['a']),
      metadata(['b']),
      metadata('all'),
      run(transport.coordinator('g', 1000)),
    ]
    time.runFor(10)
    run(transport.close).value()
    run(transport.close).value()
    time.settle()
    calls.push(heartbeat({ type: 'any' }), metadata([]), run(transport.coordinator('g', 1000)))
    for (const call of calls) expect(call.failure()).toMatchObject({ code: 'CONNECTION_CLOSED' })
    time.runFor(1)
    const dials = cluster.network.dials.length
    time.runFor(120_000)
    expect([cluster.network.openEnds(), cluster.network.dials.length]).toEqual([0, dials])
  })
})
