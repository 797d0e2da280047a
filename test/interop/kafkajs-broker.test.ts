import {
  type Admin,
  CompressionTypes,
  type Consumer as KafkajsConsumer,
  type Producer,
} from 'kafkajs'
import { connect } from 'streambus'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Delivered } from './fixtures/delivered.js'
import { expectExactly, type ReadRecord } from './fixtures/expected-order.js'
import { awaitAllCommitted, awaitGroup, kafkajsClient } from './fixtures/kafkajs.js'
import { type RealLine, realLines, spreadLines } from './fixtures/real-lines.js'
import { expectCompressed, storedCompression } from './fixtures/stored-compression.js'
import { type StreamBusBroker, startStreamBusBroker } from './fixtures/streambus.js'

const lines = spreadLines(realLines(20_000))

let broker: StreamBusBroker
let bus: Awaited<ReturnType<typeof connect>>
let producer: Producer
const stranger = () => kafkajsClient([broker.address])
let admin: Admin

beforeAll(async () => {
  broker = await startStreamBusBroker()
  bus = await connect({ brokers: [broker.address] })
  admin = stranger().admin()
  producer = stranger().producer()
  await Promise.all([admin.connect(), producer.connect()])
})

afterAll(async () => {
  await Promise.allSettled([admin?.disconnect(), producer?.disconnect(), bus?.close()])
  await broker?.stop()
})

const createTopic = (topic: string, numPartitions = 4) =>
  admin.createTopics({ topics: [{ topic, numPartitions }] })

const produce = (topic: string, some: readonly RealLine[], compression = CompressionTypes.None) =>
  producer.send({ topic, messages: [...some], compression })

const readWithOurs = async (topic: string): Promise<ReadRecord[]> => {
  const consumer = bus.consumer({ groupId: `ours-${topic}`, topics: [topic] })
  const records: ReadRecord[] = []
  for await (const { partition, offset, key, value } of consumer.records({ until: 'end' })) {
    records.push({ partition, offset, key: String(key), value: String(value) })
  }
  await consumer.close()
  return records
}

describe('kafkajs produces, our consumer reads', () => {
  it.each([
    ['none', CompressionTypes.None],
    ['gzip', CompressionTypes.GZIP],
  ])('with compression %s', async (name, compression) => {
    const topic = `from-kafkajs-${name}`
    expect(await createTopic(topic)).toBe(true)
    await produce(topic, lines, compression)
    expectExactly(await readWithOurs(topic), lines, 4)
    for (const partition of [0, 1, 2, 3]) {
      expectCompressed(await storedCompression(broker.address, topic, partition), name)
    }
  })

  it('with the idempotent producer and headers that repeat', async () => {
    await createTopic('idempotent', 1)
    const idempotent = stranger().producer({ idempotent: true })
    await idempotent.connect()
    const headers = { trace: ['one', 'two'] }
    await idempotent.send({ topic: 'idempotent', messages: [{ value: 'a', headers }] })
    await idempotent.send({ topic: 'idempotent', messages: [{ value: null, key: 'b' }] })
    await idempotent.disconnect()
    const consumer = bus.consumer({ assign: [{ topic: 'idempotent', partition: 0 }] })
    const seen: unknown[][] = []
    for await (const { key, value, headers } of consumer.records({ until: 'end' })) {
      const texts = headers.map(([name, content]) => `${name}=${content}`)
      seen.push([key?.toString() ?? null, value?.toString() ?? null, texts])
    }
    await consumer.close()
    expect(seen).toEqual([
      [null, 'a', ['trace=one', 'trace=two']],
      ['b', null, []],
    ])
  })
})

describe('our producer produces, kafkajs reads', () => {
  it('every line, keyed to the partition that kafkajs itself would choose', async () => {
    await createTopic('from-ours')
    await createTopic('from-kafkajs')
    const some = lines.slice(0, 5_000)
    const ours = bus.producer({ idempotent: true })
    await ours.send('from-ours', some)
    await ours.close()
    await produce('from-kafkajs', some)
    const member = stranger().consumer({ groupId: 'kafkajs-reads' })
    const seen = new Delivered()
    await member.connect()
    await member.subscribe({ topics: ['from-ours'], fromBeginning: true })
    const keys: string[] = []
    await member.run({
      eachMessage: async ({ partition, message }) => {
        keys.push(String(message.key))
        const value = String(message.value)
        seen.push({ by: 'kafkajs', partition, offset: Number(message.offset), value })
      },
    })
    await seen.count(some.length)
    await member.disconnect()
    const records = seen.items.map((item, index) => ({ ...item, key: keys[index] as string }))
    expectExactly(records, some, 4)
    // Both hash keys as Java does, so their partitions must agree.
    const theirs = await readWithOurs('from-kafkajs')
    const partitionOf = new Map(theirs.map(({ key, partition }) => [key, partition]))
    expect(records.filter(({ key, partition }) => partitionOf.get(key) !== partition)).toEqual([])
  })
})

