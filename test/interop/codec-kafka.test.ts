import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { encodeBatch } from '../../src/transport/protocol/records/batch-writer.js'
import {
  type ApiName,
  advertisedApis,
  apiByKey,
  apis,
} from '../../src/transport/protocol/registry.js'
import { exchange, versionsOf } from './fixtures/codec-exchange.js'
import { eventually } from './fixtures/eventually.js'
import { type Kafka, startKafka } from './fixtures/kafka.js'
import { kcatOk, kcatRecordFormat, parseKcatRecords } from './fixtures/kcat.js'
import { openRawConnection, type RawConnection } from './fixtures/raw-connection.js'

const topic = 'codec'
const unknownLeaderEpoch = -1
const latest = -1
const earliest = -2
const noTopicId = 'AAAAAAAAAAAAAAAAAAAAAA'

let kafka: Kafka
let connection: RawConnection
let topicId: string

/** APIs whose recording needs a group: see codec-groups-kafka.test.ts. */
const topicApis = [
  'ApiVersions',
  'Metadata',
  'DescribeCluster',
  'CreateTopics',
  'DeleteTopics',
  'InitProducerId',
  'Produce',
  'Fetch',
  'ListOffsets',
  'OffsetForLeaderEpoch',
] as const satisfies readonly ApiName[]
type TopicApi = (typeof topicApis)[number]

const newTopic = (name: string, numPartitions: number) => ({
  name,
  numPartitions,
  replicationFactor: 1,
  assignments: [],
  configs: [],
})

const describeTopic = async (name: string) => {
  const body = await exchange(connection, 'Metadata', 12, { topics: [{ name }] })
  return body.topics[0]
}

// A broker closes the connection of a request that it cannot read: each test has its own.
const open = async () => {
  connection = await openRawConnection(kafka.brokers[0] as string)
}

beforeAll(async () => {
  kafka = await startKafka()
  await open()
  const topics = [newTopic(topic, 3)]
  await exchange(connection, 'CreateTopics', 7, { topics, timeoutMs: 10_000 })
  topicId = (await describeTopic(topic))?.topicId ?? ''
  connection.close()
})

beforeEach(open)
afterEach(() => connection.close())
afterAll(() => kafka?.stop())

const batchOf = (...values: string[]): Buffer =>
  encodeBatch(
    values.map((value, index) => ({
      key: Buffer.from(`key-${index}`),
      value: Buffer.from(value),
      headers: [['header', Buffer.from('h')]],
      timestampMs: 1_700_000_000_000 + index,
    })),
    {},
  )

const produced: string[] = []

