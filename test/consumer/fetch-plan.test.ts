import { describe, expect, test } from 'vitest'
import { type PlanInput, planFetches } from '../../src/consumer/fetch-plan.js'
import { fetchRequest } from '../../src/consumer/fetch-request.js'
import { VirtualTime } from '../../src/simulation/time/virtual-time.js'
import type { ClusterView } from '../../src/transport/transport.js'
import { FakeTransport } from './fixtures/fake-transport.js'
import { batchBytes, config, fill, openSlot, slotOn } from './fixtures/parts.js'

const KIB = 1024

/** Leaders of `events` by partition; -1 is none. */
const viewWith = (...leaders: readonly number[]): ClusterView => {
  const view = new FakeTransport().view()
  const events = view.topics.get('events')!
  const partitions = leaders.map((leader, partition) => ({
    partition,
    leader,
    leaderEpoch: 3,
    replicas: [],
  }))
  return { ...view, topics: new Map([['events', { ...events, partitions }]]) }
}

const world = (leaders: readonly number[], options = {}) => {
  const time = new VirtualTime('plan')
  const slots = leaders.map((_, partition) => openSlot(time, partition))
  const input: PlanInput = {
    slots,
    view: viewWith(...leaders),
    inFlight: new Map(),
    now: 0,
    config: config(options),
  }
  return { slots, input, time }
}

