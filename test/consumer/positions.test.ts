import { describe, expect, test } from 'vitest'
import type { ConsumerOptions } from '../../src/consumer/config.js'
import { Positions } from '../../src/consumer/positions.js'
import type { StreamBusError } from '../../src/domain/errors.js'
import { VirtualTime } from '../../src/simulation/time/virtual-time.js'
import { kafkaErrorName, kafkaErrors } from '../../src/transport/protocol/kafka-errors.js'
import type { ResponseInput } from '../../src/transport/protocol/registry.js'
import { code, FakeTransport, type Script, unreachable } from './fixtures/fake-transport.js'
import { begin, config, finish, slotOn } from './fixtures/parts.js'

const committed = (
  offsets: readonly (number | { readonly errorCode: number })[],
  errorCode = 0,
): ResponseInput<'OffsetFetch'> => ({
  groups: [
    {
      groupId: 'group',
      errorCode,
      topics: [
        {
          name: 'events',
          partitions: offsets.map((one, partitionIndex) => ({
            partitionIndex,
            committedOffset: typeof one === 'number' ? one : -1,
            metadata: '',
            errorCode: typeof one === 'number' ? 0 : one.errorCode,
          })),
        },
      ],
    },
  ],
})

const listed = (offset: number, errorCode = 0): ResponseInput<'ListOffsets'> => ({
  topics: [
    {
      name: 'events',
      partitions: [0, 1].map((partitionIndex) => ({ partitionIndex, errorCode, offset })),
    },
  ],
})

const world = (script: Script, options: Partial<ConsumerOptions> = {}, count = 1) => {
  const time = new VirtualTime('positions')
  const transport = new FakeTransport(script)
  const errors: StreamBusError[] = []
  const fatal: StreamBusError[] = []
  const positions = new Positions({
    transport,
    config: config({ requestTimeoutMs: 1_000, ...options }),
    owner: 'me',
    onResolved: () => undefined,
    onError: (error) => errors.push(error),
    onFatal: (error) => fatal.push(error),
  })
  const slots = Array.from({ length: count }, (_, partition) => {
    const slot = slotOn(time, partition)
    slot.isOpen = true
    return slot
  })
  return { time, transport, errors, fatal, positions, slots }
}

describe('where a partition begins', () => {
  test('at the committed offset, without asking the log', () => {
    const { time, positions, slots, transport } = world({ OffsetFetch: () => committed([42]) })
    finish(time, positions.resolve(slots))
    expect(slots[0]).toMatchObject({
      state: 'fetching',
      offsets: { fetch: 42, position: 42, done: 42, committed: 42 },
    })
    expect(transport.of('ListOffsets')).toEqual([])
    expect(transport.of('OffsetFetch')[0]).toMatchObject({ requireStable: true })
  })

  test('without one, where offsetReset says; that is no committed offset yet', () => {
    for (const [offsetReset, timestamp] of [
      ['earliest', -2],
      ['latest', -1],
    ] as const) {
      const { time, positions, slots, transport } = world(
        { OffsetFetch: () => committed([-1, 5]), ListOffsets: () => listed(9) },
        { offsetReset },
        2,
      )
      finish(time, positions.resolve(slots))
      expect(slots.map(({ offsets }) => [offsets.position, offsets.committed])).toEqual([
        [9, -1],
        [5, 5],
      ])
      const [asked] = transport.of('ListOffsets')
      expect(asked!.topics[0]!.partitions).toMatchObject([{ partitionIndex: 0, timestamp }])
    }
  })

  test("offsetReset 'none' fails the partition, says so, and only it", () => {
    const { time, positions, slots } = world(
      { OffsetFetch: () => committed([-1, 5]) },
      { offsetReset: 'none' },
      2,
    )
    finish(time, positions.resolve(slots))
    expect(slots.map(({ state }) => state)).toEqual(['failed', 'fetching'])
    expect(slots[0]!.unreportedError).toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' })
    expect(slots[0]!.unreportedError?.message).toContain('group group has no committed offset')
  })

  test('a seek or a revoke that came first is not overruled', () => {
    for (const first of ['seek', 'shut'] as const) {
      const { time, positions, slots } = world({ OffsetFetch: () => committed([42]) })
      const slot = slots[0]!
      const resolving = begin(time, positions.resolve(slots))
      expect(resolving.isDone).toBe(true)
      expect(slot.offsets.position).toBe(42)
      const late = world({ OffsetFetch: (_, nth) => (nth === 0 ? unreachable() : committed([42])) })
      const pending = begin(late.time, late.positions.resolve(late.slots))
      if (first === 'seek') late.slots[0]!.startAt(7, 'seek')
      else late.slots[0]!.shut()
      late.time.runFor(10_000)
      expect(pending.isDone).toBe(true)
      expect(late.slots[0]!.offsets.position).toBe(first === 'seek' ? 7 : -1)
    }
  })
})