const exchanges: { readonly [N in TopicApi]: (version: number) => Promise<void> } = {
  ApiVersions: async (version) => {
    const input = version < 3 ? {} : { clientSoftwareName: 'sb', clientSoftwareVersion: '0.1' }
    const { errorCode, apiKeys } = await exchange(connection, 'ApiVersions', version, input)
    expect(errorCode).toBe(0)
    expect(apiKeys.length).toBeGreaterThan(30)
  },

  Metadata: async (version) => {
    // Kafka refuses ids below v12, though the field is there from v10.
    const asked = version < 12 ? { name: topic } : { topicId, name: null }
    const body = await exchange(connection, 'Metadata', version, { topics: [asked] })
    expect(body.brokers.map(({ host, port }) => `${host}:${port}`)).toEqual(kafka.brokers)
    expect(body.topics[0]).toMatchObject({ errorCode: 0, name: topic })
    expect(body.topics[0]?.partitions).toHaveLength(3)
    const all = await exchange(connection, 'Metadata', version, { topics: version < 1 ? [] : null })
    expect(all.topics.map(({ name }) => name)).toContain(topic)
    const unknown = { topics: [{ name: 'no-such-topic' }] }
    const missing = await exchange(connection, 'Metadata', version, unknown)
    expect(missing.topics[0]?.errorCode).toBe(3)
  },

  DescribeCluster: async (version) => {
    const input = { includeClusterAuthorizedOperations: true }
    const body = await exchange(connection, 'DescribeCluster', version, input)
    expect(body.brokers).toHaveLength(1)
    expect(body.clusterId).toHaveLength(22)
  },

  CreateTopics: async (version) => {
    const name = `created-${version}`
    const configs = [{ name: 'retention.ms', value: '1000' }]
    const assignments = [{ partitionIndex: 0, brokerIds: [1] }]
    const one = { ...newTopic(name, 2), configs }
    const placed = { ...newTopic(`${name}-placed`, -1), replicationFactor: -1, assignments }
    const input = { topics: [one, placed], timeoutMs: 10_000 }
    const { topics } = await exchange(connection, 'CreateTopics', version, input)
    expect(topics.map(({ errorCode }) => errorCode)).toEqual([0, 0])
    const again = await exchange(connection, 'CreateTopics', version, input)
    expect(again.topics.map(({ errorCode }) => errorCode)).toEqual([36, 36])
  },

  DeleteTopics: async (version) => {
    const name = `doomed-${version}`
    const topics = [newTopic(name, 1)]
    await exchange(connection, 'CreateTopics', 7, { topics, timeoutMs: 10_000 })
    const doomed =
      version < 6
        ? { topicNames: [name, 'no-such-topic'] }
        : { topics: [name, 'no-such-topic'].map((each) => ({ name: each, topicId: noTopicId })) }
    const input = { ...doomed, timeoutMs: 10_000 }
    const { responses } = await exchange(connection, 'DeleteTopics', version, input)
    const codes = new Map(responses.map((each) => [each.name, each.errorCode]))
    expect([codes.get(name), codes.get('no-such-topic')]).toEqual([0, 3])
  },

  InitProducerId: async (version) => {
    const input = { transactionalId: null, transactionTimeoutMs: 60_000 }
    // The first answers say that the broker has no block of ids yet.
    const body = await eventually(
      () => exchange(connection, 'InitProducerId', version, input),
      ({ errorCode }) => errorCode !== 14,
      { what: 'block of producer ids' },
    )
    expect(body).toMatchObject({ errorCode: 0, producerEpoch: 0 })
    expect(body.producerId).toBeGreaterThanOrEqual(0n)
  },

  Produce: async (version) => {
    const values = [`produce-v${version}-a`, `produce-v${version}-b`]
    const partitionData = [{ index: 0, records: batchOf(...values) }]
    const named = version < 13 ? { name: topic } : { topicId }
    const input = { acks: -1, timeoutMs: 10_000, topicData: [{ ...named, partitionData }] }
    const { responses } = await exchange(connection, 'Produce', version, input)
    const answer = responses[0]?.partitionResponses[0]
    expect(answer).toMatchObject({ index: 0, errorCode: 0, baseOffset: produced.length })
    produced.push(...values)
    // A batch with a wrong checksum: an answer with an error in it has its own shape from v8 on.
    const broken = batchOf('broken')
    broken[broken.length - 1] = (broken[broken.length - 1] as number) ^ 1
    const bad = [{ ...named, partitionData: [{ index: 1, records: broken }] }]
    const refused = await exchange(connection, 'Produce', version, { ...input, topicData: bad })
    expect(refused.responses[0]?.partitionResponses[0]?.errorCode).toBe(2)
  },

  Fetch: async (version) => {
    const named = version < 13 ? { topic } : { topicId }
    const ask = (fetchOffset: number) => ({
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: 1 << 20,
      topics: [
        { ...named, partitions: [{ partition: 0, fetchOffset, partitionMaxBytes: 1 << 20 }] },
      ],
    })
    const body = await exchange(connection, 'Fetch', version, ask(0))
    const answer = body.responses[0]?.partitions[0]
    expect(answer).toMatchObject({ errorCode: 0, highWatermark: produced.length })
    for (const value of produced) expect(answer?.records?.includes(value)).toBe(true)
    const beyond = await exchange(connection, 'Fetch', version, ask(10_000))
    expect(beyond.responses[0]?.partitions[0]?.errorCode).toBe(1)
  },

  ListOffsets: async (version) => {
    const at = async (partitionIndex: number, timestamp: number) => {
      const partitions = [{ partitionIndex, timestamp }]
      const input = { replicaId: -1, topics: [{ name: topic, partitions }] }
      const body = await exchange(connection, 'ListOffsets', version, input)
      return body.topics[0]?.partitions[0]
    }
    expect(await at(0, latest)).toMatchObject({ errorCode: 0, offset: produced.length })
    expect(await at(0, earliest)).toMatchObject({ errorCode: 0, offset: 0 })
    expect(await at(0, 1_700_000_000_001)).toMatchObject({ errorCode: 0, offset: 1 })
    expect((await at(99, latest))?.errorCode).toBe(3)
  },

  OffsetForLeaderEpoch: async (version) => {
    const own = { partition: 0, currentLeaderEpoch: unknownLeaderEpoch, leaderEpoch: 0 }
    const topics = [{ topic, partitions: [own] }]
    const body = await exchange(connection, 'OffsetForLeaderEpoch', version, { topics })
    const answer = body.topics[0]?.partitions[0]
    expect(answer).toMatchObject({ errorCode: 0, endOffset: produced.length })
  },
}

describe('our codec and Apache Kafka', () => {
  it('advertise the same version ranges for every API that we have', async () => {
    const { apiKeys } = await exchange(connection, 'ApiVersions', 4, {
      clientSoftwareName: 'streambus',
      clientSoftwareVersion: '0.1.0',
    })
    const theirs = new Map(apiKeys.map((each) => [each.apiKey, each]))
    const show = (each?: { minVersion: number; maxVersion: number }) =>
      each === undefined ? 'none' : `${each.minVersion}-${each.maxVersion}`
    const compared = advertisedApis().map((own) => {
      const name = apiByKey(own.apiKey)
      return { name, ours: show(own), kafka: show(theirs.get(own.apiKey)) }
    })
    expect(compared).toHaveLength(Object.keys(apis).length)
    expect(compared.filter(({ ours, kafka: other }) => ours !== other)).toEqual([])
  })

  for (const api of topicApis) {
    it.each(versionsOf(api))(`mean the same by ${api} v%i`, (version) => exchanges[api](version))
  }

  it('store records that a stranger reads as we wrote them', async () => {
    const from = ['-C', '-b', kafka.brokers.join(), '-t', topic, '-p', '0', '-o', 'beginning', '-e']
    const records = parseKcatRecords(await kcatOk([...from, '-q', '-f', kcatRecordFormat]))
    expect(records.map(({ value }) => value)).toEqual(produced)
    expect(new Set(records.map(({ key }) => key))).toEqual(new Set(['key-0', 'key-1']))
  })
})
