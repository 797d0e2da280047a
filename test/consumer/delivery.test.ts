import { describe, expect, test } from 'vitest'
import { Delivery } from '../../src/consumer/delivery.js'
import type { PartitionSlot } from '../../src/consumer/partition-slot.js'
import type { StreamBusError } from '../../src/domain/errors.js'
import { VirtualTime } from '../../src/simulation/time/virtual-time.js'
import { batchBytes, begin, fill, openSlot, slotsOf, spoilt } from './fixtures/parts.js'

const world = (partitions = 3, perPartition = 10) => {
  const time = new VirtualTime('delivery')
  const slots = Array.from({ length: partitions }, (_, partition) => openSlot(time, partition))
  for (const slot of slots) fill(slot, batchBytes(0, perPartition))
  const errors: StreamBusError[] = []
  const state = { mayHandOut: true, taken: 0 }
  const delivery = new Delivery({
    slots: slotsOf(...slots),
    clock: time.clock,
    mayHandOut: () => state.mayHandOut,
    onTaken: () => state.taken++,
    onError: (error) => errors.push(error),
  })
  return { time, slots, errors, state, delivery }
}

const places = (records: readonly { partition: number; offset: number }[]): string[] =>
  records.map(({ partition, offset }) => `${partition}:${offset}`)

describe('taking', () => {
  test('partitions take turns at being first, and each keeps its order', () => {
    const { delivery } = world(3, 10)
    const firsts = [1, 2, 3].map(() => places(delivery.take(4))[0])
    expect(firsts).toEqual(['0:0', '1:0', '2:0'])
    expect(places(delivery.take(6))).toEqual(['0:4', '0:5', '0:6', '0:7', '0:8', '0:9'])
  })

  test('one after another it stays with a partition for a while, then turns', () => {
    const { delivery, slots } = world(2, 600)
    const seen = Array.from({ length: 1_200 }, () => delivery.takeOne()!)
    expect(seen.every((record) => record !== undefined)).toBe(true)
    expect(delivery.takeOne()).toBeUndefined()
    const turns = seen.filter(({ partition }, index) => partition !== seen[index - 1]?.partition)
    expect(turns.length).toBeLessThanOrEqual(5)
    expect(delivery.recordsHandedOut).toBe(1_200)
    for (const slot of slots) expect(slot.offsets.position).toBe(600)
  })

  test('nothing while the coordinator may have given the partitions away, or when closing', () => {
    const { delivery, state } = world()
    state.mayHandOut = false
    expect(delivery.take(10)).toEqual([])
    expect(delivery.takeOne()).toBeUndefined()
    state.mayHandOut = true
    expect(delivery.takeOne()).toBeDefined()
    // Also in the middle of a partition's turn.
    state.mayHandOut = false
    expect(delivery.takeOne()).toBeUndefined()
    state.mayHandOut = true
    delivery.beginClosing()
    expect(delivery.take(10)).toEqual([])
    expect(delivery.takeOne()).toBeUndefined()
  })

  test('shut, paused and failed partitions are left out, at once, also in the middle of a turn', () => {
    const { delivery, slots } = world(3, 10)
    const current = delivery.takeOne()!.partition
    slots[current]!.shut()
    expect(delivery.takeOne()!.partition).not.toBe(current)
    slots[(current + 1) % 3]!.send({ type: 'pause' })
    const rest = delivery.take(100)
    expect(new Set(rest.map(({ partition }) => partition))).toEqual(new Set([(current + 2) % 3]))
  })

  test('a batch that cannot be decoded fails its partition, the others are handed out', () => {
    const time = new VirtualTime('delivery')
    const bad = openSlot(time, 0)
    const good = openSlot(time, 1)
    fill(bad, batchBytes(0, 2), spoilt(batchBytes(2, 1)), batchBytes(3, 5))
    fill(good, batchBytes(0, 2))
    const errors: StreamBusError[] = []
    const delivery = new Delivery({
      slots: slotsOf(bad, good),
      clock: time.clock,
      mayHandOut: () => true,
      onTaken: () => undefined,
      onError: (error) => errors.push(error),
    })
    expect(places(delivery.take(100))).toEqual(['0:0', '0:1', '1:0', '1:1'])
    expect(bad).toMatchObject({ state: 'failed', offsets: { position: 2 } })
    expect(errors).toHaveLength(1)
    expect(delivery.takeError()?.message).toContain('events-0')
    expect(delivery.takeError()).toBeUndefined()
    expect(places(delivery.take(100))).toEqual([])
    delivery.settle()
    // Done is what was handed out, the spoilt record is not.
    expect(bad.offsets.done).toBe(2)
  })
})

