import { describe, expect, test } from 'vitest'
import { Fetcher } from '../../src/consumer/fetcher.js'
import type { PartitionSlot } from '../../src/consumer/partition-slot.js'
import { Tasks } from '../../src/runtime/tasks.js'
import { VirtualTime } from '../../src/simulation/time/virtual-time.js'
import { FakeTransport } from './fixtures/fake-transport.js'
import { config, openSlot, slotsOf } from './fixtures/parts.js'

const fetcherOn = (time: VirtualTime, transport: FakeTransport, ...slots: PartitionSlot[]) => {
  const fail = (error: unknown): never => {
    throw error
  }
  return new Fetcher({
    runtime: time.runtime,
    transport,
    config: config(),
    owner: 'consumer',
    slots: slotsOf(...slots),
    tasks: new Tasks(time.runtime, fail),
    onData: () => undefined,
    onError: fail,
    onFatal: fail,
    onOutOfRange: fail,
  })
}

describe('the fetcher', () => {
  test('a partition that its topic has no more is asked about ever more seldom', () => {
    const time = new VirtualTime(1)
    // Partition 9 was there until the topic was deleted and made anew, with four.
    const transport = new FakeTransport({ Fetch: () => 'silence' }, { events: 4 })
    const fetcher = fetcherOn(time, transport, openSlot(time, 9))
    fetcher.pump()
    time.runFor(10_000)
    // 100 ms, 200 ms, 400 ms, then every 2 s; each time it is asked for anew.
    expect(transport.metadataAsked).toBeLessThanOrEqual(10)
    expect(transport.invalidations).toBe(transport.metadataAsked - 1)
    expect(time.fired).toBeLessThanOrEqual(20)
    // It is there again: fetched within the longest pause.
    transport.topics.set('events', 10)
    time.runFor(2_000)
    expect(transport.of('Fetch')).toHaveLength(1)
    fetcher.close()
  })
})