describe('planning fetches', () => {
  test('one fetch a leader, for all of its partitions', () => {
    const { slots, input } = world([1, 2, 1])
    const { fetches, needsMetadata, retryAt } = planFetches(input)
    expect(fetches.map(({ nodeId, slots: asked }) => [nodeId, asked])).toEqual([
      [1, [slots[0], slots[2]]],
      [2, [slots[1]]],
    ])
    expect(fetches.map(({ maxWaitMs }) => maxWaitMs)).toEqual([500, 500])
    expect({ needsMetadata, retryAt }).toEqual({
      needsMetadata: false,
      retryAt: Number.POSITIVE_INFINITY,
    })
  })

  test('while one fetch is held open a second serves those it was not asked for, never a third', () => {
    const { slots, input } = world([1, 1, 2])
    slots[0]!.fetchedIncarnation = slots[0]!.incarnation
    const first = { lane: 0, maxBytes: KIB, endsAt: 130 }
    const second = planFetches({ ...input, now: 100, inFlight: new Map([[1, [first]]]) }).fetches
    // It ends with the first, so that the next one asks for all of them again.
    expect(second[0]).toMatchObject({ nodeId: 1, lane: 1, slots: [slots[1]], maxWaitMs: 30 })
    expect(second[1]).toMatchObject({ nodeId: 2, lane: 0, slots: [slots[2]] })
    const both = new Map([[1, [first, { ...first, lane: 1 }]]])
    expect(planFetches({ ...input, inFlight: both }).fetches.map(({ nodeId }) => nodeId)).toEqual([
      2,
    ])
  })

  test('a fetch whose wait is over is awaited, so that both lanes become one again', () => {
    const { slots, input } = world([1, 1])
    slots[0]!.fetchedIncarnation = slots[0]!.incarnation
    const first = { lane: 1, maxBytes: KIB, endsAt: 130 }
    const inFlight = new Map([[1, [first]]])
    for (const now of [130, 500, 1_129]) {
      expect(planFetches({ ...input, now, inFlight })).toMatchObject({
        fetches: [],
        retryAt: 1_130,
      })
    }
    // Its answer does not come: who waits behind it is fetched by the other lane, and in peace.
    expect(planFetches({ ...input, now: 1_130, inFlight }).fetches).toMatchObject([
      { lane: 0, slots: [slots[1]], maxWaitMs: 500 },
    ])
  })

  test('a seek may be fetched at once, although the fetch from the old place is under way', () => {
    const { slots, input } = world([1])
    slots[0]!.fetchedIncarnation = slots[0]!.incarnation
    expect(planFetches(input).fetches).toEqual([])
    slots[0]!.startAt(50, 'seek')
    expect(planFetches(input).fetches[0]!.slots).toEqual(slots)
  })

  test('who is shut, paused, failed, resolving or draining is left out', () => {
    const { slots, input, time } = world([1, 1, 1, 1, 1, 1])
    slots[0]!.isOpen = false
    slots[1]!.send({ type: 'pause' })
    slots[2]!.failWith({ code: 'CORRUPT_BATCH', message: 'bad' } as never)
    slots[3]!.losePosition()
    slots[4]!.send({ type: 'revoke' })
    const unresolved = slotOn(time, 5)
    const all = [...slots.slice(0, 5), unresolved]
    expect(planFetches({ ...input, slots: all }).fetches).toEqual([])
  })

  test('a partition that backs off says when, and holds nobody back', () => {
    const { slots, input } = world([1, 1, 1])
    slots[0]!.retryAt = 300
    slots[1]!.retryAt = 200
    const plan = planFetches({ ...input, now: 100 })
    expect(plan.fetches[0]!.slots).toEqual([slots[2]])
    expect(plan.retryAt).toBe(200)
    expect(planFetches({ ...input, now: 300 }).fetches[0]!.slots).toEqual(slots)
  })

  test('without a leader, a topic or a partition metadata is wanted, the rest is fetched', () => {
    const { slots, input, time } = world([-1, 1])
    const plan = planFetches(input)
    expect(plan.needsMetadata).toBe(true)
    expect(plan.fetches[0]!.slots).toEqual([slots[1]])
    expect(planFetches({ ...input, slots: [openSlot(time, 9)] }).needsMetadata).toBe(true)
  })

  test('a full partition waits for the application', () => {
    const { slots, input } = world([1, 1], { maxPartitionFetchBytes: 50 })
    fill(slots[0]!, batchBytes(0, 20))
    const { fetches } = planFetches(input)
    expect(fetches).toHaveLength(1)
    expect(fetches[0]!.slots).toEqual([slots[1]])
  })

  test('never asks for more than the room that is left, in flight and buffered counted', () => {
    const options = { maxBufferedBytes: 100 * KIB, maxPartitionFetchBytes: 64 * KIB }
    const { slots, input } = world([1, 2, 3], options)
    const first = planFetches(input).fetches
    expect(first.map(({ maxBytes }) => maxBytes)).toEqual([64 * KIB, 36 * KIB])
    const full = new Map([[9, [{ lane: 0, maxBytes: 100 * KIB, endsAt: 0 }]]])
    expect(planFetches({ ...input, inFlight: full }).fetches).toEqual([])
    // A paused partition's records take their room, too.
    fill(slots[0]!, batchBytes(0, 1_000))
    slots[0]!.send({ type: 'pause' })
    const rest = planFetches(input).fetches.reduce((sum, { maxBytes }) => sum + maxBytes, 0)
    expect(rest).toBe(100 * KIB - slots[0]!.buffer.bytes)
  })
})

describe('the request', () => {
  test('asks from each position, by topic ids only when every topic has one', () => {
    const { slots, input } = world([1, 1])
    slots[1]!.startAt(7, 'seek')
    const fetch = planFetches(input).fetches[0]!
    const { input: body, maxVersion } = fetchRequest(fetch, input.view, input.config)
    expect(maxVersion).toBeUndefined()
    expect(body).toMatchObject({
      isolationLevel: 1,
      sessionId: 0,
      sessionEpoch: -1,
      topics: [
        {
          topic: 'events',
          topicId: 'id-of-events',
          partitions: [
            { partition: 0, fetchOffset: 0, currentLeaderEpoch: 3 },
            { partition: 1, fetchOffset: 7 },
          ],
        },
      ],
    })
    const nameless = new Map(
      [...input.view.topics].map(([name, topic]) => [
        name,
        { ...topic, topicId: 'AAAAAAAAAAAAAAAAAAAAAA' },
      ]),
    )
    const old = fetchRequest(fetch, { ...input.view, topics: nameless }, input.config)
    expect(old.maxVersion).toBe(12)
  })
})
