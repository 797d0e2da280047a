import { describe, expect, it } from 'vitest'
import { VirtualTime } from '../../src/simulation/time/virtual-time.js'
import { FakeCluster } from './fixtures/fake-cluster.js'
import { producerOn } from './fixtures/settled.js'

const world = (leaders: readonly number[] = [1]) => {
  const time = new VirtualTime('batching')
  const cluster = new FakeCluster(time)
  const logs = cluster.createTopic('events', leaders)
  return { time, cluster, logs }
}

const values = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => ({ value: `v${from + index}`, partition: 0 }))

describe('batching', () => {
  it('sends what one tick brings as one batch, and tells each record its place', async () => {
    const { time, cluster, logs } = world()
    const producer = producerOn(cluster, time)
    const sends = values(3).map((record) => producer.send('events', record))
    const list = producer.send('events', values(2, 3))
    time.runFor(100)
    expect(await Promise.all(sends)).toMatchObject([
      { topic: 'events', partition: 0, offset: 0, timestampMs: time.clock.now() - 100 },
      { offset: 1 },
      { offset: 2 },
    ])
    expect(await list).toMatchObject([{ offset: 3 }, { offset: 4 }])
    expect(cluster.seen).toHaveLength(1)
    expect(logs[0]!.batches).toHaveLength(1)
    expect(logs[0]!.records.map(({ value }) => value)).toEqual(['v0', 'v1', 'v2', 'v3', 'v4'])
  })

  it('gathers what comes while a request is on its way', async () => {
    const { time, cluster, logs } = world()
    cluster.latencyMs = 10
    const producer = producerOn(cluster, time)
    const first = producer.send('events', values(1))
    time.runUntilTrue(() => cluster.seen.length === 1, 1_000)
    const later = values(5, 1).map((record) => {
      time.runFor(2)
      return producer.send('events', record)
    })
    time.runFor(100)
    await Promise.all([first, ...later])
    expect(logs[0]!.batches.map(({ recordCount }) => recordCount)).toEqual([1, 5])
  })

  it('lingers as long as told, and a full batch does not wait', async () => {
    const { time, cluster, logs } = world()
    const producer = producerOn(cluster, time, { lingerMs: 50, maxBatchBytes: 1_000 })
    await warm(producer, time)
    const seen = cluster.seen.length
    const small = producer.send('events', { value: 'x', partition: 0 })
    const startMs = time.now
    time.runFor(49)
    expect(cluster.seen).toHaveLength(seen)
    time.runFor(10)
    await small
    expect(cluster.seen.at(-1)!.atMs - startMs).toBe(50)
    const many = producer.send('events', [
      { value: 'a'.repeat(600), partition: 0 },
      { value: 'b'.repeat(600), partition: 0 },
    ])
    time.runFor(10)
    expect(logs[0]!.records.at(-1)!.value).toMatch(/^a/)
    time.runFor(50)
    expect(await many).toHaveLength(2)
  })

  it('hurries when somebody flushes', async () => {
    const { time, cluster } = world()
    const producer = producerOn(cluster, time, { lingerMs: 60_000 })
    const send = producer.send('events', { value: 'x' })
    const flush = producer.flush()
    time.runFor(20)
    await flush
    expect((await send).offset).toBe(0)
    expect(producer.stats()).toMatchObject({ deliveredRecords: 1, unsettledSends: 0 })
  })

  it('flush waits for what was sent before it, and not for what comes later', async () => {
    const { time, cluster } = world()
    cluster.latencyMs = 10
    const producer = producerOn(cluster, time)
    await producer.flush()
    const settled: string[] = []
    void producer.send('events', { value: 'a' }).then(() => settled.push('a'))
    const flush = producer.flush().then(() => settled.push('flush'))
    time.runUntilTrue(() => cluster.seen.length === 1, 1_000)
    void producer.send('events', { value: 'b' }).then(() => settled.push('b'))
    time.runUntilTrue(() => producer.stats().deliveredRecords === 1, 1_000)
    await flush
    expect(settled).toEqual(['a', 'flush'])
  })

  it('sends the batches of many partitions of a broker in one request, each leader its own', async () => {
    const { time, cluster } = world([1, 2, 1, 2])
    const producer = producerOn(cluster, time)
    const records = [0, 1, 2, 3].map((partition) => ({ value: 'x', partition }))
    const send = producer.send('events', records)
    time.runFor(100)
    await send
    const asked = cluster.seen.map(({ nodeId, body }) => [
      nodeId,
      body.topicData[0]!.partitionData.map(({ index }) => index),
    ])
    expect(asked).toEqual([
      [1, [0, 2]],
      [2, [1, 3]],
    ])
  })

  it('keeps requests below maxRequestBytes, and five at most on their way', async () => {
    const { time, cluster } = world(Array.from({ length: 12 }, () => 1))
    cluster.latencyMs = 10
    const producer = producerOn(cluster, time, { maxBatchBytes: 1_000, maxRequestBytes: 2_000 })
    const value = 'x'.repeat(900)
    const send = producer.send(
      'events',
      Array.from({ length: 12 }, (_, partition) => ({ value, partition })),
    )
    time.runUntilTrue(() => cluster.seen.length >= 5, 1_000)
    time.runFor(5)
    expect(cluster.seen).toHaveLength(5)
    expect(producer.stats().requestsInFlight).toBe(5)
    time.runFor(100)
    await send
    expect(cluster.seen).toHaveLength(6)
    for (const { body } of cluster.seen) {
      expect(body.topicData[0]!.partitionData.length).toBeLessThanOrEqual(2)
    }
  })

  it('spreads keyless records batch by batch, and keeps keys together', async () => {
    const { time, cluster, logs } = world([1, 1, 1])
    const producer = producerOn(cluster, time)
    const partitions: number[] = []
    for (let turn = 0; turn < 20; turn++) {
      const send = producer.send('events', [{ value: 'a' }, { value: 'b' }])
      time.runFor(10)
      const [a, b] = await send
      expect(a!.partition).toBe(b!.partition)
      expect(a!.partition).not.toBe(partitions.at(-1))
      partitions.push(a!.partition)
    }
    expect(new Set(partitions).size).toBe(3)
    const keyed = producer.send('events', [{ key: 'k' }, { key: 'k' }, { key: 'k' }])
    time.runFor(10)
    expect(new Set((await keyed).map(({ partition }) => partition)).size).toBe(1)
    expect(logs.flatMap(({ records }) => records)).toHaveLength(43)
  })

  it('passes over partitions without a leader', async () => {
    const { time, cluster } = world([-1, 1, -1])
    const producer = producerOn(cluster, time)
    for (let turn = 0; turn < 5; turn++) {
      const send = producer.send('events', { value: 'a' })
      time.runFor(10)
      expect((await send).partition).toBe(1)
    }
  })

  it('writes keys, values, headers and times as given', async () => {
    const { time, cluster, logs } = world()
    const producer = producerOn(cluster, time, { compression: 'gzip' })
    const send = producer.send('events', [
      { key: 'ключ', value: Buffer.from([0x61]), headers: { a: '1', b: null }, timestampMs: 5 },
      {
        value: null,
        headers: [
          ['a', Buffer.from('x')],
          ['a', 'y'],
        ],
      },
    ])
    time.runFor(10)
    expect((await send)[0]!.timestampMs).toBe(5)
    expect(logs[0]!.records).toEqual([
      {
        key: 'ключ',
        value: 'a',
        headers: [
          ['a', '1'],
          ['b', null],
        ],
        timestampMs: 5,
      },
      {
        key: null,
        value: null,
        headers: [
          ['a', 'x'],
          ['a', 'y'],
        ],
        timestampMs: expect.any(Number),
      },
    ])
    expect(logs[0]!.batches[0]!.compression).toBe('gzip')
  })

  it('uses topic ids from version 13 on', async () => {
    const { time, cluster } = world()
    cluster.apiVersion = 13
    const producer = producerOn(cluster, time)
    const send = producer.send('events', { value: 'a' })
    time.runFor(10)
    expect((await send).offset).toBe(0)
    expect(cluster.seen[0]!.body.topicData[0]).toMatchObject({ name: '', topicId: 'events' })
  })

  it('answers acks 0 without an offset', async () => {
    const { time, cluster, logs } = world()
    const producer = producerOn(cluster, time, { acks: 0 })
    const send = producer.send('events', { value: 'a' })
    time.runFor(10)
    expect((await send).offset).toBe(-1)
    expect(logs[0]!.batches[0]!.producerId).toBe(-1n)
    expect(cluster.producerIdsAsked).toEqual([])
  })

  it('resolves an empty list at once', async () => {
    const { time, cluster } = world()
    expect(await producerOn(cluster, time).send('events', [])).toEqual([])
  })
})

const warm = async (producer: ReturnType<typeof producerOn>, time: VirtualTime) => {
  const send = producer.send('events', { value: 'warm', partition: 0 })
  time.runFor(1_000)
  await send
}
