import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { AnyActorRef, InspectionEvent } from 'xstate'
import { type EmbeddedBroker, startBroker } from '../../src/broker/index.js'
import { type Bus, connect } from '../../src/connect.js'
import type { ConsumerOptions } from '../../src/consumer/config.js'
import type { Consumer } from '../../src/consumer/consumer.js'
import type { TopicPartition } from '../../src/domain/topic-partition.js'
import { realRuntime } from '../../src/runtime/runtime.js'
import { completeRequest } from '../../src/transport/protocol/registry.js'
import { batchBytes } from './fixtures/parts.js'

/** The public consumer against a broker in this process; what "done" means is in done.test.ts. */
let broker: EmbeddedBroker
let bus: Bus

const begin = async (settings: object = {}): Promise<void> => {
  broker = await startBroker({
    topics: { events: { partitions: 2 }, one: { partitions: 1 } },
    ...settings,
  })
  bus = await connect({ brokers: broker })
}

beforeEach(() => begin())

afterEach(async () => {
  await bus.close().catch(() => undefined)
  await broker.close()
})

const times = { heartbeatIntervalMs: 20, sessionTimeoutMs: 5_000, rebalanceTimeoutMs: 4_000 }

const member = (options: Partial<ConsumerOptions> = {}): Consumer =>
  bus.consumer({ groupId: 'group', topics: ['one'], autoCommit: false, ...times, ...options })

const turn = (): Promise<void> => new Promise(setImmediate)
const until = async (isSo: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await isSo())) await turn()
}

const send = async (topic: string, count: number, partition = 0): Promise<void> => {
  const producer = bus.producer()
  const records = Array.from({ length: count }, (_, index) => ({ value: `v${index}`, partition }))
  await producer.send(topic, records)
  await producer.close()
}

const committed = async (topic = 'one'): Promise<number | null> => {
  const offsets = await bus.admin().groupOffsets('group')
  return offsets.find((at) => at.topic === topic && at.partition === 0)?.committedOffset ?? null
}

const gate = () => {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, opened }
}

/** True when it settles before the event loop has turned a hundred times. */
const settlesSoon = async (promise: Promise<unknown>): Promise<boolean> => {
  let isSettled = false
  const note = (): void => {
    isSettled = true
  }
  promise.then(note, note)
  for (let turns = 0; turns < 100 && !isSettled; turns++) await turn()
  return isSettled
}

describe('the lifecycle', () => {
  test('is told step by step, and can be watched at its actor', async () => {
    const steps: string[] = []
    const consumer = member({ onStateChange: (now, before) => void steps.push(`${before}>${now}`) })
    const watched: string[] = []
    const subscription = consumer.actor.subscribe(({ value }) => {
      watched.push(JSON.stringify(value))
    })
    expect(consumer.state).toBe('idle')
    await consumer.subscribe()
    expect(consumer.assignment()).toEqual([{ topic: 'one', partition: 0 }])
    await consumer.close()
    expect(steps).toEqual(
      ['idle', 'joining', 'syncing', 'stable', 'leaving', 'left'].flatMap((now, at, all) =>
        at === 0 ? [] : [`${all[at - 1]}>${now}`],
      ),
    )
    expect(consumer.actor.id).toBe('streambus#1')
    expect(watched).toContain('"stable"')
    subscription.unsubscribe()
  })

  test('a configuration that the group refuses fails it, and every way to read says so', async () => {
    await member().subscribe()
    const other = member({ assignmentStrategy: 'sticky' })
    const refused = { code: 'GROUP_REFUSED', address: { group: 'group' } }
    await expect(other.subscribe()).rejects.toMatchObject(refused)
    expect(other.state).toBe('failed')
    expect(other.error).toMatchObject(refused)
    await expect(other.poll()).rejects.toBe(other.error)
    await expect(other.commit()).rejects.toBe(other.error)
    await other.close()
    expect(other.state).toBe('left')
  })

  test('after close it can be read no more, and closing again is the same close', async () => {
    const consumer = member()
    await consumer.poll({ timeoutMs: 0 })
    await consumer.close()
    await consumer.close()
    await expect(consumer.poll()).rejects.toMatchObject({ code: 'CONSUMER_CLOSED' })
    await expect(consumer.subscribe()).rejects.toMatchObject({ code: 'CONSUMER_CLOSED' })
    await expect(member().close()).resolves.toBeUndefined()
  })

  test('another subscription replaces the former one', async () => {
    const revoked: string[] = []
    const consumer = member({
      assignmentStrategy: 'cooperative-sticky',
      onPartitionsRevoked: (tps) => void revoked.push(...tps.map(({ topic }) => topic)),
    })
    await consumer.subscribe()
    await consumer.subscribe({ topics: ['events'] })
    await until(() => consumer.assignment().length === 2)
    expect(consumer.assignment().map(({ topic }) => topic)).toEqual(['events', 'events'])
    expect(revoked).toEqual(['one'])
  })
})