interface Member {
  readonly name: string
  start(): Promise<void>
  leave(): Promise<void>
}

const kafkajsMember = (groupId: string, topic: string, seen: Delivered): Member => {
  let consumer: KafkajsConsumer
  return {
    name: 'kafkajs',
    start: async () => {
      consumer = stranger().consumer({
        groupId,
        sessionTimeout: 6_000,
        heartbeatInterval: 300,
        // It hears of a rebalance only between fetches.
        maxWaitTimeInMs: 300,
      })
      await consumer.connect()
      await consumer.subscribe({ topics: [topic], fromBeginning: true })
      await consumer.run({
        eachMessage: async ({ partition, message }) => {
          const { offset, value } = message
          seen.push({ by: 'kafkajs', partition, offset: Number(offset), value: String(value) })
        },
      })
    },
    leave: () => consumer.disconnect(),
  }
}

const ourMember = (groupId: string, topic: string, seen: Delivered): Member => {
  const open = () =>
    bus.consumer({
      groupId,
      topics: [topic],
      clientId: 'ours',
      assignmentStrategy: 'RoundRobinAssigner',
      sessionTimeoutMs: 6_000,
      heartbeatIntervalMs: 300,
      autoCommitIntervalMs: 200,
    })
  let consumer: ReturnType<typeof open>
  let running: Promise<void>
  return {
    name: 'ours',
    start: async () => {
      consumer = open()
      running = (async () => {
        for await (const { partition, offset, value } of consumer) {
          seen.push({ by: 'ours', partition, offset, value: String(value) })
        }
      })()
    },
    leave: async () => {
      await consumer.close()
      await running
    },
  }
}

describe('a kafkajs member and ours share one group on our broker', () => {
  it.each([
    ['kafkajs joins first and leads', [kafkajsMember, ourMember]],
    ['ours joins first and leads', [ourMember, kafkajsMember]],
  ] as const)('%s', async (title, [makeFirst, makeSecond]) => {
    const groupId = title.replaceAll(' ', '-')
    const topic = `topic-${groupId}`
    await createTopic(topic)
    const seen = new Delivered()
    const [first, second] = [makeFirst(groupId, topic, seen), makeSecond(groupId, topic, seen)]
    // Between the phases every commit is awaited: only then must nothing be delivered twice.
    const phase = async (from: number, to: number) => {
      await produce(topic, lines.slice(from, to))
      await seen.count(to)
      await awaitAllCommitted(admin, groupId, topic)
      seen.expectExactlyOnce(to)
    }

    await first.start()
    await awaitGroup(admin, groupId, topic, [4])
    await phase(0, 2_000)
    expect(seen.partitionsOf(first.name)).toEqual([0, 1, 2, 3])

    await second.start()
    await awaitGroup(admin, groupId, topic, [2, 2])
    await phase(2_000, 8_000)
    const shares = [first, second].map(({ name }) => seen.partitionsOf(name, 2_000))
    expect(shares.map((share) => share.length)).toEqual([2, 2])
    expect(shares.flat().toSorted()).toEqual([0, 1, 2, 3])

    await first.leave()
    await awaitGroup(admin, groupId, topic, [4])
    await phase(8_000, 12_000)
    expect(seen.partitionsOf(second.name, 8_000)).toEqual([0, 1, 2, 3])

    await first.start()
    await awaitGroup(admin, groupId, topic, [2, 2])
    await second.leave()
    await awaitGroup(admin, groupId, topic, [4])
    await phase(12_000, 14_000)
    expect(seen.partitionsOf(first.name, 12_000)).toEqual([0, 1, 2, 3])
    await first.leave()
  })
})
