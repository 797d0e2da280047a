import { describe, expect, it } from 'vitest'
import { kafkaErrorName } from '../../../src/transport/protocol/kafka-errors.js'
import { advertisedApis } from '../../../src/transport/protocol/registry.js'
import { heldStore } from '../fixtures/held-store.js'
import { batchOf, TestBroker } from '../fixtures/test-broker.js'

describe('ApiVersions', () => {
  it('lists every API of the codec: all are served', () => {
    const { apiKeys, errorCode } = new TestBroker().ask('ApiVersions', {})
    expect(errorCode).toBe(0)
    expect(apiKeys).toEqual(advertisedApis())
  })
})

describe('DescribeCluster', () => {
  it('describes the one node, and no controllers', () => {
    const test = new TestBroker({ nodeId: 2, advertise: 'h:1' })
    const body = test.ask('DescribeCluster', { includeClusterAuthorizedOperations: true })
    expect(body).toMatchObject({ errorCode: 0, controllerId: 2, clusterId: test.broker.clusterId })
    expect(body.brokers).toMatchObject([{ brokerId: 2, host: 'h', port: 1, isFenced: false }])
    const error = (endpointType: number) =>
      kafkaErrorName(
        test.ask('DescribeCluster', { endpointType, includeClusterAuthorizedOperations: false })
          .errorCode,
      )
    expect(error(2)).toBe('MISMATCHED_ENDPOINT_TYPE')
    expect(error(3)).toBe('UNSUPPORTED_ENDPOINT_TYPE')
  })
})

describe('OffsetForLeaderEpoch', () => {
  it('the only epoch ends at the high watermark', () => {
    const test = new TestBroker()
    test.createTopic('events')
    test.produced('events', 0, batchOf(['a', 'b']))
    const ask = (leaderEpoch: number, currentLeaderEpoch = -1, partition = 0) => {
      const partitions = [{ partition, currentLeaderEpoch, leaderEpoch }]
      const { topics } = test.ask('OffsetForLeaderEpoch', {
        topics: [{ topic: 'events', partitions }],
      })
      const { errorCode, leaderEpoch: epoch, endOffset } = topics[0]!.partitions[0]!
      return [kafkaErrorName(errorCode), epoch, endOffset]
    }
    expect(ask(0)).toEqual(['NONE', 0, 2])
    expect(ask(1)).toEqual(['NONE', -1, -1])
    expect(ask(0, 1)).toEqual(['UNKNOWN_LEADER_EPOCH', -1, -1])
    expect(ask(0, -1, 4)).toEqual(['UNKNOWN_TOPIC_OR_PARTITION', -1, -1])
  })
})

describe('InitProducerId', () => {
  const fresh = { transactionalId: null, transactionTimeoutMs: 1 }

  it('never gives an id twice, restarts included', () => {
    const store = heldStore()
    const seen = new Set<bigint>()
    for (let start = 0; start < 3; start++) {
      const test = new TestBroker({}, store)
      for (let i = 0; i < 1_200; i++) {
        const { errorCode, producerId, producerEpoch } = test.ask('InitProducerId', fresh)
        expect([errorCode, producerEpoch, seen.has(producerId)]).toEqual([0, 0, false])
        seen.add(producerId)
      }
    }
    expect(seen.size).toBe(3_600)
  })

  it('hands out none before their block is durable', () => {
    const store = heldStore()
    const test = new TestBroker({}, store)
    store.hold()
    const [one, gone, two] = [1, 2, 3].map(() => test.start('InitProducerId', fresh))
    expect([store.held(), one!.answer()]).toEqual([1, undefined])
    gone!.interrupt()
    store.release()
    test.time.settle()
    expect([one, two].map((each) => each!.answer()!.producerId)).toEqual([0n, 1n])
  })

  it('says when the store has failed', () => {
    const store = heldStore()
    const test = new TestBroker({}, store)
    store.fail()
    const { errorCode, producerId } = test.ask('InitProducerId', fresh)
    expect([kafkaErrorName(errorCode), producerId]).toEqual(['KAFKA_STORAGE_ERROR', -1n])
  })

  it.each<[string, object, string]>([
    ['a transactional id', { transactionalId: 'tx' }, 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED'],
    ['an empty transactional id', { transactionalId: '' }, 'INVALID_REQUEST'],
    ['an id without epoch', { producerId: 5n }, 'INVALID_REQUEST'],
    ['an epoch without id', { producerEpoch: 5 }, 'INVALID_REQUEST'],
    ['an old id and epoch', { producerId: 5n, producerEpoch: 5 }, 'NONE'],
  ])('%s', (_, more, error) => {
    const { errorCode } = new TestBroker().ask('InitProducerId', { ...fresh, ...more })
    expect(kafkaErrorName(errorCode)).toBe(error)
  })
})
