import { describe, expect, it } from 'vitest'
import { StreamBusError } from '../../src/domain/errors.js'
import { VirtualTime } from '../../src/simulation/time/virtual-time.js'
import { FakeCluster, type Fault, type Seen } from './fixtures/fake-cluster.js'
import { errorOf, producerOn } from './fixtures/settled.js'

const world = (leaders: readonly number[] = [1]) => {
  const time = new VirtualTime('retries')
  const cluster = new FakeCluster(time)
  const logs = cluster.createTopic('events', leaders)
  return { time, cluster, logs, log: logs[0]! }
}

const faults = (...list: readonly Fault[]) => {
  const left = [...list]
  return (): Fault => left.shift() ?? { type: 'none' }
}

const record = (value: string) => ({ value, partition: 0 })
/** One batch each: a value this large leaves no room for another. */
const large = (name: string) => record(name.padEnd(600, '.'))
const LARGE = { maxBatchBytes: 1_000 }
const namesIn = (values: readonly { readonly value: string | null }[]) =>
  values.map(({ value }) => value!.replace(/\.+$/, ''))

const unreachable = () =>
  new StreamBusError('BROKER_UNREACHABLE', 'nobody there', { retriable: true })

describe('retries', () => {
  it('sends again what got lost, with the same sequence', async () => {
    const { time, cluster, log } = world()
    cluster.fault = faults({ type: 'requestLost' }, { type: 'answerLost' })
    const producer = producerOn(cluster, time)
    const send = producer.send('events', record('a'))
    time.runFor(1_000)
    expect((await send).offset).toBe(0)
    expect(log.records).toHaveLength(1)
    expect(cluster.seen).toHaveLength(3)
    expect(producer.stats()).toMatchObject({ retries: 2, deliveredRecords: 1, failedRecords: 0 })
  })

  it('waits longer between tries', async () => {
    const { time, cluster } = world()
    const lost: Fault = { type: 'requestLost' }
    cluster.fault = faults(lost, lost, lost, lost)
    const producer = producerOn(cluster, time)
    const send = producer.send('events', record('a'))
    time.runFor(5_000)
    await send
    const gaps = cluster.seen.slice(1).map(({ atMs }, at) => atMs - cluster.seen[at]!.atMs)
    expect(gaps.map((gap) => Math.round(gap / 100))).toEqual([
      expect.toSatisfy((n) => n === 1),
      expect.toSatisfy((n) => n === 2),
      expect.toSatisfy((n) => n >= 3 && n <= 5),
      expect.toSatisfy((n) => n >= 6 && n <= 10),
    ])
  })

  it('keeps the order when the first of several batches under way gets lost', async () => {
    const { time, cluster, log } = world()
    cluster.fault = faults({ type: 'requestLost' })
    const producer = producerOn(cluster, time, LARGE)
    const sends = producer.send('events', ['a', 'b', 'c', 'd'].map(large))
    time.runFor(2_000)
    expect((await sends).map(({ offset }) => offset)).toEqual([0, 1, 2, 3])
    expect(namesIn(log.records)).toEqual(['a', 'b', 'c', 'd'])
    expect(log.batches.map(({ baseSequence }) => baseSequence)).toEqual([0, 1, 2, 3])
  })

  it('follows the leader', async () => {
    const { time, cluster } = world()
    const producer = producerOn(cluster, time)
    const first = producer.send('events', record('a'))
    time.runFor(10)
    await first
    cluster.setLeader('events', 0, 2)
    const second = producer.send('events', record('b'))
    time.runFor(1_000)
    expect((await second).offset).toBe(1)
    expect(cluster.seen.map(({ nodeId }) => nodeId).at(-1)).toBe(2)
  })

  it('waits for a partition that has no leader now', async () => {
    const { time, cluster } = world([-1])
    const producer = producerOn(cluster, time)
    const send = producer.send('events', record('a'))
    time.runFor(5_000)
    expect(cluster.seen).toEqual([])
    cluster.setLeader('events', 0, 1)
    time.runFor(200)
    expect((await send).offset).toBe(0)
    expect(cluster.metadataAsked.length).toBeLessThan(60)
  })

  it('takes DUPLICATE_SEQUENCE_NUMBER for success', async () => {
    const { time, cluster } = world()
    cluster.fault = faults({ type: 'errorAfterAppend', error: 'DUPLICATE_SEQUENCE_NUMBER' })
    const producer = producerOn(cluster, time)
    const send = producer.send('events', record('a'))
    time.runFor(10)
    expect((await send).offset).toBe(-1)
  })

  it('without idempotence sends one batch of a partition at a time, so that order survives', async () => {
    const { time, cluster, log } = world()
    cluster.fault = faults({ type: 'requestLost' }, { type: 'none' }, { type: 'requestLost' })
    const producer = producerOn(cluster, time, { ...LARGE, idempotent: false })
    const sends = producer.send('events', ['a', 'b', 'c'].map(large))
    time.runFor(2_000)
    await sends
    expect(namesIn(log.records)).toEqual(['a', 'b', 'c'])
    expect(log.batches[0]!.producerId).toBe(-1n)
  })

  it('asks again for a producer id, and fails what waits when it must not have one', async () => {
    const { time, cluster } = world()
    let answers = 0
    cluster.producerIdFails = () =>
      answers++ === 0 ? 'COORDINATOR_LOAD_IN_PROGRESS' : 'CLUSTER_AUTHORIZATION_FAILED'
    const producer = producerOn(cluster, time)
    const send = errorOf(producer.send('events', record('a')))
    time.runFor(1_000)
    expect(await send).toMatchObject({ code: 'NOT_AUTHORIZED' })
    expect(answers).toBe(2)
    cluster.producerIdFails = () => undefined
    const again = producer.send('events', record('b'))
    time.runFor(1_000)
    expect((await again).offset).toBe(0)
  })

  it('fails at once what the broker will never take, and only that', async () => {
    const { time, cluster, log } = world()
    cluster.fault = faults({ type: 'error', error: 'INVALID_RECORD' })
    const producer = producerOn(cluster, time, LARGE)
    const outcomes = ['a', 'b', 'c'].map((name) =>
      producer.send('events', large(name)).then(
        ({ offset }) => offset,
        ({ code }) => code,
      ),
    )
    time.runFor(2_000)
    expect(await Promise.all(outcomes)).toEqual(['BROKER_ERROR', 0, 1])
    expect(namesIn(log.records)).toEqual(['b', 'c'])
    expect(log.batches.map((header) => [header.producerEpoch, header.baseSequence])).toEqual([
      [1, 0],
      [1, 1],
    ])
  })
})

