import { describe, expect, it } from 'vitest'
import { kafkaErrorName } from '../../../src/transport/protocol/kafka-errors.js'
import type { RequestInput } from '../../../src/transport/protocol/registry.js'
import { heldStore } from '../fixtures/held-store.js'
import { batchOf, fetchRequest, resultOf, TestBroker } from '../fixtures/test-broker.js'

type Requested = RequestInput<'CreateTopics'>['topics'][number]

const topic = (name: string, more: Partial<Requested> = {}): Requested => ({
  name,
  numPartitions: 1,
  replicationFactor: 1,
  assignments: [],
  configs: [],
  ...more,
})

const create = (test: TestBroker, ...topics: Requested[]) =>
  test
    .ask('CreateTopics', { topics })
    .topics.map(({ name, errorCode }) => [name, kafkaErrorName(errorCode)])

const remove = (test: TestBroker, ...names: string[]) =>
  test
    .ask('DeleteTopics', { topicNames: names, timeoutMs: 1 }, { apiVersion: 5 })
    .responses.map(({ errorCode }) => kafkaErrorName(errorCode))

describe('CreateTopics', () => {
  it('answers with id, counts and the configuration in force', () => {
    const test = new TestBroker({ defaultPartitions: 3 })
    const configs = [{ name: 'message.timestamp.type', value: 'LogAppendTime' }]
    const asked = topic('events', { numPartitions: -1, replicationFactor: -1, configs })
    const [created] = test.ask('CreateTopics', { topics: [asked] }).topics
    expect(created).toMatchObject({ errorCode: 0, numPartitions: 3, replicationFactor: 1 })
    expect(created!.topicId).toMatch(/^[\w-]{22}$/)
    expect(created!.configs).toContainEqual({
      name: 'message.timestamp.type',
      value: 'LogAppendTime',
      readOnly: false,
      configSource: 1,
      isSensitive: false,
    })
    expect(created!.configs).toContainEqual(
      expect.objectContaining({ name: 'max.message.bytes', value: '1048588', configSource: 5 }),
    )
  })

  it.each<[string, Partial<Requested>, string]>([
    ['bad name', {}, 'INVALID_TOPIC_EXCEPTION'],
    ['none', { numPartitions: 0 }, 'INVALID_PARTITIONS'],
    ['negative', { numPartitions: -2 }, 'INVALID_PARTITIONS'],
    ['many', { numPartitions: 10_001 }, 'INVALID_PARTITIONS'],
    ['copies', { replicationFactor: 3 }, 'INVALID_REPLICATION_FACTOR'],
    ['no-copies', { replicationFactor: 0 }, 'INVALID_REPLICATION_FACTOR'],
    ['config', { configs: [{ name: 'x.y', value: '1' }] }, 'INVALID_CONFIG'],
    ['null', { configs: [{ name: 'retention.ms', value: null }] }, 'INVALID_CONFIG'],
    ['proto', { configs: [{ name: '__proto__', value: '1' }] }, 'INVALID_CONFIG'],
    ['counted', { assignments: [{ partitionIndex: 0, brokerIds: [1] }] }, 'INVALID_REQUEST'],
    [
      'gap',
      {
        numPartitions: -1,
        replicationFactor: -1,
        assignments: [{ partitionIndex: 1, brokerIds: [1] }],
      },
      'INVALID_REPLICA_ASSIGNMENT',
    ],
    [
      'stranger',
      {
        numPartitions: -1,
        replicationFactor: -1,
        assignments: [{ partitionIndex: 0, brokerIds: [2] }],
      },
      'INVALID_REPLICA_ASSIGNMENT',
    ],
  ])('refuses %s', (name, more, error) => {
    const test = new TestBroker()
    expect(create(test, topic(name, more), topic('fine'))).toEqual([
      [name, error],
      ['fine', 'NONE'],
    ])
    expect(test.broker.topics.all().map((each) => each.name)).toEqual(['fine'])
  })

  it('takes a manual assignment to this node', () => {
    const test = new TestBroker({ nodeId: 5 })
    const assignments = [1, 0].map((partitionIndex) => ({ partitionIndex, brokerIds: [5] }))
    const asked = topic('events', { numPartitions: -1, replicationFactor: -1, assignments })
    expect(create(test, asked)).toEqual([['events', 'NONE']])
    expect(test.broker.topics.byName('events')!.logs).toHaveLength(2)
  })

  it('refuses existing, repeated and colliding names, and too many partitions', () => {
    const test = new TestBroker({ maxPartitions: 3 })
    expect(create(test, topic('a.b'), topic('c'), topic('c'))).toEqual([
      ['a.b', 'NONE'],
      ['c', 'INVALID_REQUEST'],
    ])
    expect(create(test, topic('a.b'))[0]![1]).toBe('TOPIC_ALREADY_EXISTS')
    expect(create(test, topic('a_b'))[0]![1]).toBe('INVALID_TOPIC_EXCEPTION')
    expect(create(test, topic('big', { numPartitions: 3 }))[0]![1]).toBe('POLICY_VIOLATION')
    expect(create(test, topic('fits', { numPartitions: 2 }))[0]![1]).toBe('NONE')
  })

  it('makes nothing when only validating', () => {
    const test = new TestBroker()
    const asked = { topics: [topic('events'), topic('..')], validateOnly: true }
    const { topics } = test.ask('CreateTopics', asked)
    expect(topics.map(({ errorCode }) => kafkaErrorName(errorCode))).toEqual([
      'NONE',
      'INVALID_TOPIC_EXCEPTION',
    ])
    expect(test.broker.topics.size).toBe(0)
  })

  it('exists only when durable, and its name is taken meanwhile', () => {
    const store = heldStore()
    const test = new TestBroker({}, store)
    store.hold()
    const first = test.start('CreateTopics', { topics: [topic('events')] })
    expect(first.answer()).toBeUndefined()
    expect(create(test, topic('events'))[0]![1]).toBe('TOPIC_ALREADY_EXISTS')
    expect(test.produced('events', 0, batchOf(['x']))?.error).toBe('UNKNOWN_TOPIC_OR_PARTITION')
    first.interrupt()
    store.release()
    test.time.settle()
    expect(test.produced('events', 0, batchOf(['x']))?.error).toBe('NONE')
  })

  it('a creation that the store refused leaves the name free and says so', () => {
    const store = heldStore()
    const test = new TestBroker({}, store)
    store.fail()
    expect(create(test, topic('events'))[0]![1]).toBe('KAFKA_STORAGE_ERROR')
    expect(create(test, topic('events'))[0]![1]).toBe('KAFKA_STORAGE_ERROR')
    expect(test.lines.filter(({ level }) => level === 'error')).toHaveLength(1)
  })
})

