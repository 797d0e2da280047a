import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PartitionBuffer } from '../../src/consumer/partition-buffer.js'
import type { ConsumerRecord } from '../../src/domain/record.js'
import { VirtualTime } from '../../src/simulation/time/virtual-time.js'
import { batchBytes, fill, markerBytes, openSlot, slotOn, spoilt } from './fixtures/parts.js'

const offsetsOf = (records: readonly ConsumerRecord[]): number[] =>
  records.map(({ offset }) => offset)

const takeAll = (slot: ReturnType<typeof openSlot>, max: number): number[] => {
  const into: ConsumerRecord[] = []
  slot.handOut(max, into)
  return offsetsOf(into)
}

describe('what is buffered and handed out', () => {
  test('batches come out in order, over their borders, as many as asked', () => {
    const slot = openSlot(new VirtualTime(1))
    fill(slot, batchBytes(0, 3), batchBytes(3, 2))
    expect(slot.state).toBe('buffered')
    expect(slot.isReady).toBe(true)
    expect(takeAll(slot, 2)).toEqual([0, 1])
    expect(slot.offsets.position).toBe(2)
    expect(takeAll(slot, 2)).toEqual([2, 3])
    expect(takeAll(slot, 9)).toEqual([4])
    expect(slot.offsets.position).toBe(5)
    expect(slot.state).toBe('fetching')
    expect(slot.buffer).toMatchObject({ isEmpty: true, bytes: 0 })
  })

  test('the position passes control and compacted offsets with the records before them', () => {
    const slot = openSlot(new VirtualTime(1))
    fill(slot, batchBytes(0, 2, { compacted: 3 }), markerBytes(5, 7n, 'commit'), batchBytes(6, 1))
    expect(takeAll(slot, 2)).toEqual([0, 1])
    expect(takeAll(slot, 1)).toEqual([6])
    expect(slot.offsets.position).toBe(7)
  })

  test('it passes them at once, so that `position` and `done` reach the end of the log', () => {
    const slot = openSlot(new VirtualTime(1))
    fill(slot, batchBytes(0, 2), markerBytes(2, 7n, 'commit'))
    expect(takeAll(slot, 2)).toEqual([0, 1])
    // The compacted or control tail is behind the last record: nobody would ask for it again.
    expect(slot.offsets.position).toBe(3)
    slot.settle()
    expect(slot.offsets.done).toBe(3)
  })

  test('a partition that holds nothing but markers moves on and is done', () => {
    const slot = openSlot(new VirtualTime(1), 0, 4)
    fill(slot, markerBytes(4, 7n, 'commit'))
    expect(takeAll(slot, 10)).toEqual([])
    expect(slot.offsets).toMatchObject({ position: 5, done: 5 })
    expect(slot.outstanding).toBeNull()
  })

  test('a fetch in the middle of a batch leaves out what is before the position', () => {
    const slot = openSlot(new VirtualTime(1), 0, 2)
    fill(slot, batchBytes(0, 4))
    expect(takeAll(slot, 10)).toEqual([2, 3])
  })

  test('what was handed out is outstanding until settled; only that is done', () => {
    const slot = openSlot(new VirtualTime(1))
    fill(slot, batchBytes(0, 4))
    takeAll(slot, 2)
    expect(slot).toMatchObject({ outstanding: 2, offsets: { done: 0 } })
    takeAll(slot, 1)
    expect(slot).toMatchObject({ outstanding: 3, offsets: { done: 0 } })
    slot.settle()
    expect(slot).toMatchObject({ outstanding: null, offsets: { done: 3 } })
    slot.settle()
    expect(slot.offsets.done).toBe(3)
  })

  test('a batch that cannot be decoded: what is before it comes out, then it says where', () => {
    const slot = openSlot(new VirtualTime(1), 2)
    fill(slot, batchBytes(0, 2), spoilt(batchBytes(2, 1)), batchBytes(3, 1))
    const into: ConsumerRecord[] = []
    expect(() => slot.handOut(10, into)).toThrow(/events-2/)
    expect(offsetsOf(into)).toEqual([0, 1])
    expect(slot.offsets.position).toBe(2)
    expect(slot.outstanding).toBe(2)
    // And again: nothing after it is handed out instead.
    expect(() => slot.handOut(10, into)).toThrow(/events-2/)
    expect(offsetsOf(into)).toEqual([0, 1])
  })

  test('a seek forgets what was buffered and in hand, and answers to older fetches', () => {
    const slot = openSlot(new VirtualTime(1))
    fill(slot, batchBytes(0, 4))
    takeAll(slot, 2)
    const { incarnation } = slot
    slot.startAt(10, 'seek')
    expect(slot).toMatchObject({
      outstanding: null,
      offsets: { fetch: 10, position: 10, done: 10, committed: 0 },
      state: 'fetching',
    })
    expect(slot.buffer.isEmpty).toBe(true)
    expect(slot.incarnation).toBeGreaterThan(incarnation)
    slot.settle()
    expect(slot.offsets.done).toBe(10)
  })

  test('a paused partition is not ready, and a dropped buffer is fetched again', () => {
    const slot = openSlot(new VirtualTime(1))
    fill(slot, batchBytes(0, 4))
    takeAll(slot, 1)
    slot.send({ type: 'pause' })
    expect(slot.isReady).toBe(false)
    slot.dropBuffer()
    expect(slot.offsets).toMatchObject({ fetch: 1, position: 1 })
    slot.send({ type: 'resume', buffered: false })
    fill(slot, batchBytes(0, 4))
    expect(takeAll(slot, 10)).toEqual([1, 2, 3])
  })

  test('one that is shut hands out nothing and takes no late answer', () => {
    const slot = openSlot(new VirtualTime(1))
    fill(slot, batchBytes(0, 4))
    const { incarnation } = slot
    slot.shut()
    expect(slot.isReady).toBe(false)
    expect(slot.incarnation).not.toBe(incarnation)
  })

  test('the first error is for the application, a seek takes it away', () => {
    const slot = slotOn(new VirtualTime(1))
    const error = { code: 'CORRUPT_BATCH', message: 'events-0: bad' } as const
    slot.failWith(error as never)
    expect(slot.state).toBe('failed')
    expect(slot.unreportedError).toEqual(error)
    slot.startAt(3, 'seek')
    expect(slot.unreportedError).toBeNull()
    expect(slot.state).toBe('fetching')
  })
})

