import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type EmbeddedBroker, startBroker } from '../../src/broker/index.js'
import { type Bus, connect } from '../../src/connect.js'
import type { ConsumerOptions } from '../../src/consumer/config.js'
import type { Consumer } from '../../src/consumer/consumer.js'
import type { TopicPartition } from '../../src/domain/topic-partition.js'

/** What "done" means, and what hand-over waits for: design section 6, sentence by sentence. */
let broker: EmbeddedBroker
let bus: Bus

beforeEach(async () => {
  broker = await startBroker({ topics: { events: { partitions: 2 }, one: { partitions: 1 } } })
  bus = await connect({ brokers: broker })
})

afterEach(async () => {
  await bus.close()
  await broker.close()
})

const times = { heartbeatIntervalMs: 20, sessionTimeoutMs: 5_000, rebalanceTimeoutMs: 4_000 }

const member = (options: Partial<ConsumerOptions> = {}): Consumer =>
  bus.consumer({ groupId: 'group', topics: ['one'], autoCommit: false, ...times, ...options })

const fill = async (topic: string, count: number): Promise<void> => {
  const records = Array.from({ length: count }, (_, index) => ({
    value: `v${index}`,
    partition: 0,
  }))
  const producer = bus.producer()
  await producer.send(topic, records)
  await producer.close()
}

const committed = async (topic = 'one'): Promise<number | null> => {
  const offsets = await bus.admin().groupOffsets('group')
  return offsets.find((at) => at.topic === topic && at.partition === 0)?.committedOffset ?? null
}

const ONE: TopicPartition = { topic: 'one', partition: 0 }

const settled = async (consumer: Consumer, partitions: number): Promise<void> => {
  while (consumer.state !== 'stable' || consumer.assignment().length !== partitions) {
    await consumer.poll({ timeoutMs: 20 })
  }
}

describe('poll', () => {
  it('marks the former batch done; close marks nothing done', async () => {
    await fill('one', 10)
    const consumer = member({ autoCommit: true, autoCommitIntervalMs: 60_000 })
    expect((await consumer.poll({ maxRecords: 3 })).length).toBe(3)
    expect((await consumer.poll({ maxRecords: 4 })).length).toBe(4)
    await consumer.close()
    expect(await committed()).toBe(3)
  })

  it('commit() covers everything polled so far', async () => {
    await fill('one', 10)
    const consumer = member()
    await consumer.poll({ maxRecords: 7 })
    await consumer.commit()
    expect(await committed()).toBe(7)
    expect(consumer.stats().partitions[0]).toMatchObject({ committed: 7, position: 7 })
  })

  it('returns empty when nothing comes in time, and at once when the consumer closes', async () => {
    const consumer = member()
    expect((await consumer.poll({ timeoutMs: 0 })).isEmpty).toBe(true)
    const waiting = consumer.poll({ timeoutMs: 600_000 })
    await consumer.close()
    expect((await waiting).isEmpty).toBe(true)
    await expect(consumer.poll()).rejects.toMatchObject({ code: 'CONSUMER_CLOSED' })
  })

  it('refuses a second poll at the same time, and a second way to read', async () => {
    const consumer = member()
    await consumer.subscribe()
    const waiting = consumer.poll({ timeoutMs: 600_000 })
    await expect(consumer.poll()).rejects.toMatchObject({ code: 'CONSUMER_IN_USE' })
    await expect(consumer.records().next()).rejects.toMatchObject({ code: 'CONSUMER_IN_USE' })
    await consumer.close()
    await waiting
  })

  it('rejects with the reason of an aborted signal', async () => {
    const consumer = member()
    const controller = new AbortController()
    const reason = new Error('enough')
    await consumer.subscribe()
    const waiting = consumer.poll({ timeoutMs: 600_000, signal: controller.signal })
    controller.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    await expect(consumer.poll({ signal: controller.signal })).rejects.toBe(reason)
    expect((await consumer.poll({ timeoutMs: 0 })).isEmpty).toBe(true)
  })

  it('groups its records by partition', async () => {
    const producer = bus.producer()
    for (const partition of [0, 1, 0]) await producer.send('events', { value: 'x', partition })
    const consumer = member({ topics: ['events'] })
    const seen = new Map<number, number[]>()
    while ([...seen.values()].flat().length < 3) {
      for (const { partition, records } of (await consumer.poll()).byPartition()) {
        seen.set(partition, [
          ...(seen.get(partition) ?? []),
          ...records.map(({ offset }) => offset),
        ])
      }
    }
    expect(seen.get(0)).toEqual([0, 1])
    expect(seen.get(1)).toEqual([0])
  })
})

