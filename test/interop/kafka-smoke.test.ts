import type { Admin } from 'kafkajs'
import { connect } from 'streambus'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Delivered } from './fixtures/delivered.js'
import { expectExactly, type ReadRecord } from './fixtures/expected-order.js'
import { type Kafka, startKafka } from './fixtures/kafka.js'
import { awaitAllCommitted, awaitGroup, kafkajsClient } from './fixtures/kafkajs.js'
import { kcatOk, kcatRecordFormat, parseKcatRecords } from './fixtures/kcat.js'
import { type RealLine, realLines, spreadLines } from './fixtures/real-lines.js'
import {
  cli,
  cliOk,
  jsonLines,
  type LagLine,
  type RecordLine,
  startCli,
} from './fixtures/streambus.js'

const lines = spreadLines(realLines(12_000))

let kafka: Kafka
let brokers: string
let admin: Admin

beforeAll(async () => {
  kafka = await startKafka()
  brokers = kafka.brokers.join(',')
  admin = kafkajsClient(kafka.brokers).admin()
  await admin.connect()
})

afterAll(async () => {
  await admin?.disconnect()
  await kafka?.stop()
})

const createTopic = (topic: string) => cliOk(['topic', 'create', `${topic}:4`, '-b', brokers])

const produce = (topic: string, some: readonly RealLine[]) =>
  cliOk(['produce', topic, '-K', '\t', '-b', brokers], {
    stdin: some.map(({ key, value }) => `${key}\t${value}\n`).join(''),
  })

const readWithKcat = async (topic: string): Promise<ReadRecord[]> => {
  const from = ['-C', '-b', brokers, '-t', topic, '-o', 'beginning', '-e', '-q']
  return parseKcatRecords(await kcatOk([...from, '-f', kcatRecordFormat]))
}

const lagOf = async (groupId: string): Promise<LagLine[]> =>
  jsonLines<LagLine>(await cliOk(['group', 'lag', groupId, '-b', brokers, '--json'])).toSorted(
    (a, b) => a.partition - b.partition,
  )

/** The partition, committed offset and lag columns of Kafka's own `kafka-consumer-groups`. */
const lagByKafka = async (groupId: string, topic: string): Promise<number[][]> => {
  const { stdout } = await kafka.tool(
    'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand',
    ['--bootstrap-server', brokers, '--describe', '--group', groupId],
  )
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([group, name]) => group === groupId && name === topic)
    .map(([, , partition, committed, , lag]) => [partition, committed, lag].map(Number))
    .toSorted(([a = 0], [b = 0]) => a - b)
}

/** A group member as a process of its own: `streambus consume TOPIC -G GROUP --json`. */
const startMember = async (by: string, groupId: string, topic: string, seen: Delivered) => {
  const member = await startCli(['consume', topic, '-G', groupId, '-b', brokers, '--json'])
  member.stdout.follow((line) => {
    const [record] = jsonLines<RecordLine>([line])
    if (record === undefined) return
    const { partition, offset, value } = record
    seen.push({ by, partition, offset, value: value ?? '' })
  })
  return member
}