describe('DeleteTopics', () => {
  it('deletes by name and by id, and names what it does not find', () => {
    const test = new TestBroker()
    test.createTopic('a')
    const id = test.createTopic('b')
    expect(remove(test, 'a', 'nobody')).toEqual(['NONE', 'UNKNOWN_TOPIC_OR_PARTITION'])
    const topics = [
      { name: null, topicId: id },
      { name: null, topicId: 'BBBBBBBBBBBBBBBBBBBBBA' },
      { name: 'b', topicId: id },
      { name: null, topicId: 'AAAAAAAAAAAAAAAAAAAAAA' },
    ]
    const twice = test.ask('DeleteTopics', { topics, timeoutMs: 1 }).responses
    expect(twice.map(({ errorCode }) => kafkaErrorName(errorCode))).toEqual([
      'INVALID_REQUEST',
      'UNKNOWN_TOPIC_ID',
      'INVALID_REQUEST',
      'INVALID_REQUEST',
    ])
    const once = test.ask('DeleteTopics', { topics: topics.slice(0, 1), timeoutMs: 1 }).responses
    expect(once).toMatchObject([{ name: 'b', topicId: id, errorCode: 0 }])
    expect(test.broker.topics.size).toBe(0)
  })

  it('refuses a topic named twice', () => {
    const test = new TestBroker()
    test.createTopic('a')
    expect(remove(test, 'a', 'a')).toEqual(['INVALID_REQUEST', 'INVALID_REQUEST'])
  })

  it('takes records and producers with it; the name can be used again', () => {
    const store = heldStore()
    const test = new TestBroker({}, store)
    const old = test.createTopic('a')
    test.produced('a', 0, batchOf(['old'], { producerId: 3n, producerEpoch: 0, baseSequence: 0 }))
    expect(remove(test, 'a')).toEqual(['NONE'])
    expect(store.list('producers')).toEqual([])
    expect(store.list('topics')).toEqual([])
    const byId = { ...fetchRequest('', 0, 0).topics[0]!, topicId: old }
    const fetched = test.ask('Fetch', { ...fetchRequest('', 0, 0), topics: [byId] })
    expect(fetched.responses[0]!.partitions[0]!.errorCode).toBe(100)
    const fresh = test.createTopic('a')
    expect(fresh).not.toBe(old)
    expect(test.values('a')).toEqual([])
    expect(test.produced('a', 0, batchOf(['new']))?.offset).toBe(0)
  })

  it('refuses appends from the first moment, and tells a waiting fetch', () => {
    const store = heldStore()
    const test = new TestBroker({}, store)
    test.createTopic('a')
    const parked = test.start('Fetch', fetchRequest('a', 0, 0, { maxWaitMs: 10_000 }))
    store.hold()
    const earlier = test.produce('a', 0, batchOf(['in line']))
    const deleting = test.start(
      'DeleteTopics',
      { topicNames: ['a'], timeoutMs: 1 },
      { apiVersion: 5 },
    )
    expect(test.produced('a', 0, batchOf(['late']))?.error).toBe('UNKNOWN_TOPIC_OR_PARTITION')
    expect(remove(test, 'a')).toEqual(['UNKNOWN_TOPIC_OR_PARTITION'])
    expect(parked.answer()).toBeUndefined()
    store.release()
    test.time.settle()
    expect(resultOf(earlier)?.error).toBe('NONE')
    expect(deleting.answer()!.responses[0]!.errorCode).toBe(0)
    const partition = parked.answer()!.responses[0]!.partitions[0]!
    // The append came first and ended the wait; the next fetch learns of the deletion.
    expect(partition.errorCode === 0 || partition.errorCode === 3).toBe(true)
    const next = test.ask('Fetch', fetchRequest('a', 0, 0, { maxWaitMs: 10_000 }))
    expect(next.responses[0]!.partitions[0]!.errorCode).toBe(3)
  })

  it('a waiting fetch ends at once when its topic goes', () => {
    const test = new TestBroker()
    test.createTopic('a')
    const parked = test.start('Fetch', fetchRequest('a', 0, 0, { maxWaitMs: 10_000 }))
    expect(remove(test, 'a')).toEqual(['NONE'])
    expect(parked.answer()!.responses[0]!.partitions[0]!.errorCode).toBe(3)
  })
})
