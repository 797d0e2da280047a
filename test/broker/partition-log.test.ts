import { describe, expect, it } from 'vitest'
import { heldStore } from './fixtures/held-store.js'
import { batchOf, fetchRequest, idempotent, resultOf, TestBroker } from './fixtures/test-broker.js'

const withTopic = (store = heldStore()) => {
  const test = new TestBroker({}, store)
  if (test.broker.topics.byName('events') === undefined) test.createTopic('events')
  return { test, store, log: test.broker.topics.byName('events')!.logs[0]! }
}

describe('PartitionLog', () => {
  it('pipelines appends and acknowledges each at its own commit, in order', () => {
    const { test, store, log } = withTopic()
    store.hold()
    const first = test.produce('events', 0, batchOf(['a', 'b']))
    const second = test.produce('events', 0, batchOf(['c']))
    expect(store.held()).toBe(2)
    expect([log.logEndOffset, log.highWatermark]).toEqual([3, 0])
    expect(resultOf(first)).toBeUndefined()
    store.release(1)
    test.time.settle()
    expect(resultOf(first)).toMatchObject({ error: 'NONE', offset: 0 })
    expect(resultOf(second)).toBeUndefined()
    expect(log.highWatermark).toBe(2)
    store.release()
    test.time.settle()
    expect(resultOf(second)).toMatchObject({ error: 'NONE', offset: 2 })
    expect(test.values('events')).toEqual(['a', 'b', 'c'])
  })

  it('shows nothing at or above the high watermark, and calls it no error', () => {
    const { test, store } = withTopic()
    test.produced('events', 0, batchOf(['seen']))
    store.hold()
    test.produce('events', 0, batchOf(['unseen']))
    expect(test.values('events')).toEqual(['seen'])
    expect(test.values('events', 0, 1)).toEqual([])
    const beyond = test.ask('Fetch', fetchRequest('events', 0, 2), { apiVersion: 12 })
    expect(beyond.responses[0]!.partitions[0]).toMatchObject({ errorCode: 0, highWatermark: 1 })
    expect(
      test.ask('Fetch', fetchRequest('events', 0, 3)).responses[0]!.partitions[0],
    ).toMatchObject({ errorCode: 1 })
  })

  it('shows nothing that the store has committed but not yet told', () => {
    const { test, store } = withTopic()
    test.produced('events', 0, batchOf(['seen'], { timestampMs: 10 }))
    store.holdReplies()
    test.produce('events', 0, batchOf(['unseen'], { timestampMs: 20 }))
    expect(store.lastBatch(test.broker.topics.byName('events')!.logs[0]!)?.lastOffset).toBe(1)
    expect(test.values('events')).toEqual(['seen'])
    expect(test.values('events', 0, 1)).toEqual([])
    const partitions = [{ partitionIndex: 0, timestamp: 15 }]
    const topics = [{ name: 'events', partitions }]
    const { offset } = test.ask('ListOffsets', { replicaId: -1, topics }).topics[0]!.partitions[0]!
    expect(offset).toBe(-1)
    store.release()
    test.time.settle()
    expect(test.values('events')).toEqual(['seen', 'unseen'])
  })

  it('a failed store refuses what was not committed, and what was stays readable', () => {
    const { test, store, log } = withTopic()
    test.produced('events', 0, batchOf(['kept']))
    store.hold()
    const lost = [
      test.produce('events', 0, batchOf(['x'])),
      test.produce('events', 0, batchOf(['y'])),
    ]
    store.fail()
    test.time.settle()
    for (const each of lost) expect(resultOf(each)?.error).toBe('KAFKA_STORAGE_ERROR')
    expect(test.produced('events', 0, batchOf(['z']))?.error).toBe('KAFKA_STORAGE_ERROR')
    expect(test.values('events')).toEqual(['kept'])
    expect([log.logEndOffset, log.highWatermark]).toEqual([1, 1])
    expect(test.lines.filter(({ level }) => level === 'error')).toHaveLength(1)
  })

  it('a repeated batch is answered with its first offset, and not before that is durable', () => {
    const { test, store, log } = withTopic()
    store.hold()
    const sent = test.produce('events', 0, idempotent(5n, 0, ['a', 'b']))
    const again = test.produce('events', 0, idempotent(5n, 0, ['a', 'b']))
    const next = test.produce('events', 0, idempotent(5n, 2, ['c']))
    expect(store.held()).toBe(2)
    expect(resultOf(again)).toBeUndefined()
    store.release()
    test.time.settle()
    expect([sent, again, next].map((each) => resultOf(each)?.offset)).toEqual([0, 0, 2])
    expect(log.logEndOffset).toBe(3)
  })

  it('a repeat of a batch that the store refused is refused too', () => {
    const { test, store } = withTopic()
    store.hold()
    test.produce('events', 0, idempotent(5n, 0, ['a']))
    const again = test.produce('events', 0, idempotent(5n, 0, ['a']))
    store.fail()
    test.time.settle()
    expect(resultOf(again)?.error).toBe('KAFKA_STORAGE_ERROR')
  })

  it('an interrupted producer takes nothing back', () => {
    const { test, store } = withTopic()
    store.hold()
    const gone = test.produce('events', 0, batchOf(['a']))
    gone.interrupt()
    store.release()
    test.time.settle()
    expect(test.values('events')).toEqual(['a'])
  })

  it('log ends, producers and topics come back after a restart', () => {
    const { test, store } = withTopic()
    const { topicId } = test.broker.topics.byName('events')!
    test.produced('events', 0, idempotent(5n, 0, ['a', 'b']))
    test.produced('events', 0, batchOf(['c']))
    const restarted = withTopic(store)
    expect(restarted.test.broker.topics.byName('events')!.topicId).toBe(topicId)
    expect(restarted.log.highWatermark).toBe(3)
    expect(restarted.test.produced('events', 0, idempotent(5n, 0, ['a', 'b']))?.offset).toBe(0)
    expect(restarted.test.produced('events', 0, idempotent(5n, 3, ['d']))?.error).toBe(
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
    )
    expect(restarted.test.produced('events', 0, idempotent(5n, 2, ['d']))?.offset).toBe(3)
    expect(restarted.test.values('events')).toEqual(['a', 'b', 'c', 'd'])
  })

  it('forgets silent producers in the store as well', () => {
    const { test, store } = withTopic()
    test.produced('events', 0, idempotent(1n, 0, ['a']))
    test.time.runFor(86_400_000)
    test.produced('events', 0, idempotent(2n, 0, ['b']))
    expect(store.list('producers').map(([key]) => key.split('/').at(-1))).toEqual(['2'])
  })
})