describe('closing while something waits', () => {
  test('a close inside a callback begins it and does not wait for itself', async () => {
    let inside = 'not called'
    const consumer: Consumer = member({
      onPartitionsAssigned: async () => {
        await consumer.close()
        inside = consumer.state
      },
    })
    await expect(consumer.subscribe()).rejects.toMatchObject({ code: 'CONSUMER_CLOSED' })
    await until(() => consumer.state === 'left')
    expect(inside).toBe('leaving')
  })

  test('a close by a worker that a callback has started waits like any other', async () => {
    const work = gate()
    let worker: Promise<string> | undefined
    const consumer: Consumer = member({
      onPartitionsAssigned: () => {
        worker = work.opened.then(async () => {
          await consumer.close()
          return consumer.state
        })
      },
      onPartitionsRevoked: turn,
    })
    await consumer.subscribe()
    work.open()
    expect(await worker).toBe('left')
  })

  test('the first poll, which still joins, returns empty', async () => {
    const consumer = member()
    const waiting = consumer.poll({ timeoutMs: 60_000 })
    await consumer.close()
    expect((await waiting).isEmpty).toBe(true)
  })
})

describe('the first call, while the group makes it wait', () => {
  beforeEach(async () => {
    await bus.close()
    await broker.close()
    await begin({ groupInitialRebalanceDelayMs: 60_000 })
  })
  afterEach(() => bus.close().catch(() => undefined))

  test('poll keeps its time', async () => {
    const consumer = member()
    expect(await settlesSoon(consumer.poll({ timeoutMs: 0 }))).toBe(true)
  })

  test('poll rejects with the reason of its signal', async () => {
    const controller = new AbortController()
    const waiting = member().poll({ signal: controller.signal })
    controller.abort(new Error('enough'))
    expect(await settlesSoon(waiting)).toBe(true)
  })

  test('iteration rejects with the reason of its signal', async () => {
    const controller = new AbortController()
    const waiting = member().records({ signal: controller.signal }).next()
    controller.abort(new Error('enough'))
    expect(await settlesSoon(waiting)).toBe(true)
  })
})

describe('aborting', () => {
  test('iteration rejects with the reason of its signal, waiting or between two records', async () => {
    const reason = new Error('enough')
    const waitingOne = new AbortController()
    const consumer = member()
    await consumer.subscribe()
    const waiting = consumer.records({ signal: waitingOne.signal }).next()
    waitingOne.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    await send('one', 3)
    const between = new AbortController()
    const records = consumer.records({ signal: between.signal })
    expect((await records.next()).value).toMatchObject({ offset: 0 })
    between.abort(reason)
    await expect(records.next()).rejects.toBe(reason)
    expect(await records.next()).toEqual({ done: true, value: undefined })
  })
})

