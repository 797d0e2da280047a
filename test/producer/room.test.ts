import { describe, expect, it } from 'vitest'
import { VirtualTime } from '../../src/simulation/time/virtual-time.js'
import { FakeCluster } from './fixtures/fake-cluster.js'
import { errorOf, producerOn } from './fixtures/settled.js'

const world = () => {
  const time = new VirtualTime('room')
  const cluster = new FakeCluster(time)
  cluster.latencyMs = 10
  const [log] = cluster.createTopic('events', [1])
  return { time, cluster, log: log! }
}

const record = (value: string) => ({ value: value.padEnd(100, '.'), partition: 0 })

describe('maxBufferedBytes', () => {
  it('makes sends wait, in order, and never holds much more', async () => {
    const { time, cluster, log } = world()
    const producer = producerOn(cluster, time, { maxBufferedBytes: 1_000, maxBatchBytes: 500 })
    const sends = Array.from({ length: 50 }, (_, index) =>
      producer.send('events', record(`${index}`)),
    )
    const list = producer.send(
      'events',
      Array.from({ length: 50 }, (_, i) => record(`${50 + i}`)),
    )
    let most = 0
    const isDone = () => {
      most = Math.max(most, producer.stats().bufferedBytes)
      return producer.stats().unsettledSends === 0
    }
    expect(time.runUntilTrue(isDone, 60_000)).toBe(true)
    expect(most).toBeGreaterThan(500)
    expect(most).toBeLessThan(1_200)
    expect((await Promise.all(sends)).map(({ offset }) => offset)).toEqual(
      Array.from({ length: 50 }, (_, index) => index),
    )
    expect((await list).at(-1)!.offset).toBe(99)
    expect(log.records.map(({ value }) => Number.parseInt(value!, 10))).toEqual(
      Array.from({ length: 100 }, (_, index) => index),
    )
    expect(producer.stats()).toMatchObject({ bufferedBytes: 0, waitingSends: 0 })
  })

  it('does not wait for lingering when there is no room', async () => {
    const { time, cluster } = world()
    const producer = producerOn(cluster, time, { maxBufferedBytes: 300, lingerMs: 60_000 })
    const sends = [0, 1, 2, 3, 4, 5].map((index) => producer.send('events', record(`${index}`)))
    time.runUntilTrue(() => producer.stats().deliveredRecords >= 3, 1_000)
    expect(producer.stats().deliveredRecords).toBeGreaterThanOrEqual(3)
    const flushed = producer.flush()
    time.runFor(1_000)
    await flushed
    await Promise.all(sends)
  })

  it('ends the waiting after deliveryTimeoutMs, and what was in batches goes on', async () => {
    const { time, cluster, log } = world()
    cluster.fault = () => ({ type: 'requestLost' })
    const producer = producerOn(cluster, time, {
      maxBufferedBytes: 300,
      deliveryTimeoutMs: 1_000,
      requestTimeoutMs: 500,
    })
    const first = errorOf(producer.send('events', [record('a'), record('b'), record('c')]))
    time.runFor(500)
    const waiting = errorOf(producer.send('events', record('d')))
    time.runFor(501)
    expect((await first).code).toBe('REQUEST_TIMED_OUT')
    expect(producer.stats().waitingSends).toBe(0)
    cluster.fault = () => ({ type: 'none' })
    time.runFor(1_000)
    expect(await waiting.catch(() => undefined)).toBeUndefined()
    expect(log.records.map(({ value }) => value![0])).toEqual(['d'])
  })

  it('says that there was no room', async () => {
    const { time, cluster } = world()
    cluster.createTopic('stuck', [-1])
    const producer = producerOn(cluster, time, { maxBufferedBytes: 256, deliveryTimeoutMs: 1_000 })
    const stuck = [0, 1, 2].map(() => errorOf(producer.send('stuck', record('s'))))
    time.runFor(500)
    const blocked = errorOf(producer.send('events', Array(9).fill(record('x'))))
    time.runFor(400)
    expect(producer.stats().waitingSends).toBe(2)
    time.runFor(10_000)
    expect((await Promise.all(stuck)).map(({ message }) => message).join()).toMatch(
      /maxBufferedBytes/,
    )
    expect(await blocked.catch((error) => error.message)).toMatch(/expected an error/)
  })
})

describe('close', () => {
  it('delivers what is there, refuses what comes, and is idempotent', async () => {
    const { time, cluster, log } = world()
    const producer = producerOn(cluster, time, { lingerMs: 60_000 })
    const send = producer.send('events', record('a'))
    const close = producer.close()
    const late = errorOf(producer.send('events', record('b')))
    const again = producer.close()
    time.runFor(200)
    await Promise.all([close, again])
    expect((await send).offset).toBe(0)
    expect(await late).toMatchObject({ code: 'PRODUCER_CLOSED', address: { topic: 'events' } })
    expect(log.records).toHaveLength(1)
  })

  it('gives up in time, and everything pending fails', async () => {
    const { time, cluster } = world()
    cluster.fault = () => ({ type: 'late', afterMs: 1_000_000 })
    const producer = producerOn(cluster, time, { maxBufferedBytes: 300 })
    const sends = ['a', 'b', 'c', 'd', 'e'].map((name) =>
      errorOf(producer.send('events', record(name))),
    )
    const elsewhere = errorOf(producer.send('unknown', record('x')))
    time.runFor(50)
    const close = errorOf(producer.close({ timeoutMs: 100 }))
    time.runFor(100)
    const failure = await close
    expect(failure.code).toBe('CLOSE_TIMED_OUT')
    expect(failure.message).toMatch(/100 ms: 6 sends/)
    for (const error of await Promise.all([...sends, elsewhere])) {
      expect(error.code).toBe('PRODUCER_CLOSED')
    }
    const seen = cluster.seen.length
    time.runFor(1_000)
    expect(cluster.seen).toHaveLength(seen)
    expect(producer.stats()).toMatchObject({ bufferedBytes: 0, unsettledSends: 0 })
  })

  it('leaves no timer behind', async () => {
    const { time, cluster } = world()
    const producer = producerOn(cluster, time)
    const send = producer.send('events', record('a'))
    time.runFor(100)
    await send
    // Nothing fires any more, although deliveryTimeoutMs is two minutes.
    expect(time.step()).toBe(false)
    const close = producer.close()
    time.runFor(1)
    await close
    expect(time.step()).toBe(false)
  })

  it('can be disposed of', async () => {
    const { time, cluster } = world()
    const producer = producerOn(cluster, time)
    const disposed = producer[Symbol.asyncDispose]()
    time.runFor(1)
    await disposed
    expect((await errorOf(producer.send('events', {}))).code).toBe('PRODUCER_CLOSED')
  })
})