describe('iteration', () => {
  it('makes a record done when the next is asked for; break leaves it not done', async () => {
    await fill('one', 5)
    const consumer = member({ autoCommit: true, autoCommitIntervalMs: 60_000 })
    for await (const record of consumer) if (record.offset === 2) break
    // It is handed out again: nobody said that it was done.
    for await (const record of consumer.records()) {
      expect(record.offset).toBe(2)
      break
    }
    await consumer.close()
    expect(await committed()).toBe(2)
  })

  it('commit() covers the record in hand', async () => {
    await fill('one', 5)
    const consumer = member()
    for await (const record of consumer) {
      if (record.offset !== 2) continue
      await consumer.commit()
      break
    }
    expect(await committed()).toBe(3)
    for await (const record of consumer) {
      expect(record.offset).toBe(3)
      break
    }
  })

  it('stops at the end that was there when it began', async () => {
    await fill('one', 5)
    const consumer = member()
    const seen: number[] = []
    for await (const record of consumer.records({ until: 'end' })) {
      seen.push(record.offset)
      if (record.offset === 1) await fill('one', 3)
    }
    expect(seen.slice(0, 5)).toEqual([0, 1, 2, 3, 4])
    expect(seen.length).toBeLessThanOrEqual(8)
  })

  it('ends when the consumer closes', async () => {
    await fill('one', 2)
    const consumer = member()
    const seen: number[] = []
    for await (const record of consumer) {
      seen.push(record.offset)
      if (record.offset === 1) void consumer.close()
    }
    expect(seen).toEqual([0, 1])
    expect(consumer.state).toBe('left')
  })
})

describe('iterators', () => {
  it('one at a time: a second would say that the first one’s record is done', async () => {
    await fill('one', 3)
    const consumer = member({ autoCommit: true, autoCommitIntervalMs: 60_000 })
    const first = consumer.records()
    expect((await first.next()).value).toMatchObject({ offset: 0 })
    await expect(consumer.records().next()).rejects.toMatchObject({ code: 'CONSUMER_IN_USE' })
    await first.return?.()
    expect((await consumer.records().next()).value).toMatchObject({ offset: 0 })
    await consumer.close()
    expect(await committed()).toBe(0)
  })

  it('calls of next that overlap are answered in order', async () => {
    await fill('one', 3)
    const records = member().records()
    const calls = [records.next(), records.next(), records.next()]
    const seen = (await Promise.all(calls)).map(({ value }) => (value as { offset: number }).offset)
    expect(seen).toEqual([0, 1, 2])
  })

  it('one that is left while it waits takes no record with it', async () => {
    const consumer = member({ autoCommit: true, autoCommitIntervalMs: 60_000 })
    const first = consumer.records()
    const waiting = first.next()
    await consumer.subscribe()
    await first.return?.()
    expect(await waiting).toEqual({ done: true, value: undefined })
    await fill('one', 1)
    expect((await consumer.records().next()).value).toMatchObject({ offset: 0 })
    await consumer.close()
    expect(await committed()).toBe(0)
  })
})

