import { describe, expect, it } from 'vitest'
import { kafkaErrorName } from '../../../src/transport/protocol/kafka-errors.js'
import type { ResponseBody } from '../../../src/transport/protocol/registry.js'
import { heldStore } from '../fixtures/held-store.js'
import { TestBroker } from '../fixtures/test-broker.js'

const UNKNOWN_ID = 'BBBBBBBBBBBBBBBBBBBBBA'

const summary = ({ topics }: ResponseBody<'Metadata'>) =>
  topics.map(({ name, errorCode }) => [name, kafkaErrorName(errorCode)])

const named = (...names: string[]) => names.map((name) => ({ name }))

describe('Metadata', () => {
  it('describes partitions, all led by this node', () => {
    const test = new TestBroker({ nodeId: 4, advertise: 'here.example:19092' })
    const topicId = test.createTopic('events', 2)
    const body = test.ask('Metadata', { topics: named('events') })
    expect(body.brokers).toMatchObject([
      { nodeId: 4, host: 'here.example', port: 19_092, rack: null },
    ])
    expect(body).toMatchObject({ controllerId: 4, clusterId: test.broker.clusterId })
    expect(body.topics[0]).toMatchObject({ errorCode: 0, name: 'events', topicId })
    expect(body.topics[0]!.partitions[1]).toEqual({
      errorCode: 0,
      partitionIndex: 1,
      leaderId: 4,
      leaderEpoch: 0,
      replicaNodes: [4],
      isrNodes: [4],
      offlineReplicas: [],
    })
  })

  it('tells clients the address that they dialled', () => {
    const listener = { host: '192.0.2.1', port: 9999 }
    const body = new TestBroker().ask('Metadata', { topics: [] }, { listener })
    expect(body.brokers[0]).toMatchObject(listener)
  })

  it('lists all topics for null, and for an empty list in version 0 only', () => {
    const test = new TestBroker()
    for (const name of ['b', 'a']) test.createTopic(name)
    const all = [
      ['a', 'NONE'],
      ['b', 'NONE'],
    ]
    expect(summary(test.ask('Metadata', { topics: null }, { apiVersion: 1 }))).toEqual(all)
    expect(summary(test.ask('Metadata', { topics: [] }, { apiVersion: 0 }))).toEqual(all)
    expect(summary(test.ask('Metadata', { topics: [] }, { apiVersion: 1 }))).toEqual([])
  })

  it('finds topics by id from version 12 on', () => {
    const test = new TestBroker()
    const topicId = test.createTopic('a')
    const topics = [topicId, UNKNOWN_ID].map((id) => ({ topicId: id, name: null }))
    const body = test.ask('Metadata', { topics })
    expect(summary(body)).toEqual([
      ['a', 'NONE'],
      [null, 'UNKNOWN_TOPIC_ID'],
    ])
    expect(body.topics[1]!.topicId).toBe(UNKNOWN_ID)
    const older = test.ask('Metadata', { topics }, { apiVersion: 11 })
    expect(older.topics.map(({ errorCode }) => kafkaErrorName(errorCode))).toEqual([
      'INVALID_REQUEST',
      'INVALID_REQUEST',
    ])
  })

  it('does not create what it does not find, unless both sides want it', () => {
    const closed = new TestBroker()
    const asked = { topics: named('new', 'bad name', 'new'), allowAutoTopicCreation: true }
    expect(summary(closed.ask('Metadata', asked))).toEqual([
      ['new', 'UNKNOWN_TOPIC_OR_PARTITION'],
      ['bad name', 'INVALID_TOPIC_EXCEPTION'],
    ])
    const open = new TestBroker({ autoCreateTopics: true, defaultPartitions: 2 })
    const refused = { topics: named('new'), allowAutoTopicCreation: false }
    expect(summary(open.ask('Metadata', refused))[0]![1]).toBe('UNKNOWN_TOPIC_OR_PARTITION')
    const body = open.ask('Metadata', asked)
    expect(summary(body)).toEqual([
      ['new', 'NONE'],
      ['bad name', 'INVALID_TOPIC_EXCEPTION'],
    ])
    expect(body.topics[0]!.partitions).toHaveLength(2)
  })

  it('two clients that create the same topic: one waits for the disk, one asks again', () => {
    const store = heldStore()
    const test = new TestBroker({ autoCreateTopics: true }, store)
    store.hold()
    const first = test.start('Metadata', { topics: named('new') })
    expect(summary(test.ask('Metadata', { topics: named('new') }))).toEqual([
      ['new', 'LEADER_NOT_AVAILABLE'],
    ])
    store.release()
    test.time.settle()
    expect(summary(first.answer()!)).toEqual([['new', 'NONE']])
  })

  it('names authorized operations only when asked', () => {
    const test = new TestBroker()
    test.createTopic('a')
    const plain = test.ask('Metadata', { topics: null }, { apiVersion: 10 })
    expect(plain.topics[0]!.topicAuthorizedOperations).toBe(-2_147_483_648)
    const asked = test.ask(
      'Metadata',
      {
        topics: null,
        includeTopicAuthorizedOperations: true,
        includeClusterAuthorizedOperations: true,
      },
      { apiVersion: 10 },
    )
    expect(asked.topics[0]!.topicAuthorizedOperations).toBe(0b1101_1111_1000)
    expect(asked.clusterAuthorizedOperations).toBe(0b1_1111_1010_0000)
  })
})
