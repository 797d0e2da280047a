import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type EmbeddedBroker, startBroker } from '../../src/broker/index.js'
import { type Bus, connect } from '../../src/connect.js'
import type { StreamBusError } from '../../src/domain/errors.js'

let broker: EmbeddedBroker
let bus: Bus

beforeEach(async () => {
  broker = await startBroker({ topics: { events: { partitions: 2 } } })
  bus = await connect({ brokers: broker })
})

afterEach(async () => {
  await bus.close()
  await broker.close()
})

const errorOf = (promise: Promise<unknown>): Promise<StreamBusError> =>
  promise.then(
    () => {
      throw new Error('expected an error')
    },
    (error: StreamBusError) => error,
  )

/** `count` records for each partition of `events`. */
const fill = async (count: number, timestampMs?: number) => {
  const time = timestampMs === undefined ? {} : { timestampMs }
  const records = Array.from({ length: count * 2 }, (_, index) => ({
    value: `${index}`,
    partition: index % 2,
    ...time,
  }))
  await bus.producer().send('events', records)
}

const inGroup = async <A>(groupId: string, whileMember: () => Promise<A>): Promise<A> => {
  const consumer = bus.consumer({ groupId, topics: ['events'], clientId: 'reader' })
  await consumer.subscribe()
  try {
    return await whileMember()
  } finally {
    await consumer.close()
  }
}

describe('topics', () => {
  it('creates, lists, describes and deletes', async () => {
    const admin = bus.admin()
    await admin.createTopic('orders', { partitions: 3, configs: { 'max.message.bytes': '2000' } })
    expect(await admin.listTopics()).toMatchObject([
      { name: 'events', partitions: 2 },
      { name: 'orders', partitions: 3 },
    ])
    await fill(5)
    const [orders, events] = await admin.describeTopics(['orders', 'events'])
    expect(orders).toMatchObject({ name: 'orders', partitions: [{}, {}, {}] })
    expect(events!.partitions).toMatchObject([
      { partition: 0, leader: 1, replicas: [1], earliestOffset: 0, latestOffset: 5 },
      { partition: 1, leader: 1, replicas: [1], earliestOffset: 0, latestOffset: 5 },
    ])
    await admin.deleteTopics(['orders'])
    expect((await admin.listTopics()).map(({ name }) => name)).toEqual(['events'])
  })

  it('can be written to as soon as it is created', async () => {
    await bus.admin().createTopics([{ name: 'a', partitions: 1 }, { name: 'b' }])
    const sent = await Promise.all(
      ['a', 'b'].map((name) => bus.producer().send(name, { value: 'x' })),
    )
    expect(sent.map(({ offset }) => offset)).toEqual([0, 0])
  })

  it('says what is wrong, at once', async () => {
    const admin = bus.admin()
    const errors = await Promise.all(
      [
        admin.createTopic('events'),
        admin.createTopic('a b'),
        admin.createTopic('few', { partitions: 0 }),
        admin.createTopic('many', { replicationFactor: 3 }),
        admin.createTopic('odd', { configs: { 'no.such.config': '1' } }),
        admin.describeTopics(['events', 'nowhere']),
        admin.deleteTopics(['nowhere']),
      ].map(errorOf),
    )
    expect(errors.map(({ code }) => code)).toEqual([
      'TOPIC_EXISTS',
      'INVALID_ARGUMENT',
      'INVALID_ARGUMENT',
      'INVALID_ARGUMENT',
      'INVALID_ARGUMENT',
      'UNKNOWN_TOPIC',
      'UNKNOWN_TOPIC',
    ])
    expect(errors[0]!.address.topic).toBe('events')
    expect(errors[5]!.message).toMatch(/nowhere/)
    expect(errors[6]!.message).toMatch(/nowhere/)
  }, 5_000)
})

describe('cluster', () => {
  it('describes itself', async () => {
    expect(await bus.admin().describeCluster()).toMatchObject({
      clusterId: broker.clusterId,
      controllerId: 1,
      brokers: [{ nodeId: 1 }],
    })
  })
})

describe('groups', () => {
  it('lists and describes members with their assignment, and the coordinator', async () => {
    const admin = bus.admin()
    await inGroup('readers', async () => {
      expect(await admin.listGroups()).toMatchObject([
        { groupId: 'readers', protocolType: 'consumer', state: 'Stable' },
      ])
      expect(await admin.listGroups({ states: ['Empty'] })).toEqual([])
      expect(await admin.describeGroup('readers')).toMatchObject({
        groupId: 'readers',
        state: 'Stable',
        protocol: 'range',
        coordinator: { nodeId: 1 },
        members: [
          {
            memberId: expect.stringMatching(/./),
            clientId: expect.any(String),
            clientHost: 'in-process',
            groupInstanceId: null,
            assignment: [
              { topic: 'events', partition: 0 },
              { topic: 'events', partition: 1 },
            ],
          },
        ],
      })
      expect((await errorOf(admin.deleteGroup('readers'))).code).toBe('GROUP_NOT_EMPTY')
    })
    await admin.commitOffsets('readers', [{ topic: 'events', partition: 0, offset: 0 }])
    expect(await admin.describeGroup('readers')).toMatchObject({ state: 'Empty', members: [] })
    await admin.deleteGroup('readers')
    expect(await admin.listGroups()).toEqual([])
  })

  it('UNKNOWN_GROUP, at once', async () => {
    const admin = bus.admin()
    const errors = await Promise.all(
      [admin.describeGroup('no'), admin.deleteGroup('no'), admin.groupOffsets('no')].map(errorOf),
    )
    for (const error of errors) {
      expect(error).toMatchObject({ code: 'UNKNOWN_GROUP', address: { group: 'no' } })
    }
  }, 5_000)
})

