import { describe, expect, it } from 'vitest'
import type { ProducerRecord } from '../../src/domain/record.js'
import { VirtualTime } from '../../src/simulation/time/virtual-time.js'
import { FakeCluster } from './fixtures/fake-cluster.js'
import { errorOf, producerOn } from './fixtures/settled.js'

const world = (leaders: readonly number[] = [1]) => {
  const time = new VirtualTime('refusals')
  const cluster = new FakeCluster(time)
  const logs = cluster.createTopic('events', leaders)
  return { time, cluster, logs, log: logs[0]! }
}

describe('options', () => {
  const made = (options: object) => () => {
    const { time, cluster } = world()
    producerOn(cluster, time, options)
  }

  it('names every wrong field', () => {
    expect(made({ acks: 2, lingerMs: -1, compresion: 'gzip' })).toThrow(
      /compresion: no such option; acks: .*; lingerMs: /,
    )
  })

  it.each([
    [{ acks: 1, idempotent: true }, 'idempotent'],
    [{ maxInFlight: 6 }, 'maxInFlight'],
    [{ maxBatchBytes: 2_000, maxRequestBytes: 1_000 }, 'maxBatchBytes'],
    [{ partitioner: 'random' }, 'partitioner'],
    [{ deliveryTimeoutMs: 10, lingerMs: 20 }, 'deliveryTimeoutMs'],
    [{ compression: 'gzip', compressionLevel: 10 }, 'compressionLevel'],
  ])('refuses %j', (options, field) => {
    expect(made(options)).toThrow(
      expect.objectContaining({ code: 'INVALID_CONFIG', address: { field } }),
    )
  })

  it('takes combinations that make sense', () => {
    expect(made({ acks: 1, maxInFlight: 50 })).not.toThrow()
    expect(made({ acks: 0 })).not.toThrow()
  })
})

describe('wrong records', () => {
  it.each<[unknown, string]>([
    [{ value: 5 }, 'value'],
    [{ value: ['x'] }, 'value'],
    [{ key: {} }, 'key'],
    [{ value: 'x', headers: [['a']] }, 'headers'],
    [{ value: 'x', headers: [[1, 'b']] }, 'headers'],
    [{ value: 'x', timestampMs: 1.5 }, 'timestampMs'],
    [{ value: 'x', partition: 1 }, 'partition'],
    [{ value: 'x', partition: -1 }, 'partition'],
    [null, 'record'],
  ])('INVALID_ARGUMENT for %j', async (record, field) => {
    const { time, cluster, log } = world()
    const producer = producerOn(cluster, time)
    const send = errorOf(producer.send('events', record as ProducerRecord))
    time.runFor(100)
    const error = await send
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', address: { topic: 'events', field } })
    expect(log.records).toEqual([])
  })

  it('INVALID_ARGUMENT for a partitioner that points nowhere, CALLBACK_FAILED when it throws', async () => {
    const { time, cluster } = world()
    const partitioner = ({ value }: { value: Buffer | null }) => {
      if (value === null) throw new Error('no value')
      return 7
    }
    const producer = producerOn(cluster, time, { partitioner })
    const errors = [producer.send('events', { value: 'x' }), producer.send('events', {})].map(
      errorOf,
    )
    time.runFor(100)
    expect((await Promise.all(errors)).map(({ code }) => code)).toEqual([
      'INVALID_ARGUMENT',
      'CALLBACK_FAILED',
    ])
  })

  it('refuses a record that is too large, naming topic and limit, and sends the others', async () => {
    const { time, cluster, log } = world()
    const producer = producerOn(cluster, time, { maxBatchBytes: 1_000 })
    const send = errorOf(
      producer.send('events', [{ value: 'a' }, { value: 'b'.repeat(1_000) }, { value: 'c' }]),
    )
    time.runFor(100)
    const error = await send
    expect(error).toMatchObject({
      code: 'RECORD_TOO_LARGE',
      address: { topic: 'events', field: 'records[1]' },
    })
    expect(error.message).toMatch(/events.*1000 .*2 were delivered/s)
    expect(log.records.map(({ value }) => value)).toEqual(['a', 'c'])
  })

  it('gives all errors of a list', async () => {
    const { time, cluster } = world()
    const producer = producerOn(cluster, time)
    const wrong = [{ value: 1 }, { value: 'x' }, { key: 2 }] as unknown as ProducerRecord[]
    const send = errorOf(producer.send('events', wrong))
    time.runFor(100)
    const error = await send
    expect(error.message).toMatch(/records\[0\] of 3, 1 more failed, 1 were delivered/)
    expect((error.cause as AggregateError).errors).toHaveLength(2)
  })
})

