import { describe, expect, test } from 'vitest'
import { FetchResponseReader } from '../../src/consumer/fetch-response.js'
import type { PartitionSlot } from '../../src/consumer/partition-slot.js'
import type { StreamBusError } from '../../src/domain/errors.js'
import type { ConsumerRecord } from '../../src/domain/record.js'
import { VirtualTime } from '../../src/simulation/time/virtual-time.js'
import { kafkaErrors } from '../../src/transport/protocol/kafka-errors.js'
import { completeResponse, type ResponseInput } from '../../src/transport/protocol/registry.js'
import { code, FakeTransport } from './fixtures/fake-transport.js'
import { batchBytes, config, markerBytes, openSlot } from './fixtures/parts.js'

type Partition = ResponseInput<'Fetch'>['responses'][number]['partitions'][number]

const world = (count = 2, options = {}) => {
  const time = new VirtualTime('response')
  const slots = Array.from({ length: count }, (_, partition) => openSlot(time, partition))
  const errors: StreamBusError[] = []
  const fatal: StreamBusError[] = []
  const outOfRange: PartitionSlot[] = []
  const reader = new FetchResponseReader({
    runtime: time.runtime,
    transport: new FakeTransport(),
    config: config(options),
    onOutOfRange: (slot) => outOfRange.push(slot),
    onError: (error) => errors.push(error),
    onFatal: (error) => fatal.push(error),
  })
  const read = (partitions: readonly Partial<Partition>[], topic = 'events') =>
    reader.read(
      completeResponse('Fetch', {
        errorCode: 0,
        responses: [{ topic, topicId: 'id-of-events', partitions: partitions.map(complete) }],
      }),
      slots,
      slots.map(({ incarnation }) => incarnation),
    )
  return { time, slots, errors, fatal, outOfRange, reader, read }
}

const complete = (given: Partial<Partition>): Partition => ({
  partitionIndex: 0,
  errorCode: 0,
  highWatermark: 100,
  lastStableOffset: 90,
  logStartOffset: 0,
  abortedTransactions: null,
  records: null,
  ...given,
})

const offsets = (slot: PartitionSlot): number[] => {
  const into: ConsumerRecord[] = []
  slot.handOut(1_000, into)
  return into.map(({ offset }) => offset)
}