describe('offsets', () => {
  it('tells what is committed, and null for what is not', async () => {
    const admin = bus.admin()
    await fill(10)
    await inGroup('readers', async () => {
      expect(await admin.groupOffsets('readers')).toMatchObject([
        { partition: 0, committedOffset: null, logStartOffset: 0, logEndOffset: 10, lag: 10 },
        { partition: 1, committedOffset: null, logStartOffset: 0, logEndOffset: 10, lag: 10 },
      ])
    })
    await admin.commitOffsets('readers', [
      { topic: 'events', partition: 0, offset: 4 },
      { topic: 'events', partition: 1, offset: 10 },
    ])
    expect(await admin.groupOffsets('readers')).toMatchObject([
      { topic: 'events', partition: 0, committedOffset: 4, lag: 6 },
      { topic: 'events', partition: 1, committedOffset: 10, lag: 0 },
    ])
  })

  it('knows no lag for a topic that is gone', async () => {
    const admin = bus.admin()
    await admin.createTopic('gone', { partitions: 1 })
    await admin.commitOffsets('readers', [
      { topic: 'events', partition: 0, offset: 0 },
      { topic: 'gone', partition: 0, offset: 0 },
    ])
    await admin.deleteTopics(['gone'])
    for (const { topic, lag, logEndOffset } of await admin.groupOffsets('readers')) {
      if (topic === 'gone') expect([lag, logEndOffset]).toEqual([null, null])
    }
  })

  it('resets to the beginning, the end, an offset and a time; a dry run only says so', async () => {
    const admin = bus.admin()
    const early = 1_700_000_000_000
    await fill(3, early)
    await fill(4, early + 1_000)
    const reset = async (to: Parameters<typeof admin.resetOffsets>[1]['to'], dryRun = false) =>
      (await admin.resetOffsets('readers', { to, topics: ['events'], dryRun })).map(
        ({ before, after }) => [before, after],
      )
    const both = (change: unknown) => [change, change]
    expect(await reset('end', true)).toEqual(both([null, 7]))
    expect(await reset('end')).toEqual(both([null, 7]))
    expect(await reset('beginning')).toEqual(both([7, 0]))
    expect(await reset({ timestampMs: early + 500 })).toEqual(both([0, 3]))
    expect(await reset({ timestampMs: early + 5_000 })).toEqual(both([3, 7]))
    expect(await reset(5)).toEqual(both([7, 5]))
    const one = { to: 'beginning', topics: [{ topic: 'events', partition: 1 }] } as const
    expect(await admin.resetOffsets('readers', one)).toMatchObject([{ partition: 1, after: 0 }])
    expect((await admin.resetOffsets('readers', { to: 'end' })).map(({ after }) => after)).toEqual([
      7, 7,
    ])
  })

  it('is refused while the group has members', async () => {
    const admin = bus.admin()
    await inGroup('readers', async () => {
      const offsets = [{ topic: 'events', partition: 0, offset: 0 }]
      const errors = await Promise.all([
        errorOf(admin.commitOffsets('readers', offsets)),
        errorOf(admin.resetOffsets('readers', { to: 'end', topics: ['events'] })),
      ])
      for (const error of errors) {
        expect(error).toMatchObject({ code: 'GROUP_NOT_EMPTY', address: { group: 'readers' } })
      }
    })
  }, 5_000)

  it('says what is wrong, at once', async () => {
    const admin = bus.admin()
    const errors = await Promise.all(
      [
        admin.commitOffsets('g', [{ topic: 'nowhere', partition: 0, offset: 0 }]),
        admin.commitOffsets('g', [{ topic: 'events', partition: 9, offset: 0 }]),
        admin.commitOffsets('g', [{ topic: 'events', partition: 0, offset: -1 }]),
        admin.resetOffsets('g', { to: 'end', topics: ['nowhere'] }),
        admin.resetOffsets('g', { to: 'end', topics: [{ topic: 'events', partition: 2 }] }),
        admin.resetOffsets('g', { to: -1, topics: ['events'] }),
      ].map(errorOf),
    )
    expect(errors.map(({ code }) => code)).toEqual([
      'UNKNOWN_TOPIC',
      'UNKNOWN_TOPIC',
      'INVALID_ARGUMENT',
      'UNKNOWN_TOPIC',
      'UNKNOWN_TOPIC',
      'INVALID_ARGUMENT',
    ])
  }, 5_000)
})

describe('close', () => {
  it('refuses later calls, and is idempotent', async () => {
    const admin = bus.admin()
    await admin.close()
    await admin[Symbol.asyncDispose]()
    expect((await errorOf(admin.listTopics())).code).toBe('CONNECTION_CLOSED')
  })
})
