import { describe, expect, it } from 'vitest'
import { ProducerStates } from '../../src/broker/producer-states.js'
import type { BatchHeader } from '../../src/transport/protocol/records/batch-header.js'

const MAX = 2_147_483_647

const header = (baseSequence: number, count = 1, producerEpoch = 0, producerId = 7n) =>
  ({ producerId, producerEpoch, baseSequence, lastOffsetDelta: count - 1 }) as BatchHeader

/** Appends if it is the next, as a partition does. */
const send = (states: ProducerStates, batch: BatchHeader, offset: number, nowMs = 0) => {
  const verdict = states.check(batch)
  if (verdict.type === 'next') states.append(batch, offset, -1, nowMs)
  return verdict.type === 'refused' ? verdict.error : verdict.type
}

describe('ProducerStates', () => {
  it('lets an unknown producer begin anywhere, then wants each sequence in turn', () => {
    const states = new ProducerStates(1000)
    expect(send(states, header(40, 2), 0)).toBe('next')
    expect(send(states, header(42), 2)).toBe('next')
    expect(send(states, header(44), 3)).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
    expect(send(states, header(43), 3)).toBe('next')
  })

  it('knows the last five batches again, and no older ones', () => {
    const states = new ProducerStates(1000)
    for (let i = 0; i < 6; i++) send(states, header(i * 10, 10), i * 10)
    expect(states.check(header(0, 10))).toMatchObject({ error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' })
    for (let i = 1; i < 6; i++) {
      expect(states.check(header(i * 10, 10))).toMatchObject({
        type: 'duplicate',
        batch: { baseOffset: i * 10, lastOffset: i * 10 + 9 },
      })
    }
    expect(send(states, header(50, 9), 60)).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
  })

  it('wraps sequences after 2^31 - 1, also inside a batch', () => {
    const states = new ProducerStates(1000)
    send(states, header(MAX - 1, 2), 0)
    expect(send(states, header(0), 2)).toBe('next')
    const inside = new ProducerStates(1000)
    send(inside, header(MAX - 1, 4), 0)
    expect(send(inside, header(2), 4)).toBe('next')
    expect(inside.check(header(MAX - 1, 4))).toMatchObject({ type: 'duplicate' })
  })

  it('fences older epochs; a newer one begins at 0 and forgets the old batches', () => {
    const states = new ProducerStates(1000)
    send(states, header(0), 0)
    expect(send(states, header(1, 1, 1), 1)).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
    expect(send(states, header(0, 1, 1), 1)).toBe('next')
    expect(send(states, header(1, 1, 0), 2)).toBe('INVALID_PRODUCER_EPOCH')
    expect(states.check(header(0, 1, 1))).toMatchObject({ batch: { baseOffset: 1 } })
    expect(send(states, header(0, 1, -1), 2)).toBe('INVALID_PRODUCER_EPOCH')
  })

  it('comes back from what it stored, as JSON', () => {
    const states = new ProducerStates(1000)
    let stored: unknown
    for (let i = 0; i < 7; i++) {
      stored = JSON.parse(JSON.stringify(states.append(header(i, 1, 3), 100 + i, -1, 5)))
    }
    const restored = new ProducerStates(1000)
    restored.restore(7n, stored)
    expect(restored.check(header(2, 1, 3))).toMatchObject({ batch: { baseOffset: 102 } })
    expect(restored.check(header(7, 1, 3))).toEqual({ type: 'next' })
    expect(restored.check(header(9, 1, 3))).toMatchObject({ type: 'refused' })
    restored.restore(8n, 'nonsense')
    expect([...restored.ids()]).toEqual([7n])
  })

  it('forgets silent producers, looking at most every ten minutes', () => {
    const hour = 3_600_000
    const states = new ProducerStates(24 * hour)
    send(states, header(0, 1, 0, 1n), 0, 0)
    send(states, header(0, 1, 0, 2n), 1, 20 * hour)
    expect(states.sweep(20 * hour)).toEqual([])
    expect(states.sweep(20 * hour + 1)).toEqual([])
    expect(states.sweep(24 * hour)).toEqual([1n])
    expect(states.size).toBe(1)
    expect(send(states, header(99, 1, 0, 1n), 2)).toBe('next')
  })
})
