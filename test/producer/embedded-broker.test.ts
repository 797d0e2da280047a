import { afterEach, describe, expect, it } from 'vitest'
import { type EmbeddedBroker, startBroker } from '../../src/broker/index.js'
import { type Bus, connect } from '../../src/connect.js'
import type { CompressionName } from '../../src/domain/record.js'

const opened: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})

const world = async (over: 'in process' | 'TCP', autoCreateTopics = false) => {
  const broker: EmbeddedBroker = await startBroker({
    topics: { events: { partitions: 3 } },
    autoCreateTopics,
    ...(over === 'TCP' ? { port: 0 } : {}),
  })
  opened.push(() => broker.close())
  const bus: Bus = await connect({ brokers: over === 'TCP' ? [broker.address!] : broker })
  opened.push(() => bus.close())
  return { broker, bus }
}

const readAll = async (bus: Bus) => {
  const assign = [0, 1, 2].map((partition) => ({ topic: 'events', partition }))
  const consumer = bus.consumer({ assign })
  const found: { partition: number; offset: number; value: string | undefined }[] = []
  for await (const { partition, offset, value } of consumer.records({ until: 'end' })) {
    found.push({ partition, offset, value: value?.toString() })
  }
  await consumer.close()
  return found
}

describe.each(['in process', 'TCP'] as const)('with the embedded broker, %s', (over) => {
  it('stores every record at the offset that it tells, in order', async () => {
    const { bus } = await world(over)
    const producer = bus.producer()
    const values = Array.from({ length: 2_000 }, (_, index) => `${index}`)
    const sent = await Promise.all(
      values.map((value) => producer.send('events', { key: `k${Number(value) % 7}`, value })),
    )
    const read = await readAll(bus)
    expect(read).toHaveLength(values.length)
    const byPlace = new Map(read.map((one) => [`${one.partition}/${one.offset}`, one.value]))
    sent.forEach(({ partition, offset }, index) => {
      expect(byPlace.get(`${partition}/${offset}`)).toBe(values[index])
    })
    for (const partition of [0, 1, 2]) {
      const numbers = read
        .filter((one) => one.partition === partition)
        .map(({ value }) => Number(value))
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
    }
  })

  it.each<[CompressionName]>([['gzip'], ['snappy'], ['lz4'], ['zstd']])(
    'compresses with %s',
    async (compression) => {
      const { bus } = await world(over)
      const value = 'again and again '.repeat(100)
      await bus.producer({ compression }).send('events', Array(20).fill({ value, partition: 0 }))
      expect((await readAll(bus)).map((one) => one.value)).toEqual(Array(20).fill(value))
    },
  )

  it('takes all kinds of acks', async () => {
    const { bus } = await world(over)
    for (const acks of ['all', 1, 0] as const) {
      const { offset } = await bus
        .producer({ acks })
        .send('events', { value: `${acks}`, partition: 0 })
      expect(offset).toBe(acks === 0 ? -1 : acks === 'all' ? 0 : 1)
    }
    await expect.poll(async () => (await readAll(bus)).length).toBe(3)
  })

  it('lets the broker decide whether a topic comes into being', async () => {
    const { bus } = await world(over, true)
    expect((await bus.producer().send('fresh', { value: 'x' })).offset).toBe(0)
    const { bus: strict } = await world(over)
    await expect(strict.producer().send('fresh', { value: 'x' })).rejects.toMatchObject({
      code: 'UNKNOWN_TOPIC',
    })
  })

  it('delivers what was sent before the bus closes', async () => {
    const { broker, bus } = await world(over)
    const sent = bus.producer({ lingerMs: 60_000 }).send('events', { value: 'last', partition: 2 })
    await bus.close()
    expect((await sent).offset).toBe(0)
    const other = await connect({ brokers: over === 'TCP' ? [broker.address!] : broker })
    opened.push(() => other.close())
    expect(await readAll(other)).toEqual([{ partition: 2, offset: 0, value: 'last' }])
  })
})