describe('trouble', () => {
  const retriable = Object.values(kafkaErrors).filter((one) => {
    const name = kafkaErrorName(one)
    return ['COORDINATOR_LOAD_IN_PROGRESS', 'NOT_COORDINATOR', 'UNSTABLE_OFFSET_COMMIT'].includes(
      name,
    )
  })

  test('a retriable error never resets an offset, for the group or for the partition', () => {
    const failures = [
      () => unreachable(),
      () => 'silence' as const,
      ...retriable.map((errorCode) => () => committed([-1], errorCode)),
      ...retriable.map((errorCode) => () => committed([{ errorCode }])),
      // Left out of the answer.
      () => committed([]),
      () => committed([-1], 999),
    ]
    for (const failure of failures) {
      let isWell = false
      const { time, positions, slots, transport, fatal } = world({
        OffsetFetch: () => (isWell ? committed([42]) : failure()),
      })
      const resolving = begin(time, positions.resolve(slots))
      time.runFor(60_000)
      expect(slots[0]!.state).toBe('resolving')
      expect(transport.of('ListOffsets')).toEqual([])
      expect(fatal).toEqual([])
      isWell = true
      time.runFor(5_000)
      expect(resolving.isDone).toBe(true)
      expect(slots[0]!.offsets.position).toBe(42)
    }
  })

  test('it is tried again with growing pauses, not in a loop', () => {
    const { time, positions, slots, transport } = world({ OffsetFetch: () => unreachable() })
    begin(time, positions.resolve(slots))
    time.runFor(60_000)
    expect(transport.of('OffsetFetch').length).toBeLessThan(60)
    expect(transport.of('OffsetFetch').length).toBeGreaterThan(10)
  })

  test('nor does it when the log cannot be asked: any answer but an offset is tried again', () => {
    const failures = [
      () => unreachable(),
      ...[...Object.values(kafkaErrors), 999]
        .filter((one) => one !== 0 && !/AUTHORIZATION/.test(kafkaErrorName(one)))
        .map((errorCode) => () => listed(-1, errorCode)),
      // A claim without an offset, from a broken broker.
      () => listed(-1),
    ]
    for (const failure of failures) {
      let isWell = false
      const { time, positions, slots } = world({
        OffsetFetch: () => committed([-1]),
        ListOffsets: () => (isWell ? listed(9) : failure()),
      })
      begin(time, positions.resolve(slots))
      time.runFor(3_000)
      expect(slots[0]!.state).toBe('resolving')
      isWell = true
      time.runFor(5_000)
      expect(slots[0]!.offsets.position).toBe(9)
    }
  })

  test('a refusal is fatal, and ends it', () => {
    const denied = code('GROUP_AUTHORIZATION_FAILED')
    const { time, positions, slots, fatal } = world({ OffsetFetch: () => committed([], denied) })
    finish(time, positions.resolve(slots))
    expect(fatal[0]).toMatchObject({ code: 'NOT_AUTHORIZED', address: { group: 'group' } })
    expect(slots[0]!.state).toBe('resolving')
  })

  test('every error of the group’s answer is retried or fatal, never taken for "no offset"', () => {
    for (const errorCode of [...Object.values(kafkaErrors), 999]) {
      if (errorCode === 0) continue
      const { time, positions, slots, transport, fatal, errors } = world({
        OffsetFetch: () => committed([-1], errorCode),
        ListOffsets: () => listed(0),
      })
      begin(time, positions.resolve(slots))
      time.runFor(1_000)
      expect(transport.of('ListOffsets')).toEqual([])
      expect(fatal.length + errors.length, `${errorCode}`).toBeGreaterThan(0)
    }
  })
})

describe('a position that is not in the log', () => {
  test('is said aloud with its place, then reset as offsetReset says', () => {
    const { time, positions, slots, errors } = world({ ListOffsets: () => listed(100) })
    const slot = slots[0]!
    slot.startAt(7, 'committed')
    finish(time, positions.reset(slot))
    expect(errors[0]).toMatchObject({ code: 'OFFSET_OUT_OF_RANGE', address: { partition: 0 } })
    expect(errors[0]!.message).toMatch(/events-0: offset 7 .*earliest/)
    expect(slot).toMatchObject({ state: 'fetching', offsets: { position: 100 } })
  })

  test("fails the partition under 'none', and keeps the place", () => {
    const { time, positions, slots, errors } = world({}, { offsetReset: 'none' })
    const slot = slots[0]!
    slot.startAt(7, 'committed')
    finish(time, positions.reset(slot))
    expect(errors).toHaveLength(1)
    expect(slot).toMatchObject({ state: 'failed', offsets: { position: 7, fetch: 7 } })
  })

  test('a seek that comes while it is looked up wins', () => {
    const { time, positions, slots } = world({
      ListOffsets: (_, nth) => (nth === 0 ? unreachable() : listed(100)),
    })
    const slot = slots[0]!
    slot.startAt(7, 'committed')
    const reset = begin(time, positions.reset(slot))
    slot.startAt(50, 'seek')
    time.runFor(5_000)
    expect(reset.isDone).toBe(true)
    expect(slot.offsets.position).toBe(50)
  })
})
