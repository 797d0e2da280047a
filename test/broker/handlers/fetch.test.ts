import { describe, expect, it } from 'vitest'
import { kafkaErrorName } from '../../../src/transport/protocol/kafka-errors.js'
import { heldStore } from '../fixtures/held-store.js'
import {
  batchOf,
  type FetchLimits,
  fetchRequest,
  type Pending,
  TestBroker,
  valuesOf,
} from '../fixtures/test-broker.js'

const withTopic = (): TestBroker => {
  const test = new TestBroker()
  test.createTopic('events', 3)
  return test
}

const valuesIn = (pending: Pending<'Fetch'>): string[] | undefined =>
  pending
    .answer()
    ?.responses.flatMap(({ topic, partitions }) =>
      partitions.flatMap(({ partitionIndex, records }) => valuesOf(records, topic, partitionIndex)),
    )

const park = (test: TestBroker, limits: FetchLimits): Pending<'Fetch'> =>
  test.start('Fetch', fetchRequest('events', 0, 0, { maxWaitMs: 500, ...limits }))

/** All three partitions from their start. */
const all = (limits: { maxBytes: number; partitionMaxBytes: number }) => ({
  maxWaitMs: 0,
  minBytes: 1,
  maxBytes: limits.maxBytes,
  topics: [
    {
      topic: 'events',
      partitions: [0, 1, 2].map((partition) => ({
        partition,
        fetchOffset: 0,
        partitionMaxBytes: limits.partitionMaxBytes,
      })),
    },
  ],
  forgottenTopicsData: [],
})

describe('Fetch: waiting', () => {
  it('answers at the first record, not later', () => {
    const test = withTopic()
    const parked = park(test, {})
    test.time.runFor(499)
    expect(parked.answer()).toBeUndefined()
    test.produced('events', 1, batchOf(['elsewhere']))
    expect(parked.answer()).toBeUndefined()
    test.produced('events', 0, batchOf(['here']))
    expect(valuesIn(parked)).toEqual(['here'])
  })

  it('answers with what there is when the time is up', () => {
    const test = withTopic()
    test.produced('events', 0, batchOf(['early']))
    const parked = park(test, { minBytes: 1_000_000 })
    test.time.runFor(499)
    expect(parked.answer()).toBeUndefined()
    test.time.runFor(1)
    expect(valuesIn(parked)).toEqual(['early'])
  })

  it('waits until minBytes have come, over several appends', () => {
    const test = withTopic()
    const size = batchOf(['one']).length
    test.produced('events', 0, batchOf(['one']))
    const parked = park(test, { minBytes: 4 * size })
    for (const value of ['two', 'thr']) {
      test.produced('events', 0, batchOf([value]))
      expect(parked.answer()).toBeUndefined()
    }
    test.produced('events', 0, batchOf(['fou']))
    expect(valuesIn(parked)).toEqual(['one', 'two', 'thr', 'fou'])
  })

  it('wakes at the commit, not at the append', () => {
    const store = heldStore()
    const test = new TestBroker({}, store)
    test.createTopic('events')
    const parked = park(test, {})
    store.hold()
    test.produce('events', 0, batchOf(['a']))
    expect(parked.answer()).toBeUndefined()
    store.release()
    test.time.settle()
    expect(valuesIn(parked)).toEqual(['a'])
  })

  it('does not wait when there is nothing to wait for or something to report', () => {
    const test = withTopic()
    expect(valuesIn(park(test, { maxWaitMs: 0 }))).toEqual([])
    expect(valuesIn(park(test, { minBytes: 0 }))).toEqual([])
    const nothing = { maxWaitMs: 500, minBytes: 1, topics: [], forgottenTopicsData: [] }
    expect(test.ask('Fetch', nothing).responses).toEqual([])
    const bad = fetchRequest('events', 9, 0, { maxWaitMs: 500 })
    expect(test.ask('Fetch', bad).responses[0]!.partitions[0]!.errorCode).toBe(3)
  })

  it('an interrupted wait leaves no timer and no watcher', () => {
    const test = withTopic()
    const parked = park(test, {})
    parked.interrupt()
    // Nothing is left to happen: the virtual clock has no timer.
    expect(test.time.step()).toBe(false)
    expect(test.produced('events', 0, batchOf(['a']))?.error).toBe('NONE')
    expect(() => parked.answer()).toThrow('Interrupt')
  })

  it('ends when the broker closes', () => {
    const test = withTopic()
    const parked = park(test, { maxWaitMs: 1_000_000 })
    test.close()
    const { errorCode } = parked.answer()!.responses[0]!.partitions[0]!
    expect(kafkaErrorName(errorCode)).toBe('NOT_LEADER_OR_FOLLOWER')
  })
})