describe('batches too large for the broker', () => {
  it('takes them apart, in order, and makes smaller ones from then on', async () => {
    const { time, cluster, log } = world()
    log.maxBatchBytes = 700
    const producer = producerOn(cluster, time)
    const records = Array.from({ length: 40 }, (_, index) => ({
      value: `${index}`.padEnd(100, '.'),
      partition: 0,
    }))
    const send = producer.send('events', records)
    time.runFor(1_000)
    expect((await send).map(({ offset }) => offset)).toEqual(records.map((_, index) => index))
    expect(log.records.map(({ value }) => value)).toEqual(records.map(({ value }) => value))
    const refusedBefore = cluster.seen.length
    const again = producer.send('events', records.slice(0, 20))
    time.runFor(1_000)
    await again
    expect(cluster.seen.length - refusedBefore).toBeLessThanOrEqual(8)
    expect(producer.stats()).toMatchObject({ bufferedBytes: 0, bufferedRecords: 0 })
  })

  it('fails a single record that the broker refuses, and later ones go on', async () => {
    const { time, cluster, log } = world()
    log.maxBatchBytes = 300
    const producer = producerOn(cluster, time)
    const sends = ['a', 'b'.repeat(400), 'c'].map((value) => {
      const send = producer.send('events', { value })
      return send.then(
        ({ offset }) => offset,
        (error) => error.code,
      )
    })
    time.runFor(1_000)
    expect(await Promise.all(sends)).toEqual([0, 'RECORD_TOO_LARGE', 1])
    expect(log.records.map(({ value }) => value)).toEqual(['a', 'c'])
  })
})

describe('topics', () => {
  it('fails UNKNOWN_TOPIC soon, but asks again first', async () => {
    const { time, cluster } = world()
    const producer = producerOn(cluster, time)
    const sends = [producer.send('nowhere', {}), producer.send('nowhere', [{}, {}])].map(errorOf)
    const startMs = time.now
    time.runUntilTrue(() => producer.stats().unsettledSends === 0, 10_000)
    expect(time.now - startMs).toBeLessThan(1_000)
    for (const error of await Promise.all(sends)) {
      expect(error).toMatchObject({ code: 'UNKNOWN_TOPIC', address: { topic: 'nowhere' } })
    }
    expect(cluster.metadataAsked).toHaveLength(4)
  })

  it('waits for a topic that is being created', async () => {
    const { time, cluster } = world()
    const producer = producerOn(cluster, time)
    const send = producer.send('soon', { value: 'x' })
    time.runFor(250)
    cluster.createTopic('soon', [1])
    time.runFor(500)
    expect((await send).offset).toBe(0)
  })

  it('fails at once for a name that is no name', async () => {
    const { time, cluster } = world()
    cluster.setTopicError('b@d', 'INVALID_TOPIC_EXCEPTION')
    const producer = producerOn(cluster, time)
    const send = errorOf(producer.send('b@d', { value: 'x' }))
    time.runFor(10)
    expect((await send).code).toBe('UNKNOWN_TOPIC')
    expect((await errorOf(producer.send('', {}))).code).toBe('INVALID_ARGUMENT')
  })

  it('fails what waits for a topic that was deleted, and finds it when it is back', async () => {
    const { time, cluster } = world()
    const producer = producerOn(cluster, time)
    const first = producer.send('events', { value: 'x' })
    time.runFor(10)
    await first
    cluster.deleteTopic('events')
    const gone = errorOf(producer.send('events', { value: 'y' }))
    time.runFor(2_000)
    expect((await gone).code).toBe('UNKNOWN_TOPIC')
    const [log] = cluster.createTopic('events', [1])
    const back = producer.send('events', { value: 'z' })
    time.runFor(2_000)
    expect((await back).offset).toBe(0)
    expect(log!.records.map(({ value }) => value)).toEqual(['z'])
  })

  it('does not let an unknown topic hold up another one', async () => {
    const { time, cluster } = world()
    const producer = producerOn(cluster, time)
    const unknown = errorOf(producer.send('nowhere', {}))
    const known = producer.send('events', { value: 'x' })
    time.runFor(10)
    await known
    time.runFor(2_000)
    expect((await unknown).code).toBe('UNKNOWN_TOPIC')
  })

  it('sees partitions that were added', async () => {
    const { time, cluster } = world()
    const producer = producerOn(cluster, time, { metadataMaxAgeMs: 1_000 })
    const first = producer.send('events', { value: 'x' })
    time.runFor(10)
    await first
    cluster.createTopic('events', [1, 1])
    time.runFor(2_000)
    const asks = producer.send('events', { value: 'y' })
    time.runFor(10)
    await asks
    const second = producer.send('events', { value: 'z', partition: 1 })
    time.runFor(10)
    expect((await second).partition).toBe(1)
  })
})
