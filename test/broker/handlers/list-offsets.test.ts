import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { kafkaErrorName } from '../../../src/transport/protocol/kafka-errors.js'
import { computeCrc } from '../../../src/transport/protocol/records/batch-header.js'
import { encodeBatch } from '../../../src/transport/protocol/records/batch-writer.js'
import { heldStore } from '../fixtures/held-store.js'
import { batchOf, TestBroker } from '../fixtures/test-broker.js'

const withTopic = (store = heldStore()): TestBroker => {
  const test = new TestBroker({}, store)
  if (test.broker.topics.byName('events') === undefined) test.createTopic('events')
  return test
}

const look = (test: TestBroker, timestamp: number, apiVersion = 10, partition: object = {}) => {
  const partitions = [{ partitionIndex: 0, timestamp, ...partition }]
  const body = { replicaId: -1, topics: [{ name: 'events', partitions }] }
  const result = test.ask('ListOffsets', body, { apiVersion }).topics[0]!.partitions[0]!
  return { ...result, error: kafkaErrorName(result.errorCode) }
}

const stamped = (...timestamps: readonly number[]): Buffer =>
  encodeBatch(
    timestamps.map((timestampMs) => ({
      key: null,
      value: Buffer.from('x'),
      headers: [],
      timestampMs,
    })),
    { compression: timestamps.length > 2 ? 'gzip' : 'none' },
  )

const resealed = (batch: Buffer): Buffer => {
  batch.writeUInt32BE(computeCrc(batch, 0, batch.length), 17)
  return batch
}

describe('ListOffsets', () => {
  it('knows the ends of a log', () => {
    const store = heldStore()
    const test = withTopic(store)
    expect(look(test, -1)).toMatchObject({ offset: 0, timestamp: -1, leaderEpoch: 0 })
    test.produced('events', 0, batchOf(['a', 'b']))
    store.hold()
    test.produce('events', 0, batchOf(['unseen']))
    expect(look(test, -1).offset).toBe(2)
    expect(look(test, -2).offset).toBe(0)
    expect(look(test, -4).offset).toBe(0)
    expect(look(test, -5)).toMatchObject({ error: 'NONE', offset: -1, leaderEpoch: -1 })
  })

  it.each([
    [-3, 6],
    [-4, 7],
    [-5, 8],
    [-6, 10],
  ])('timestamp %i is not supported in version %i', (timestamp, apiVersion) => {
    expect(look(withTopic(), timestamp, apiVersion).error).toBe('UNSUPPORTED_VERSION')
  })

  it('finds the first record at or after a time, whatever the order of times', () => {
    const times = fc.array(fc.array(fc.nat(50), { minLength: 1, maxLength: 4 }), { maxLength: 6 })
    fc.assert(
      fc.property(times, fc.nat(55), (batches, wanted) => {
        const test = withTopic()
        for (const batch of batches) test.produced('events', 0, stamped(...batch))
        const all = batches.flat()
        const expected = all.findIndex((time) => time >= wanted)
        expect(look(test, wanted)).toMatchObject({
          error: 'NONE',
          offset: expected,
          timestamp: expected < 0 ? -1 : all[expected],
        })
        const latest = all.length === 0 ? -1 : Math.max(...all)
        expect(look(test, -3)).toMatchObject({ timestamp: latest, offset: all.indexOf(latest) })
      }),
      { numRuns: 60 },
    )
  })

  it('finds the latest time again after a restart, and keeps it current', () => {
    const store = heldStore()
    const before = withTopic(store)
    for (const batch of [[10], [90, 20], [30], [40]])
      before.produced('events', 0, stamped(...batch))
    const test = withTopic(store)
    expect(look(test, -3)).toMatchObject({ offset: 1, timestamp: 90 })
    test.produced('events', 0, stamped(95))
    expect(look(test, -3)).toMatchObject({ offset: 5, timestamp: 95 })
  })

  it('looks on when a header claims a time that none of its records has', () => {
    const test = withTopic()
    const liar = stamped(10, 20)
    liar.writeBigInt64BE(1_000n, 35)
    // The CRC covers the claim: it is the producer's, not damage.
    test.produced('events', 0, resealed(liar))
    test.produced('events', 0, stamped(15, 500))
    expect(look(test, 100)).toMatchObject({ offset: 3, timestamp: 500 })
    expect(look(test, 600)).toMatchObject({ offset: -1 })
    expect(look(test, -3).error).toBe('NONE')
  })

  it('does not see what is not committed', () => {
    const store = heldStore()
    const test = withTopic(store)
    store.hold()
    test.produce('events', 0, stamped(10))
    expect(look(test, 5).offset).toBe(-1)
    expect(look(test, -3).offset).toBe(-1)
  })

  it('fences, and refuses a partition asked for twice', () => {
    const test = withTopic()
    expect(look(test, -1, 10, { currentLeaderEpoch: 3 }).error).toBe('UNKNOWN_LEADER_EPOCH')
    expect(look(test, -1, 10, { partitionIndex: 5 }).error).toBe('UNKNOWN_TOPIC_OR_PARTITION')
    const partitions = [0, 1, 0].map((partitionIndex) => ({ partitionIndex, timestamp: -1 }))
    const body = { replicaId: -1, topics: [{ name: 'events', partitions }] }
    const results = test.ask('ListOffsets', body).topics[0]!.partitions
    expect(results.map(({ errorCode }) => kafkaErrorName(errorCode))).toEqual([
      'INVALID_REQUEST',
      'UNKNOWN_TOPIC_OR_PARTITION',
      'INVALID_REQUEST',
    ])
  })
})