describe('the buffer, against a list', () => {
  const batch = fc.record({
    count: fc.integer({ min: 0, max: 5 }),
    compacted: fc.integer({ min: 0, max: 3 }),
  })

  test('whatever the batches and the asks: each record once, in order, and no byte left over', () => {
    fc.assert(
      fc.property(
        fc.array(batch, { maxLength: 90 }),
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 10 }),
        (shapes, asks) => {
          const slot = openSlot(new VirtualTime(1))
          const expected: number[] = []
          let next = 0
          for (const { count, compacted } of shapes) {
            if (count === 0) {
              fill(slot, markerBytes(next, 1n, 'commit'))
              next++
              continue
            }
            fill(slot, batchBytes(next, count, { compacted }))
            for (let index = 0; index < count; index++) expected.push(next + index)
            next += count + compacted
          }
          const got: number[] = []
          for (let ask = 0; !slot.buffer.isEmpty; ask++) {
            const max = asks[ask % asks.length]!
            const taken = takeAll(slot, max)
            expect(taken.length).toBeLessThanOrEqual(max)
            got.push(...taken)
            const nextExpected = expected[got.length] ?? next
            expect(slot.offsets.position).toBeLessThanOrEqual(nextExpected)
            if (taken.length > 0) expect(slot.offsets.position).toBeGreaterThan(taken.at(-1)!)
          }
          expect(got).toEqual(expected)
          expect(slot.offsets.position).toBe(shapes.length === 0 ? 0 : next)
          expect(slot.buffer.bytes).toBe(0)
        },
      ),
      { numRuns: 200 },
    )
  })

  test('an empty buffer gives nothing and keeps the position', () => {
    const buffer = new PartitionBuffer()
    expect(buffer.take(10, [], 42)).toBe(42)
  })
})