describe('auto-commit', () => {
  test('stores what is finished, never what was only handed out', async () => {
    await send('one', 6)
    const consumer = member({ autoCommit: true, autoCommitIntervalMs: 1 })
    await consumer.poll({ maxRecords: 3 })
    // The place where it began is stored; the three in hand are not.
    await until(async () => (await committed()) !== null)
    expect(await committed()).toBe(0)
    await consumer.poll({ maxRecords: 3 })
    await until(async () => (await committed()) !== 0)
    expect(await committed()).toBe(3)
    await consumer.poll({ timeoutMs: 0 })
    await until(async () => (await committed()) === 6)
  })
})

describe('two consumers in one process', () => {
  const settled = async (consumers: readonly Consumer[], counts: readonly number[]) => {
    const areThere = (): boolean =>
      consumers.every((one, at) => one.state === 'stable' && one.assignment().length === counts[at])
    while (!areThere()) await Promise.all(consumers.map((one) => one.poll({ timeoutMs: 5 })))
  }

  test('share the partitions, and who stays takes over what a leaver had', async () => {
    const first = member({ topics: ['events'] })
    const second = member({ topics: ['events'] })
    await settled([first, second], [1, 1])
    const places = [...first.assignment(), ...second.assignment()].map(({ partition }) => partition)
    expect(places.sort()).toEqual([0, 1])
    await second.close()
    await settled([first], [2])
    await send('events', 2, 0)
    await send('events', 2, 1)
    const seen: string[] = []
    while (seen.length < 4) {
      for (const { partition, offset } of await first.poll()) seen.push(`${partition}:${offset}`)
    }
    expect(seen.sort()).toEqual(['0:0', '0:1', '1:0', '1:1'])
  })

  test('cooperative: the partition that stays is read on while the other is handed over', async () => {
    const handOver = gate()
    let moved: TopicPartition | undefined
    const options = { topics: ['events'], assignmentStrategy: 'cooperative-sticky' }
    const first = member({
      ...options,
      onPartitionsRevoked: async ([tp]) => {
        moved = tp
        await handOver.opened
      },
    })
    await settled([first], [2])
    const second = member(options)
    const joining = second.subscribe()
    while (moved === undefined) await first.poll({ timeoutMs: 5 })
    expect(first.state).toBe('rebalancing')
    const kept = moved.partition === 0 ? 1 : 0
    const seen: string[] = []
    for (let round = 0; round < 5; round++) {
      await send('events', 1, kept)
      await send('events', 1, moved.partition)
      for (const record of await first.poll({ timeoutMs: 1_000 })) {
        seen.push(`${record.partition}:${record.offset}`)
      }
    }
    expect(seen).toEqual([0, 1, 2, 3, 4].map((offset) => `${kept}:${offset}`))
    handOver.open()
    await joining
    const there: number[] = []
    while (there.length < 5) {
      await first.poll({ timeoutMs: 5 })
      for (const record of await second.poll({ timeoutMs: 5 })) there.push(record.offset)
    }
    expect(second.assignment()).toEqual([moved])
    expect(first.assignment()).toEqual([{ topic: 'events', partition: kept }])
    expect(there).toEqual([0, 1, 2, 3, 4])
  })
})

describe('several consumers of one bus', () => {
  // Generous: without anybody in the way it takes a few turns of the event loop.
  const arrivesSoon = async (consumer: Consumer): Promise<boolean> => {
    await consumer.poll({ timeoutMs: 0 })
    const waiting = consumer.poll({ timeoutMs: 5_000 })
    await send('events', 1)
    return settlesSoon(waiting)
  }

  test('a record arrives as soon as it is there', async () => {
    expect(await arrivesSoon(member({ topics: ['events'] }))).toBe(true)
  })

  test('also while another consumer has nothing to read', async () => {
    const idle = member({ groupId: 'other', fetchMaxWaitMs: 2_000 })
    await idle.subscribe()
    await idle.poll({ timeoutMs: 0 })
    expect(await arrivesSoon(member({ topics: ['events'] }))).toBe(true)
  })
})

