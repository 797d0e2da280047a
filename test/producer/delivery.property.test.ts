import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ProducerOptions } from '../../src/producer/config.js'
import type { SentRecord } from '../../src/producer/send-call.js'
import { VirtualTime } from '../../src/simulation/time/virtual-time.js'
import { FakeCluster, type Fault } from './fixtures/fake-cluster.js'
import { producerOn } from './fixtures/settled.js'

const PARTITIONS = 3

interface Step {
  readonly waitMs: number
  readonly partition: number
  readonly records: number
  readonly size: number
  readonly moveLeader: boolean
}

const fault: fc.Arbitrary<Fault> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Fault>({ type: 'none' }) },
  fc.constant<Fault>({ type: 'requestLost' }),
  fc.constant<Fault>({ type: 'answerLost' }),
  fc.integer({ min: 2, max: 3_000 }).map((afterMs): Fault => ({ type: 'late', afterMs })),
  fc
    .constantFrom('NOT_LEADER_OR_FOLLOWER', 'NOT_ENOUGH_REPLICAS', 'REQUEST_TIMED_OUT')
    .map((error): Fault => ({ type: 'error', error: error as 'NOT_ENOUGH_REPLICAS' })),
  fc.constant<Fault>({ type: 'errorAfterAppend', error: 'NOT_ENOUGH_REPLICAS_AFTER_APPEND' }),
  fc.constant<Fault>({ type: 'errorAfterAppend', error: 'REQUEST_TIMED_OUT' }),
)

const refusal = fc.constant<Fault>({ type: 'error', error: 'INVALID_RECORD' })

const step: fc.Arbitrary<Step> = fc.record({
  waitMs: fc.integer({ min: 0, max: 40 }),
  partition: fc.integer({ min: 0, max: PARTITIONS - 1 }),
  records: fc.integer({ min: 1, max: 6 }),
  size: fc.integer({ min: 1, max: 300 }),
  moveLeader: fc.boolean(),
})

interface Scenario {
  readonly seed: number
  readonly steps: readonly Step[]
  readonly faults: readonly Fault[]
  readonly jitterMs: number
  readonly lingerMs: number
  /** What the broker takes; the producer fills batches up to 700. */
  readonly brokerLimit: number
}

const scenario = (faults: fc.Arbitrary<Fault>): fc.Arbitrary<Scenario> =>
  fc.record({
    seed: fc.integer(),
    steps: fc.array(step, { minLength: 1, maxLength: 30 }),
    faults: fc.array(faults, { maxLength: 40 }),
    jitterMs: fc.constantFrom(0, 0, 30),
    lingerMs: fc.constantFrom(0, 15),
    brokerLimit: fc.constantFrom(1_000, 1_000, 450),
  })

type Outcome = { readonly sent: readonly SentRecord[] } | { readonly failed: true }

/** Sends numbers, per partition rising, and runs until all has settled and nothing is on its way. */
const run = async (given: Scenario, options: ProducerOptions) => {
  const time = new VirtualTime(given.seed)
  const cluster = new FakeCluster(time)
  const logs = cluster.createTopic('events', [1, 2, 1])
  for (const log of logs) log.maxBatchBytes = given.brokerLimit
  const faults = [...given.faults]
  cluster.fault = () => faults.shift() ?? { type: 'none' }
  if (given.jitterMs > 0) cluster.jitterMs = () => time.random() * given.jitterMs
  const { lingerMs } = given
  const producer = producerOn(cluster, time, { maxBatchBytes: 700, lingerMs, ...options })
  const sends: { partition: number; numbers: number[]; outcome: Promise<Outcome> }[] = []
  const next = Array(PARTITIONS).fill(0) as number[]
  for (const { waitMs, partition, records, size, moveLeader } of given.steps) {
    time.runFor(waitMs)
    if (moveLeader) cluster.setLeader('events', partition, time.random() < 0.5 ? 1 : 2)
    const numbers = Array.from({ length: records }, () => next[partition]!++)
    const made = numbers.map((n) => ({ value: `${n}`.padEnd(size, '.'), partition }))
    const outcome = producer.send('events', made).then(
      (sent): Outcome => ({ sent }),
      (): Outcome => ({ failed: true }),
    )
    sends.push({ partition, numbers, outcome })
  }
  expect(time.runUntilTrue(() => producer.stats().unsettledSends === 0, 600_000)).toBe(true)
  faults.length = 0
  const probe = Array.from({ length: PARTITIONS }, (_, partition) =>
    producer.send('events', { value: 'probe', partition }).then(
      () => true,
      () => false,
    ),
  )
  time.runFor(60_000)
  return {
    logs: logs.map(({ records }) =>
      records
        .filter(({ value }) => value !== 'probe')
        .map(({ value }) => Number.parseInt(value!, 10)),
    ),
    sends: await Promise.all(sends.map(async (send) => ({ ...send, outcome: await send.outcome }))),
    probes: await Promise.all(probe),
    stats: producer.stats(),
  }
}

const isRising = (numbers: readonly number[]): boolean =>
  numbers.every((n, at) => at === 0 || n > numbers[at - 1]!)

describe('delivery, whatever happens to requests', () => {
  it('stores every record once and in order, where errors can be retried', async () => {
    await fc.assert(
      fc.asyncProperty(scenario(fault), async (given) => {
        const { logs, sends, stats } = await run(given, { requestTimeoutMs: 500 })
        for (const { partition, numbers, outcome } of sends) {
          if (!('sent' in outcome)) throw new Error('a send failed')
          const stored = outcome.sent.map(({ offset }) => logs[partition]![offset])
          expect(stored).toEqual(numbers)
        }
        for (const log of logs) expect(log).toEqual(log.map((_, index) => index))
        expect(stats).toMatchObject({ bufferedBytes: 0, bufferedRecords: 0, requestsInFlight: 0 })
      }),
      { numRuns: 250 },
    )
  })

  it('never stores twice or out of order, and never gets stuck, when sends are given up', async () => {
    const short = { deliveryTimeoutMs: 400, requestTimeoutMs: 300 }
    await fc.assert(
      fc.asyncProperty(
        scenario(fc.oneof({ weight: 3, arbitrary: fault }, refusal)),
        async (given) => {
          const { logs, sends, probes, stats } = await run(given, short)
          for (const { partition, numbers, outcome } of sends) {
            if (!('sent' in outcome)) continue
            const stored = outcome.sent.map(({ offset }) => logs[partition]![offset])
            expect(stored).toEqual(numbers)
          }
          for (const log of logs) expect(isRising(log)).toBe(true)
          expect(probes).toEqual([true, true, true])
          expect(stats).toMatchObject({ bufferedBytes: 0, bufferedRecords: 0, requestsInFlight: 0 })
        },
      ),
      { numRuns: 250 },
    )
  })

  it('without idempotence stores every record, first copies in order', async () => {
    await fc.assert(
      fc.asyncProperty(scenario(fault), async (given) => {
        const { logs, sends } = await run(given, { idempotent: false, requestTimeoutMs: 500 })
        expect(sends.every(({ outcome }) => 'sent' in outcome)).toBe(true)
        for (const log of logs) {
          const first = log.filter((n, at) => log.indexOf(n) === at)
          expect(first).toEqual(first.map((_, index) => index))
        }
      }),
      { numRuns: 100 },
    )
  })
})