describe('our CLI on Apache Kafka', () => {
  it('creates, lists and describes a topic', async () => {
    await createTopic('described')
    expect(await admin.listTopics()).toContain('described')
    expect(await cliOk(['topic', 'list', '-b', brokers])).toContain('described')
    const metadata = await admin.fetchTopicMetadata({ topics: ['described'] })
    expect(metadata.topics[0]?.partitions).toHaveLength(4)
    expect((await cli(['topic', 'describe', 'nothing', '-b', brokers])).code).toBe(3)
  })

  it('produces lines that kcat and we read back as they were', async () => {
    await createTopic('lines')
    await produce('lines', lines)
    expectExactly(await readWithKcat('lines'), lines, 4)
    const ours = await cliOk(['consume', 'lines', '-o', 'beginning', '-e', '-b', brokers, '--json'])
    const records = jsonLines<RecordLine>(ours).map(({ partition, offset, key, value }) => ({
      partition,
      offset,
      key: key ?? '',
      value: value ?? '',
    }))
    expectExactly(records, lines, 4)
  })

  it('consumes as a group of two processes that rebalance, commit and leave', async () => {
    await createTopic('shared')
    const seen = new Delivered()
    const phase = async (from: number, to: number) => {
      await produce('shared', lines.slice(from, to))
      await seen.count(to)
      await awaitAllCommitted(admin, 'processes', 'shared')
      seen.expectExactlyOnce(to)
    }
    const first = await startMember('first', 'processes', 'shared', seen)
    await awaitGroup(admin, 'processes', 'shared', [4])
    await phase(0, 2_000)

    const second = await startMember('second', 'processes', 'shared', seen)
    await awaitGroup(admin, 'processes', 'shared', [2, 2])
    await phase(2_000, 8_000)
    const shares = ['first', 'second'].map((by) => seen.partitionsOf(by, 2_000))
    expect(shares.map((share) => share.length)).toEqual([2, 2])
    expect(shares.flat().toSorted()).toEqual([0, 1, 2, 3])
    expect(await cliOk(['group', 'list', '-b', brokers])).toContain('processes')
    expect(await cliOk(['group', 'describe', 'processes', '-b', brokers])).toMatch(/stable/i)

    expect((await second.stop('SIGINT')).code).toBe(130)
    await awaitGroup(admin, 'processes', 'shared', [4])
    await phase(8_000, 12_000)
    expect(seen.partitionsOf('first', 8_000)).toEqual([0, 1, 2, 3])
    expect((await first.stop('SIGINT')).code).toBe(130)

    const lag = await lagOf('processes')
    expect(lag.map(({ committedLag }) => committedLag)).toEqual([0, 0, 0, 0])
    const committed = lag.map((each) => [each.partition, each.committedOffset, each.committedLag])
    expect(committed).toEqual(await lagByKafka('processes', 'shared'))
  })

  it('resets the offsets of a group that is empty', async () => {
    const reset = ['group', 'reset-offsets', 'processes', '--topic', 'shared', '--to', 'beginning']
    await cliOk([...reset, '-b', brokers])
    const lag = await lagOf('processes')
    const total = lag.reduce((sum, { committedLag }) => sum + (committedLag ?? 0), 0)
    expect(total).toBe(lines.length)
  })
})

describe('our library on Apache Kafka', () => {
  it.each(['range', 'roundrobin', 'sticky', 'cooperative-sticky'])(
    'two members share a topic with %s, hand over and commit',
    async (strategy) => {
      const topic = `library-${strategy}`
      const groupId = `group-${strategy}`
      await createTopic(topic)
      const bus = await connect({ brokers: [...kafka.brokers] })
      const seen = new Delivered()
      const startOurs = (by: string) => {
        const consumer = bus.consumer({
          groupId,
          topics: [topic],
          clientId: by,
          assignmentStrategy: strategy,
          sessionTimeoutMs: 6_000,
          heartbeatIntervalMs: 300,
          autoCommitIntervalMs: 200,
        })
        const read = async (): Promise<void> => {
          for await (const { partition, offset, value } of consumer) {
            seen.push({ by, partition, offset, value: String(value) })
          }
        }
        const running = read()
        return { consumer, running }
      }
      const producer = bus.producer({ idempotent: true })
      const phase = async (from: number, to: number) => {
        await producer.send(topic, lines.slice(from, to))
        await seen.count(to)
        await awaitAllCommitted(admin, groupId, topic)
        seen.expectExactlyOnce(to)
      }
      const first = startOurs('first')
      await awaitGroup(admin, groupId, topic, [4])
      await phase(0, 1_000)
      const second = startOurs('second')
      await awaitGroup(admin, groupId, topic, [2, 2])
      await phase(1_000, 5_000)
      expect(seen.partitionsOf('first', 1_000)).toHaveLength(2)
      expect(seen.partitionsOf('second', 1_000)).toHaveLength(2)
      await first.consumer.close()
      await first.running
      await awaitGroup(admin, groupId, topic, [4])
      await phase(5_000, 7_000)
      expect(seen.partitionsOf('second', 5_000)).toEqual([0, 1, 2, 3])
      await second.consumer.close()
      await producer.close()
      await bus.close()
      expectExactly(await readWithKcat(topic), lines.slice(0, 7_000), 4)
    },
  )

  it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)(
    'produces batches with compression %s that kcat reads',
    async (compression) => {
      const topic = `compressed-${compression}`
      await createTopic(topic)
      const bus = await connect({ brokers: [...kafka.brokers] })
      const producer = bus.producer({ compression })
      await producer.send(topic, lines)
      await producer.close()
      await bus.close()
      expectExactly(await readWithKcat(topic), lines, 4)
    },
  )
})