describe('explicit offsets', () => {
  it('an explicit commit beyond what is in hand is not taken back by auto-commit', async () => {
    await fill('one', 60)
    const consumer = member({ autoCommit: true, autoCommitIntervalMs: 60_000 })
    await consumer.poll({ maxRecords: 10 })
    await consumer.commit([{ ...ONE, offset: 50 }])
    await consumer.poll({ maxRecords: 10 })
    await consumer.close()
    expect(await committed()).toBe(50)
  })

  it('commit(record) is its offset + 1; offsets are next to process', async () => {
    await fill('one', 10)
    const consumer = member()
    const [first, second] = (await consumer.poll()).toArray()
    await consumer.commit(second!)
    expect(await committed()).toBe(2)
    await consumer.commit([{ ...ONE, offset: first!.offset }])
    expect(await committed()).toBe(0)
  })

  it('refuses partitions that are not owned, and offsets that are none', async () => {
    const consumer = member()
    await consumer.subscribe()
    const foreign = [{ topic: 'events', partition: 0, offset: 1 }]
    await expect(consumer.commit(foreign)).rejects.toMatchObject({ code: 'NOT_ASSIGNED' })
    const nonsense = [{ ...ONE, offset: -1 }]
    await expect(consumer.commit(nonsense)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})

describe('pause, resume, seek', () => {
  it('a paused partition gives nothing, another goes on', async () => {
    const producer = bus.producer()
    const consumer = member({ topics: ['events'] })
    await consumer.subscribe()
    consumer.pause([{ topic: 'events', partition: 0 }])
    await producer.send('events', { value: 'held', partition: 0 })
    await producer.send('events', { value: 'passes', partition: 1 })
    expect((await consumer.poll()).toArray().map(({ partition }) => partition)).toEqual([1])
    expect((await consumer.poll({ timeoutMs: 50 })).isEmpty).toBe(true)
    consumer.resume([{ topic: 'events', partition: 0 }])
    expect((await consumer.poll()).toArray().map(({ partition }) => partition)).toEqual([0])
  })

  it('seeks to an offset, the beginning, the end and a time', async () => {
    const producer = bus.producer()
    for (const timestampMs of [1_000, 2_000, 3_000]) {
      await producer.send('one', { value: 'x', timestampMs })
    }
    const consumer = member()
    const next = async (): Promise<number | undefined> =>
      (await consumer.poll({ maxRecords: 1, timeoutMs: 1_000 })).toArray()[0]?.offset
    await consumer.subscribe()
    await consumer.seek(ONE, 2)
    expect(await next()).toBe(2)
    await consumer.seek(ONE, 'beginning')
    expect(await next()).toBe(0)
    await consumer.seek(ONE, { timestampMs: 1_500 })
    expect(await next()).toBe(1)
    await consumer.seek(ONE, 'end')
    expect(await next()).toBeUndefined()
    await expect(consumer.seek({ topic: 'one', partition: 9 }, 0)).rejects.toMatchObject({
      code: 'NOT_ASSIGNED',
    })
  })

  it('a seek in onPartitionsAssigned comes before the first record', async () => {
    await fill('one', 5)
    const consumer: Consumer = member({
      onPartitionsAssigned: ([tp]) => consumer.seek(tp!, 3),
    })
    expect((await consumer.poll()).toArray().map(({ offset }) => offset)).toEqual([3, 4])
  })
})

describe('a rebalance', () => {
  it('waits for the next poll, then commits and revokes; callbacks alternate', async () => {
    await fill('events', 4)
    const told: string[] = []
    const listen = (name: string) => ({
      onPartitionsAssigned: (tps: readonly TopicPartition[]) =>
        void told.push(`${name}+${tps.length}`),
      onPartitionsRevoked: (tps: readonly TopicPartition[]) =>
        void told.push(`${name}-${tps.length}`),
    })
    const options = { topics: ['events'], autoCommit: true, autoCommitIntervalMs: 60_000 }
    const first = member({ ...options, ...listen('a') })
    expect((await first.poll()).length).toBe(4)
    const second = member({ ...options, ...listen('b') })
    const joining = second.subscribe()
    // The first has records in hand: it is asked to rebalance, and waits for its application.
    while (first.state !== 'rebalancing') await new Promise(setImmediate)
    expect(told).toEqual(['a+2'])
    expect(await committed('events')).toBe(null)
    await settled(first, 1)
    await joining
    expect(told.slice(0, 2)).toEqual(['a+2', 'a-2'])
    expect(told.slice(2).sort()).toEqual(['a+1', 'b+1'])
    expect(await committed('events')).toBe(4)
    await Promise.all([first.close(), second.close()])
    expect(told.slice(4).sort()).toEqual(['a-1', 'b-1'])
  })

  it('gives up waiting after drainTimeoutMs, and does not commit what was not done', async () => {
    await fill('events', 4)
    const options = { topics: ['events'], autoCommit: true, drainTimeoutMs: 100 }
    const first = member(options)
    await first.poll()
    const second = member(options)
    await second.subscribe()
    expect(first.assignment().length + second.assignment().length).toBe(2)
    // The place where it began is committed, lest `offsetReset: 'latest'` skip what was in hand.
    expect(await committed('events')).toBe(0)
  })

  it('goes on when a callback throws, and reports it', async () => {
    const errors: unknown[] = []
    const consumer = member({
      onPartitionsAssigned: () => {
        throw new Error('mine')
      },
      onError: (error) => errors.push(error),
    })
    await consumer.subscribe()
    expect(consumer.state).toBe('stable')
    expect(errors).toMatchObject([{ code: 'CALLBACK_FAILED' }])
    expect(String(errors[0])).toContain('mine')
  })

  it('commit and close inside callbacks do not deadlock', async () => {
    await fill('one', 3)
    let inRevoke: number | null = null
    const consumer: Consumer = member({
      onPartitionsRevoked: async () => {
        await consumer.commit()
        inRevoke = await committed()
        await consumer.close()
      },
    })
    await consumer.poll()
    await consumer.close()
    expect(inRevoke).toBe(3)
    expect(consumer.state).toBe('left')
  })

  it('keeps partitions flowing under cooperative-sticky, and keeps a pause', async () => {
    const revoked: string[] = []
    const options = { topics: ['events'], assignmentStrategy: 'cooperative-sticky' }
    const first = member({
      ...options,
      onPartitionsRevoked: (tps) =>
        void revoked.push(...tps.map(({ partition }) => `${partition}`)),
    })
    await settled(first, 2)
    first.pause([0, 1].map((partition) => ({ topic: 'events', partition })))
    const second = member(options)
    const joining = second.subscribe()
    await settled(first, 1)
    await joining
    while (second.assignment().length === 0) await second.poll({ timeoutMs: 20 })
    expect(revoked).toHaveLength(1)
    expect(first.stats().partitions.map(({ paused }) => paused)).toEqual([true])
    expect(second.stats().partitions.map(({ paused }) => paused)).toEqual([false])
  })
})

describe('listeners that throw', () => {
  it('are reported, and change nothing', async () => {
    const errors: { code?: string; message: string }[] = []
    const boom = (name: string) => (): never => {
      throw new Error(`${name} broke`)
    }
    const consumer = member({
      onStateChange: boom('onStateChange'),
      inspect: boom('inspect'),
      onError: (error) => {
        errors.push(error)
        throw new Error('onError broke')
      },
    })
    await consumer.subscribe()
    await consumer.close()
    expect(consumer.state).toBe('left')
    expect(errors.map(({ code }) => code)).toContain('CALLBACK_FAILED')
    expect(errors.filter(({ message }) => message.includes('inspect broke'))).toHaveLength(1)
    expect(errors.some(({ message }) => message.includes('onStateChange broke'))).toBe(true)
  })
})

describe('a hand-over', () => {
  it('does not wait behind a commit that is being retried, and commits what is done', async () => {
    await fill('one', 5)
    const options = { topics: ['one', 'events'], autoCommit: true, autoCommitIntervalMs: 60_000 }
    const first = member(options)
    while ((await first.poll({ timeoutMs: 1_000 })).length === 0);
    await bus.admin().deleteTopics(['events'])
    const gone = [{ topic: 'events', partition: 0, offset: 0 }]
    const code = { code: expect.stringMatching(/COMMIT_FAILED|NOT_ASSIGNED/) }
    await expect(first.commit(gone)).rejects.toMatchObject(code)
    await first.commit().catch(() => undefined)
    await first.close()
    expect(await committed()).toBe(5)
  })

  it('a seek into a partition on its way out is refused', async () => {
    await fill('events', 4)
    const options = { topics: ['events'], autoCommit: true, autoCommitIntervalMs: 60_000 }
    const first = member(options)
    await first.poll()
    const joining = member(options).subscribe()
    while (first.state !== 'rebalancing') await new Promise(setImmediate)
    const seeking = first.seek({ topic: 'events', partition: 0 }, 40)
    await expect(seeking).rejects.toMatchObject({ code: 'NOT_ASSIGNED' })
    await settled(first, 1)
    await joining
    expect(await committed('events')).toBe(4)
  })

  it('subscribe inside a callback begins and does not wait for itself', async () => {
    const consumer: Consumer = member({
      onPartitionsAssigned: async ([tp]) => {
        if (tp?.topic === 'one') await consumer.subscribe({ topics: ['events'] })
      },
    })
    await consumer.subscribe()
    while (consumer.assignment()[0]?.topic !== 'events') await consumer.poll({ timeoutMs: 10 })
    expect(consumer.assignment()).toHaveLength(2)
  })
})

describe('close', () => {
  it('is idempotent and leaves the group at once', async () => {
    const consumer = member()
    await consumer.subscribe()
    await Promise.all([consumer.close(), consumer.close()])
    expect(consumer.state).toBe('left')
    expect(broker.describeGroup('group')?.members ?? []).toHaveLength(0)
  })

  it('gives up after its time, and lists what could not be committed', async () => {
    await fill('one', 3)
    const consumer: Consumer = member({
      onPartitionsRevoked: () => new Promise(() => undefined),
    })
    await consumer.poll()
    await consumer.poll({ timeoutMs: 0 })
    await expect(consumer.close({ timeoutMs: 50 })).rejects.toMatchObject({
      code: 'CLOSE_TIMED_OUT',
      uncommitted: [{ topic: 'one', partition: 0, offset: 3 }],
    })
    expect(consumer.state).toBe('left')
  })

  it('leaves a static member its place when told so', async () => {
    const options = { groupInstanceId: 'fixed', topics: ['events'] }
    const consumer = member(options)
    await consumer.subscribe()
    await consumer.close({ leaveGroup: false })
    const { generation } = broker.describeGroup('group')!
    const again = member(options)
    await again.subscribe()
    expect(again.assignment()).toHaveLength(2)
    expect(broker.describeGroup('group')!.generation).toBe(generation)
  })
})

describe('without a group', () => {
  it('reads what it was given', async () => {
    await fill('one', 3)
    const consumer = bus.consumer({ assign: [ONE] })
    expect((await consumer.poll()).length).toBe(3)
    expect(consumer.state).toBe('stable')
    await expect(consumer.commit()).rejects.toMatchObject({ code: 'INVALID_CONFIG' })
    await consumer.close()
    expect(consumer.state).toBe('left')
  })

  it('keeps offsets under a group id that it does not join', async () => {
    await fill('one', 3)
    const first = bus.consumer({ assign: [ONE], groupId: 'group', autoCommit: false })
    await first.poll()
    await first.commit()
    await first.close()
    await fill('one', 1)
    const second = bus.consumer({ assign: [ONE], groupId: 'group', autoCommit: false })
    expect((await second.poll()).toArray().map(({ offset }) => offset)).toEqual([3])
    await second.close()
  })
})

describe('what cannot be', () => {
  it('names a topic or a partition that is not there', async () => {
    await expect(member({ topics: ['missing'] }).subscribe()).rejects.toMatchObject({
      code: 'UNKNOWN_TOPIC',
      address: { topic: 'missing' },
    })
    const single = bus.consumer({ assign: [{ topic: 'one', partition: 7 }] })
    await expect(single.poll()).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC' })
  })

  it('names every wrong field of a configuration', () => {
    const wrong = { groupId: '', sessionTimeoutMs: -1, autocommit: true } as ConsumerOptions
    expect(() => bus.consumer(wrong)).toThrow(/groupId.*sessionTimeoutMs|autocommit/)
    try {
      bus.consumer(wrong)
    } catch (error) {
      const { message, code } = error as { message: string; code: string }
      expect(code).toBe('INVALID_CONFIG')
      for (const field of ['groupId', 'sessionTimeoutMs', 'autocommit']) {
        expect(message).toContain(field)
      }
      expect(message).not.toContain('\n')
    }
  })
})