describe('a fetch response', () => {
  test('goes to the slots it was asked for, by name or by topic id', () => {
    const { slots, read } = world()
    const records = Buffer.concat([batchBytes(0, 2), batchBytes(2, 1)])
    expect(read([{ records }, { partitionIndex: 1 }])).toEqual({
      hasData: true,
      needsMetadata: false,
    })
    expect(slots[0]).toMatchObject({
      state: 'buffered',
      offsets: { fetch: 3, position: 0, highWatermark: 100, lastStable: 90, logStart: 0 },
    })
    expect(slots[1]!.state).toBe('fetching')
    expect(read([{ partitionIndex: 1, records: batchBytes(0, 1) }], '').hasData).toBe(true)
    expect(offsets(slots[0]!)).toEqual([0, 1, 2])
    expect(offsets(slots[1]!)).toEqual([0])
  })

  test('answers that nobody asked for, or too late, are thrown away', () => {
    const { slots, read, errors } = world()
    const incarnations = slots.map(({ incarnation }) => incarnation)
    expect(read([{ partitionIndex: 77, records: batchBytes(0, 1) }]).hasData).toBe(false)
    expect(read([{ records: batchBytes(0, 1) }], 'other').hasData).toBe(false)
    slots[0]!.isOpen = false
    expect(read([{ records: batchBytes(0, 1) }]).hasData).toBe(false)
    expect(incarnations).toEqual(slots.map(({ incarnation }) => incarnation))
    // What was asked for and left out is named, and asked for again after a pause.
    const named = errors.map(({ code, address }) => `${code} ${address.topic}-${address.partition}`)
    expect(new Set(named)).toEqual(
      new Set(['MALFORMED_MESSAGE events-0', 'MALFORMED_MESSAGE events-1']),
    )
    expect(slots[1]!.retryAt).toBeGreaterThan(0)
  })

  test('an answer to a fetch from before a seek is not taken', () => {
    const { slots, reader } = world(1)
    const { incarnation } = slots[0]!
    slots[0]!.startAt(50, 'seek')
    const response = completeResponse('Fetch', {
      errorCode: 0,
      responses: [
        {
          topic: 'events',
          topicId: '',
          partitions: [complete({ records: batchBytes(0, 5), highWatermark: 5 })],
        },
      ],
    })
    expect(reader.read(response, slots, [incarnation]).hasData).toBe(false)
    expect(slots[0]!.offsets).toMatchObject({ fetch: 50, highWatermark: -1 })
  })

  test('an error for the whole of it backs all partitions off and is reported', () => {
    const { slots, reader, errors, time } = world()
    const response = completeResponse('Fetch', {
      errorCode: code('UNKNOWN_SERVER_ERROR'),
      responses: [],
    })
    expect(reader.read(response, slots, [0, 0])).toEqual({ hasData: false, needsMetadata: true })
    expect(slots.every(({ retryAt }) => retryAt > time.clock.elapsed())).toBe(true)
    expect(errors[0]?.message).toContain('UNKNOWN_SERVER_ERROR')
  })

  test('of any error code only its own partition suffers; none is skipped, reset or silent', () => {
    const codes = [...Object.values(kafkaErrors), 999, -77].filter((one) => one !== 0)
    for (const errorCode of codes) {
      const { slots, read, errors, fatal, outOfRange, time } = world()
      const before = { ...slots[0]!.offsets }
      const verdict = read([{ errorCode }, { partitionIndex: 1, records: batchBytes(0, 2) }])
      expect(verdict.hasData, `${errorCode}`).toBe(true)
      expect(slots[1]!.state).toBe('buffered')
      expect(slots[0]!.offsets).toEqual(before)
      const isHandled =
        verdict.needsMetadata || errors.length + fatal.length + outOfRange.length > 0
      expect(isHandled, `code ${errorCode} was swallowed`).toBe(true)
      if (fatal.length + outOfRange.length === 0) {
        expect(slots[0]!.retryAt, `code ${errorCode} is asked again at once`).toBeGreaterThan(
          time.clock.elapsed(),
        )
      }
    }
  })

  test('moved leaders are looked up, refusals are fatal, an offset out of range is handed on', () => {
    const moved = world(1)
    expect(moved.read([{ errorCode: code('NOT_LEADER_OR_FOLLOWER') }]).needsMetadata).toBe(true)
    expect(moved.errors).toEqual([])
    const refused = world()
    refused.read([{ errorCode: code('TOPIC_AUTHORIZATION_FAILED') }])
    expect(refused.fatal[0]).toMatchObject({ code: 'NOT_AUTHORIZED' })
    expect(refused.fatal[0]?.message).toContain('events-0')
    const outside = world()
    outside.read([{ errorCode: code('OFFSET_OUT_OF_RANGE') }])
    expect(outside.outOfRange).toEqual([outside.slots[0]])
    expect(outside.slots[0]!.state).toBe('fetching')
  })

  test('a batch cut off at the byte limit waits for the next fetch', () => {
    const { slots, read, errors } = world(1)
    const whole = Buffer.concat([batchBytes(0, 2), batchBytes(2, 2)])
    for (let cut = 1; cut < batchBytes(2, 2).length; cut += 7) {
      slots[0]!.startAt(0, 'seek')
      expect(read([{ records: whole.subarray(0, whole.length - cut) }]).hasData).toBe(true)
      expect(slots[0]!.offsets.fetch).toBe(2)
      expect(offsets(slots[0]!)).toEqual([0, 1])
    }
    expect(errors).toEqual([])
  })

  test('a damaged batch: what is before it is taken, it is named and asked for again', () => {
    const { slots, read, errors, time } = world(1)
    const damaged = batchBytes(2, 2)
    damaged[damaged.length - 1]! ^= 1
    read([{ records: Buffer.concat([batchBytes(0, 2), damaged, batchBytes(4, 1)]) }])
    expect(offsets(slots[0]!)).toEqual([0, 1])
    expect(slots[0]!.offsets).toMatchObject({ fetch: 2, position: 2 })
    expect(errors).toHaveLength(1)
    expect(errors[0]).toMatchObject({ code: 'CORRUPT_BATCH', address: { partition: 0 } })
    expect(errors[0]?.message).toMatch(/events-0.*offset 2/)
    expect(slots[0]!.retryAt).toBeGreaterThan(time.clock.elapsed())
    time.runFor(5_000)
    read([{ records: batchBytes(2, 2) }])
    expect(offsets(slots[0]!)).toEqual([2, 3])
  })

  test('garbage is an error of its partition, with its place', () => {
    const { slots, read, errors } = world()
    read([{ records: Buffer.alloc(40, 0xee) }, { partitionIndex: 1, records: batchBytes(0, 1) }])
    expect(slots[0]!.buffer.isEmpty).toBe(true)
    expect(errors[0]?.message).toContain('events-0')
    expect(offsets(slots[1]!)).toEqual([0])
  })

  test('a batch from before the position, which nobody asked for, is passed over', () => {
    const { slots, read } = world(1)
    slots[0]!.startAt(4, 'seek')
    read([{ records: Buffer.concat([batchBytes(0, 2), batchBytes(4, 2)]) }])
    expect(offsets(slots[0]!)).toEqual([4, 5])
    slots[0]!.startAt(4, 'seek')
    expect(read([{ records: batchBytes(0, 2) }]).hasData).toBe(false)
    expect(slots[0]!.offsets).toMatchObject({ fetch: 4, position: 4 })
  })

  test('a compacted batch and one emptied by compaction move the position past them', () => {
    const { slots, read } = world(1)
    read([{ records: batchBytes(0, 1, { compacted: 4 }) }])
    expect(offsets(slots[0]!)).toEqual([0])
    expect(slots[0]!.offsets).toMatchObject({ fetch: 5, position: 5 })
  })
})