describe('a sequence that is lost', () => {
  it.each([
    'OUT_OF_ORDER_SEQUENCE_NUMBER',
    'UNKNOWN_PRODUCER_ID',
    'INVALID_PRODUCER_EPOCH',
  ] as const)('%s fails what is under way and goes on with later records', async (error) => {
    const { time, cluster, log } = world()
    const producer = producerOn(cluster, time, LARGE)
    const first = producer.send('events', large('a'))
    time.runFor(100)
    await first
    const refuse: Fault = { type: 'error', error }
    cluster.fault = faults(refuse, refuse)
    const lost = ['b', 'c'].map((name) => errorOf(producer.send('events', large(name))))
    // Not under way yet: what is no full batch waits for those.
    const later = producer.send('events', large('d'))
    time.runFor(1_000)
    for (const failure of await Promise.all(lost)) {
      expect(failure).toMatchObject({
        code: 'BROKER_ERROR',
        kafkaError: error,
        address: { topic: 'events', partition: 0 },
      })
      expect(failure.message).toMatch(/lost track of this producer/)
    }
    expect((await later).offset).toBe(1)
    expect(namesIn(log.records)).toEqual(['a', 'd'])
    const { producerId, producerEpoch, baseSequence } = log.batches.at(-1)!
    expect(baseSequence).toBe(0)
    // Only an unknown identity costs a new one; else the epoch is raised (KIP-360).
    const isKept = error === 'OUT_OF_ORDER_SEQUENCE_NUMBER'
    expect([producerId, producerEpoch]).toEqual(isKept ? [100n, 1] : [101n, 0])
  })
})

describe('deliveryTimeoutMs', () => {
  const options = { deliveryTimeoutMs: 1_000, requestTimeoutMs: 500 }

  it('ends retries, says what went wrong last, and leaves no gap behind', async () => {
    const { time, cluster, log } = world()
    cluster.fault = () => ({ type: 'requestLost' })
    const producer = producerOn(cluster, time, options)
    const send = errorOf(producer.send('events', record('a')))
    const startMs = time.now
    time.runUntilTrue(() => producer.stats().unsettledSends === 0, 60_000)
    expect(time.now - startMs).toBe(1_000)
    const error = await send
    expect(error).toMatchObject({ code: 'REQUEST_TIMED_OUT', retriable: true })
    expect(error.message).toMatch(/events-0.*1000 ms.*sent \d times.*the fake connection broke/)
    cluster.fault = () => ({ type: 'none' })
    const later = producer.send('events', record('b'))
    time.runFor(1_000)
    expect((await later).offset).toBe(0)
    expect(log.batches[0]!).toMatchObject({ producerEpoch: 1, baseSequence: 0 })
  })

  it('keeps numbers when what was given up turns out to be stored', async () => {
    const { time, cluster, log } = world()
    let isUp = false
    cluster.fault = ({ body }: Seen) => {
      const size = body.topicData[0]!.partitionData[0]!.records!.length
      return isUp || size > 500 ? { type: 'none' } : { type: 'answerLost' }
    }
    const producer = producerOn(cluster, time, { ...options, maxBatchBytes: 1_000 })
    const given = errorOf(producer.send('events', record('a')))
    time.runFor(950)
    const after = producer.send('events', large('b'))
    time.runFor(200)
    expect((await given).code).toBe('REQUEST_TIMED_OUT')
    isUp = true
    time.runFor(1_000)
    expect((await after).offset).toBe(1)
    expect(namesIn(log.records)).toEqual(['a', 'b'])
  })

  it('BROKER_UNREACHABLE when not even metadata could be had', async () => {
    const { time, cluster } = world()
    cluster.metadataFails = unreachable
    const producer = producerOn(cluster, time, options)
    const send = errorOf(producer.send('events', record('a')))
    time.runFor(1_001)
    const error = await send
    expect(error.code).toBe('BROKER_UNREACHABLE')
    expect(error.message).toMatch(/nobody there/)
    expect(error.cause).toBeInstanceOf(StreamBusError)
  })

  it('does not wait for a request that is under way', async () => {
    const { time, cluster, log } = world()
    cluster.fault = () => ({ type: 'late', afterMs: 5_000 })
    const producer = producerOn(cluster, time, { ...options, requestTimeoutMs: 30_000 })
    const send = errorOf(producer.send('events', record('a')))
    time.runFor(1_001)
    expect((await send).code).toBe('REQUEST_TIMED_OUT')
    cluster.fault = () => ({ type: 'none' })
    const later = producer.send('events', record('b'))
    const settled = later.catch(() => undefined)
    time.runFor(10_000)
    await settled
    expect(namesIn(log.records)[0]).toBe('a')
  })
})