describe('what can be seen', () => {
  test('statistics and lag are null while unknown, which is not zero', async () => {
    await send('one', 5)
    const consumer = member()
    expect(consumer.stats()).toMatchObject({ state: 'idle', partitions: [], heartbeats: 0 })
    await consumer.subscribe()
    const [early] = consumer.lag()
    expect([null, 5]).toContain(early!.records)
    await consumer.poll({ maxRecords: 2 })
    expect(consumer.lag()).toEqual([{ topic: 'one', partition: 0, records: 3 }])
    expect(consumer.stats()).toMatchObject({
      state: 'stable',
      groupId: 'group',
      isLeader: true,
      protocol: 'range',
      rebalances: 1,
      ignoredEvents: 0,
      recordsHandedOut: 2,
      lastRebalanceCause: { what: 'this member joins', evidence: 'observed' },
      partitions: [{ position: 2, committed: null, highWatermark: 5, positionLag: 3 }],
    })
  })

  test('`inspect` may be an observer, as Stately’s inspectors give it', async () => {
    const types: string[] = []
    const consumer = member({ inspect: { next: ({ type }) => types.push(type) } })
    await consumer.subscribe()
    expect(types).toContain('@xstate.snapshot')
    const wrong = { inspect: 'yes' } as unknown as Partial<ConsumerOptions>
    expect(() => member(wrong)).toThrow(/inspect: Expected a function or an observer/)
  })

  test('`inspect` sees the member, what it invokes, and every partition', async () => {
    const events: InspectionEvent[] = []
    const consumer = member({ topics: ['events'], inspect: (event) => events.push(event) })
    await consumer.subscribe()
    await consumer.close()
    const ids = new Set(
      events.flatMap(({ type, actorRef }) =>
        type === '@xstate.event' ? [(actorRef as AnyActorRef).id] : [],
      ),
    )
    const expected = ['streambus#1', 'streambus#1/events-0', 'streambus#1/events-1']
    for (const id of [...expected, 'joinGroup', 'syncGroup', 'heartbeat', 'leaveGroup']) {
      expect(ids).toContain(id)
    }
    const roots = new Set(events.map(({ rootId }) => rootId))
    expect(roots.size).toBe(3)
  })
})

describe('no record passes through a machine', () => {
  test('two hundred thousand records: fewer than two events a fetched batch', async () => {
    const BATCHES = 2_000
    const PER_BATCH = 100
    const { topics } = (await ask('Metadata', { topics: [{ name: 'one' }] })) as {
      topics: readonly { topicId: string }[]
    }
    const records = batchBytes(0, PER_BATCH)
    for (let batch = 0; batch < BATCHES; batch++) {
      await ask('Produce', {
        acks: -1,
        timeoutMs: 1_000,
        topicData: [
          { name: 'one', topicId: topics[0]!.topicId, partitionData: [{ index: 0, records }] },
        ],
      })
    }
    let events = 0
    // In one process all of this comes without a turn of the event loop, and without a heartbeat.
    const consumer = member({
      sessionTimeoutMs: 60_000,
      rebalanceTimeoutMs: 60_000,
      inspect: ({ type }) => {
        if (type === '@xstate.event') events++
      },
    })
    let seen = 0
    for await (const _ of consumer.records({ until: 'end' })) seen++
    expect(seen).toBe(BATCHES * PER_BATCH)
    const { fetches } = consumer.stats()
    const perMillion = Math.round((events / seen) * 1_000_000)
    console.info(
      `${events} events and ${fetches} fetches for ${seen} records in ${BATCHES} batches: ` +
        `${perMillion} events a million records`,
    )
    expect(events).toBeLessThan(2 * BATCHES)
    // Two a fetch, and the way into the group.
    expect(events).toBeLessThan(2 * fetches + 100)
  })
})

const ask = (api: 'Metadata' | 'Produce', input: object): Promise<unknown> =>
  realRuntime().promise(
    broker.handle(api, completeRequest(api, input as never) as never, {
      apiVersion: 12,
      clientId: 'test',
      clientHost: 'test',
    }),
  )