describe('Fetch: limits', () => {
  it('returns the first batch whole, and fits the rest into the limits', () => {
    const test = withTopic()
    for (const partition of [0, 1, 2]) {
      for (const name of ['a', 'b', 'c']) {
        test.produced('events', partition, batchOf([`${partition}${name}`]))
      }
    }
    const size = batchOf(['0a']).length
    const read = (maxBytes: number, partitionMaxBytes: number) =>
      valuesIn(test.start('Fetch', all({ maxBytes, partitionMaxBytes })))
    expect(read(1, 1)).toEqual(['0a'])
    expect(read(0, 0)).toEqual(['0a'])
    expect(read(5 * size - 1, 2 * size)).toEqual(['0a', '0b', '1a', '1b'])
    expect(read(100 * size, 2 * size)).toEqual(['0a', '0b', '1a', '1b', '2a', '2b'])
    expect(read(100 * size, size - 1)).toEqual(['0a'])
    expect(read(4 * size, 100 * size)).toEqual(['0a', '0b', '0c', '1a'])
  })

  it("caps a response by the broker's own limit", () => {
    const test = new TestBroker({ maxFetchBytes: 1024 })
    test.createTopic('events')
    for (let i = 0; i < 5; i++) test.produced('events', 0, batchOf(['x'.repeat(400)]))
    expect(test.values('events')).toHaveLength(2)
  })

  it('starts within the batch that holds the offset', () => {
    const test = withTopic()
    test.produced('events', 0, batchOf(['a', 'b', 'c']))
    const { records } = test.ask('Fetch', fetchRequest('events', 0, 2)).responses[0]!.partitions[0]!
    expect(valuesOf(records, 'events', 0)).toEqual(['a', 'b', 'c'])
    expect(test.values('events', 0, 2)).toEqual(['c'])
  })
})

describe('Fetch: errors and fields', () => {
  const partitionOf = (test: TestBroker, partition: object, apiVersion = 18) => {
    const request = fetchRequest('events', 0, 0)
    const first = request.topics[0]!
    const topics = [{ ...first, partitions: [{ ...first.partitions[0]!, ...partition }] }]
    return test.ask('Fetch', { ...request, topics }, { apiVersion }).responses[0]!.partitions[0]!
  }

  it.each([
    [{ fetchOffset: 2 }, 'OFFSET_OUT_OF_RANGE'],
    [{ fetchOffset: -1 }, 'OFFSET_OUT_OF_RANGE'],
    [{ partition: -1 }, 'UNKNOWN_TOPIC_OR_PARTITION'],
    [{ partition: 3 }, 'UNKNOWN_TOPIC_OR_PARTITION'],
    [{ currentLeaderEpoch: 1 }, 'UNKNOWN_LEADER_EPOCH'],
    [{ currentLeaderEpoch: -2 }, 'FENCED_LEADER_EPOCH'],
    [{ currentLeaderEpoch: 0 }, 'NONE'],
    [{ fetchOffset: 1 }, 'NONE'],
  ])('%j gives %s', (partition, error) => {
    const test = withTopic()
    test.produced('events', 0, batchOf(['a']))
    const result = partitionOf(test, partition)
    expect(kafkaErrorName(result.errorCode)).toBe(error)
    expect(result.highWatermark).toBe(error === 'NONE' ? 1 : -1)
  })

  it('finds topics by id', () => {
    const test = withTopic()
    test.produced('events', 0, batchOf(['a']))
    const { topicId } = test.broker.topics.byName('events')!
    const ask = (id: string) => {
      const request = fetchRequest('', 0, 0)
      const topics = [{ ...request.topics[0]!, topicId: id }]
      return test.ask('Fetch', { ...request, topics }).responses[0]!
    }
    expect(ask(topicId)).toMatchObject({ topicId, partitions: [{ errorCode: 0 }] })
    expect(ask('BBBBBBBBBBBBBBBBBBBBBA').partitions[0]!.errorCode).toBe(100)
  })

  it('last stable offset is the high watermark; no transaction is ever aborted', () => {
    const test = withTopic()
    test.produced('events', 0, batchOf(['a']))
    const at = (isolationLevel: number) =>
      test.ask('Fetch', { ...fetchRequest('events', 0, 0), isolationLevel }).responses[0]!
        .partitions[0]!
    expect(at(0)).toMatchObject({
      lastStableOffset: 1,
      logStartOffset: 0,
      abortedTransactions: null,
    })
    expect(at(1)).toMatchObject({ lastStableOffset: 1, abortedTransactions: [] })
  })

  it('declines sessions, and knows none', () => {
    const test = withTopic()
    const full = { ...fetchRequest('events', 0, 0), sessionEpoch: 0 }
    expect(test.ask('Fetch', full)).toMatchObject({ errorCode: 0, sessionId: 0 })
    const unknown = { ...full, sessionId: 7, sessionEpoch: 3 }
    expect(kafkaErrorName(test.ask('Fetch', unknown).errorCode)).toBe('FETCH_SESSION_ID_NOT_FOUND')
  })
})
