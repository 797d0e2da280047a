import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VirtualTime } from '../../src/simulation/time/virtual-time.js'
import { heldStore } from './fixtures/held-store.js'
import { idempotent, type Pending, resultOf, TestBroker } from './fixtures/test-broker.js'

/** Total operations: one that makes no sense at its place does nothing. */
const operation = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('send'), producer: fc.nat(1) }) },
  // A retry of one of the last batches, as after a lost answer.
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('repeat'), producer: fc.nat(1), back: fc.nat(4) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('skip'), producer: fc.nat(1) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('hold') }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('release'), count: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('restart') }) },
)
type Operation = { type: string; producer?: number; back?: number; count?: number }

interface Sent {
  readonly producer: number
  readonly sequence: number
  readonly values: readonly string[]
  readonly answers: Pending<'Produce'>[]
}

class Model {
  readonly store = heldStore()
  test = this.#open()
  readonly sent: Sent[][] = [[], []]
  /** What each acknowledged batch was told, by its first value. */
  readonly acknowledged = new Map<string, number>()

  #open(): TestBroker {
    const test = new TestBroker({}, this.store, new VirtualTime(1))
    if (test.broker.topics.size === 0) test.createTopic('events')
    return test
  }

  run(op: Operation): void {
    if (op.type === 'send') this.#send(op.producer!)
    if (op.type === 'repeat') this.#repeat(op.producer!, op.back!)
    if (op.type === 'skip') this.#skip(op.producer!)
    if (op.type === 'hold') this.store.hold()
    if (op.type === 'release') this.store.release(op.count === 0 ? undefined : op.count)
    if (op.type === 'restart') this.#restart()
    this.test.time.settle()
    this.check()
  }

  #produce(batch: Sent): void {
    const bytes = idempotent(BigInt(batch.producer), batch.sequence, batch.values)
    batch.answers.push(this.test.produce('events', 0, bytes))
  }

  #send(producer: number): void {
    const last = this.sent[producer]!.at(-1)
    const sequence = last === undefined ? 0 : last.sequence + last.values.length
    const count = 1 + (sequence % 3)
    const values = Array.from({ length: count }, (_, i) => `${producer}:${sequence + i}`)
    const batch = { producer, sequence, values, answers: [] }
    this.sent[producer]!.push(batch)
    this.#produce(batch)
  }

  #repeat(producer: number, back: number): void {
    const batch = this.sent[producer]!.at(-1 - back)
    if (batch !== undefined) this.#produce(batch)
  }

  #skip(producer: number): void {
    const last = this.sent[producer]!.at(-1)
    if (last === undefined) return
    const sequence = last.sequence + last.values.length + 1
    const answer = this.test.produced('events', 0, idempotent(BigInt(producer), sequence, ['gap']))
    expect(answer?.error).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
  }

  /** All that was handed over reaches the disk; the answers on their way are lost. */
  #restart(): void {
    this.store.release()
    this.test.time.settle()
    this.check()
    this.test = this.#open()
  }

  check(): void {
    const { highWatermark, logEndOffset } = this.test.broker.topics.byName('events')!.logs[0]!
    expect(highWatermark).toBeLessThanOrEqual(logEndOffset)
    const stored = this.test.values('events')
    expect(stored).toHaveLength(highWatermark)
    expect(new Set(stored).size).toBe(stored.length)
    for (const batches of this.sent) {
      for (const { values, answers } of batches) {
        for (const answer of answers) {
          const result = resultOf(answer)
          if (result === undefined) continue
          expect(result?.error).toBe('NONE')
          const offset = result!.offset
          // One offset for ever, acknowledged only when it can be read.
          expect(this.acknowledged.get(values[0]!) ?? offset).toBe(offset)
          this.acknowledged.set(values[0]!, offset)
          expect(stored.slice(offset, offset + values.length)).toEqual(values)
        }
      }
    }
    for (const producer of [0, 1]) {
      const own = stored.filter((value) => value.startsWith(`${producer}:`))
      expect(own).toEqual(own.map((_, i) => `${producer}:${i}`))
    }
  }
}

describe('a partition under idempotent producers', () => {
  it('keeps each record once, in order, and every acknowledged one readable', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const model = new Model()
        for (const op of operations) model.run(op)
        model.store.release()
        model.test.time.settle()
        model.check()
      }),
      { numRuns: 150 },
    )
  })
})