describe('what is in hand', () => {
  test('is done when settled', () => {
    const { delivery, slots } = world(2, 4)
    delivery.take(3)
    expect(slots[0]!.offsets.done).toBe(0)
    delivery.settle()
    expect(slots[0]!.offsets.done).toBe(3)
  })

  test('an explicit commit settles only what it covers', () => {
    const { delivery, slots } = world(2, 4)
    delivery.take(8)
    delivery.settleUpTo([{ topic: 'events', partition: 0, offset: 3 }])
    expect(slots[0]!.outstanding).toBe(4)
    delivery.settleUpTo([
      { topic: 'events', partition: 0, offset: 4 },
      { topic: 'other', partition: 9, offset: 1 },
    ])
    expect(slots[0]).toMatchObject({ outstanding: null, offsets: { done: 4 } })
    expect(slots[1]).toMatchObject({ outstanding: 4, offsets: { done: 0 } })
  })

  test('let go of unfinished it is fetched and handed out again, the rest stays as it is', () => {
    const { delivery, slots, state } = world(2, 4)
    delivery.take(2)
    delivery.settle()
    delivery.take(1)
    const inHand = slots.find(({ outstanding }) => outstanding !== null) as PartitionSlot
    const other = slots.find((slot) => slot !== inHand) as PartitionSlot
    const { position } = other.offsets
    const before = state.taken
    delivery.abandon()
    expect(inHand).toMatchObject({ outstanding: null, state: 'fetching' })
    expect(inHand.offsets).toMatchObject({
      position: inHand.offsets.done,
      fetch: inHand.offsets.done,
    })
    expect(other.offsets.position).toBe(position)
    expect(state.taken).toBeGreaterThan(before)
  })
})

describe('a drain', () => {
  const tp = (partition: number) => ({ topic: 'events', partition })

  test('is over at once when nothing of these partitions is in hand', () => {
    const { delivery, time } = world(2, 4)
    delivery.take(4)
    const other = begin(time, delivery.drain([tp(1)], 1_000))
    expect(other.value).toEqual({ tag: 'drained' })
  })

  test('waits for the application, and for this partition only', () => {
    const { delivery, time } = world(2, 4)
    delivery.take(8)
    const drain = begin(time, delivery.drain([tp(0)], 1_000))
    expect(drain.isDone).toBe(false)
    delivery.settleUpTo([{ ...tp(1), offset: 4 }])
    time.settle()
    expect(drain.isDone).toBe(false)
    delivery.settle()
    time.settle()
    expect(drain.value).toEqual({ tag: 'drained' })
  })

  test('gives up when its time is over', () => {
    const { delivery, time } = world(1, 4)
    delivery.take(1)
    const drain = begin(time, delivery.drain([tp(0)], 1_000))
    time.runFor(999)
    expect(drain.isDone).toBe(false)
    time.runFor(1)
    expect(drain.value).toEqual({ tag: 'timedOut' })
  })

  test('does not wait for an application that closes', () => {
    const { delivery, time } = world(1, 4)
    delivery.take(1)
    const drain = begin(time, delivery.drain([tp(0)], 60_000))
    delivery.beginClosing()
    time.settle()
    expect(drain.value).toEqual({ tag: 'timedOut' })
    expect(begin(time, delivery.drain([tp(0)], 60_000)).value).toEqual({ tag: 'timedOut' })
  })

  test('ends with what is let go of', () => {
    const { delivery, time } = world(1, 4)
    delivery.take(1)
    const drain = begin(time, delivery.drain([tp(0)], 60_000))
    delivery.abandon()
    time.settle()
    expect(drain.value).toEqual({ tag: 'drained' })
  })

  test('cut off it leaves no timer and no listener behind', () => {
    const { delivery, time } = world(1, 4)
    delivery.take(1)
    const drain = begin(time, delivery.drain([tp(0)], 60_000))
    drain.fiber.interruptUnsafe()
    time.settle()
    expect(time.step(100_000)).toBe(false)
  })
})

describe('waiting', () => {
  test('ends when woken, when the time is up, or when closing begins', () => {
    const { delivery, time } = world(1, 1)
    const woken = begin(time, delivery.wait(1_000))
    const late = begin(time, delivery.wait(50))
    const endless = begin(time, delivery.wait(Number.POSITIVE_INFINITY))
    time.runFor(50)
    expect([woken.isDone, late.isDone, endless.isDone]).toEqual([false, true, false])
    delivery.wake()
    time.settle()
    expect([woken.isDone, endless.isDone]).toEqual([true, true])
    const last = begin(time, delivery.wait(Number.POSITIVE_INFINITY))
    delivery.beginClosing()
    time.settle()
    expect(last.isDone).toBe(true)
    expect(time.step(100_000)).toBe(false)
  })
})