describe('transactions', () => {
  const transactional = (producerId: bigint) => ({
    producerId,
    producerEpoch: 0,
    baseSequence: 0,
    isTransactional: true,
  })
  const records = Buffer.concat([
    batchBytes(0, 2, transactional(1n)),
    batchBytes(2, 1, transactional(2n)),
    batchBytes(3, 1),
    markerBytes(4, 1n, 'abort'),
    batchBytes(5, 1, transactional(1n)),
    markerBytes(6, 1n, 'commit'),
    markerBytes(7, 2n, 'commit'),
  ])
  const abortedTransactions = [{ producerId: 1n, firstOffset: 0 }]

  test('read_committed hides the aborted, up to its marker and of its producer only', () => {
    const { slots, read } = world(1)
    read([{ records, abortedTransactions }])
    expect(offsets(slots[0]!)).toEqual([2, 3, 5])
    expect(slots[0]!.offsets.position).toBe(8)
  })

  test('read_uncommitted shows them, never the markers', () => {
    const { slots, read } = world(1, { isolationLevel: 'read_uncommitted' })
    read([{ records, abortedTransactions }])
    expect(offsets(slots[0]!)).toEqual([0, 1, 2, 3, 5])
  })

  test('the list may come unsorted and name a producer twice', () => {
    const { slots, read } = world(1)
    const twice = Buffer.concat([
      batchBytes(0, 1, transactional(1n)),
      markerBytes(1, 1n, 'abort'),
      batchBytes(2, 1, transactional(1n)),
      markerBytes(3, 1n, 'commit'),
      batchBytes(4, 1, transactional(1n)),
      markerBytes(5, 1n, 'abort'),
    ])
    const aborted = [
      { producerId: 1n, firstOffset: 4 },
      { producerId: 1n, firstOffset: 0 },
    ]
    read([{ records: twice, abortedTransactions: aborted }])
    expect(offsets(slots[0]!)).toEqual([2])
  })

  test('markers repeated by a broken broker hide nothing', () => {
    const { slots, read } = world(1)
    const repeated = Buffer.concat([
      markerBytes(0, 1n, 'abort'),
      markerBytes(1, 1n, 'abort'),
      batchBytes(2, 1, transactional(1n)),
    ])
    read([{ records: repeated, abortedTransactions: [] }])
    expect(offsets(slots[0]!)).toEqual([2])
  })
})
