import * as Effect from 'effect/Effect'
import { describe, expect, test } from 'vitest'
import { EndOfPartitions } from '../../src/consumer/reading.js'
import { EmbeddedWorld } from './fixtures/embedded.js'
import { begin, finish } from './fixtures/parts.js'

const offsets = (records: readonly { offset: number }[]): number[] =>
  records.map(({ offset }) => offset)

describe('poll', () => {
  test('gives what waits at once, then waits for as long as it was told', () => {
    const world = new EmbeddedWorld(1)
    world.produce(0, 3)
    const { reading } = world.subscribed()
    expect(offsets(finish(world.time, reading.poll(1_000, 2)).value)).toEqual([0, 1])
    expect(offsets(finish(world.time, reading.poll(1_000, 2)).value)).toEqual([2])
    const begun = world.time.now
    expect(finish(world.time, reading.poll(1_000, 2)).value).toEqual([])
    expect(world.time.now - begun).toBe(1_000)
    const waiting = begin(world.time, reading.poll(60_000, 2))
    world.time.runFor(5_000)
    world.produce(0, 1)
    world.time.runFor(100)
    expect(offsets(waiting.value)).toEqual([3])
  })

  test('hands nothing out once the session may have ended, before anybody says so', () => {
    const world = new EmbeddedWorld(1)
    world.produce(0, 10)
    const member = world.subscribed()
    finish(world.time, member.reading.poll(1_000, 2))
    member.cut = true
    world.time.runFor(2_700)
    expect(offsets(member.reading.takeNow(2))).toEqual([2, 3])
    world.time.runFor(3_000)
    expect(member.core.state).not.toBe('stable')
    expect(member.reading.takeNow(2)).toEqual([])
  })

  test('throws what stopped a partition once, the others go on', () => {
    const world = new EmbeddedWorld(2)
    world.produce(1, 1)
    const { reading, core } = world.subscribed({ offsetReset: 'none' })
    world.time.runFor(1_000)
    for (const partition of [0, 1]) {
      const { error } = finish(world.time, reading.poll(1_000, 10))
      expect(error).toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' })
      expect(error?.message).toContain(`events-${partition}`)
    }
    core.slots.get('events-1')!.startAt(0, 'seek')
    core.fetcher.pump()
    expect(offsets(finish(world.time, reading.poll(1_000, 10)).value)).toEqual([0])
  })
})

describe('an application that does not ask', () => {
  test('loses its partitions after maxPollIntervalMs, and joins again by asking', () => {
    const world = new EmbeddedWorld(2)
    world.produce(0, 2)
    const lost: number[] = []
    const member = world.subscribed(
      { maxPollIntervalMs: 10_000 },
      { onPartitionsLost: (tps) => Effect.sync(() => lost.push(...tps.map((tp) => tp.partition))) },
    )
    world.time.runFor(9_000)
    expect(member.core.state).toBe('stable')
    world.time.runFor(2_000)
    expect(member.core.state).toBe('fenced')
    expect(lost).toEqual([0, 1])
    expect(world.broker.groups.describe('group')?.members ?? []).toHaveLength(0)
    expect(member.core.member.getSnapshot().context.cause?.what).toMatch(/no poll for 1\d\.\d s/)
    const { value } = finish(world.time, member.reading.poll(10_000, 10))
    expect(offsets(value)).toEqual([0, 1])
  })

  test('is not overdue while it waits in a poll, however long', () => {
    const world = new EmbeddedWorld(1)
    const member = world.subscribed({ maxPollIntervalMs: 5_000 })
    begin(world.time, member.reading.poll(600_000, 1))
    world.time.runFor(60_000)
    expect(member.core.state).toBe('stable')
    expect(member.states).not.toContain('fenced')
  })

  test('comes back also when it asks while its loss is still being told', () => {
    const world = new EmbeddedWorld(1)
    world.produce(0, 1)
    const member = world.subscribed(
      { maxPollIntervalMs: 5_000 },
      { onPartitionsLost: () => Effect.sleep(2_000) },
    )
    world.time.runUntilTrue(() => member.core.state === 'fenced', 10_000)
    const next = begin(world.time, member.reading.next(null))
    world.time.runFor(120_000)
    expect(next.isDone).toBe(true)
  })

  test('has its whole interval from the moment it subscribes', () => {
    const world = new EmbeddedWorld(1)
    const member = world.member({ maxPollIntervalMs: 10_000 })
    world.time.runFor(60_000)
    member.core.subscribe(['events'])
    world.time.runFor(5_000)
    expect(member.core.state).toBe('stable')
  })
})

describe('until the end', () => {
  test('is reached when every partition’s end of that moment is passed', () => {
    const world = new EmbeddedWorld(2)
    world.produce(0, 2)
    world.produce(1, 1)
    const { core, reading } = world.subscribed()
    const end = new EndOfPartitions(core)
    expect(finish(world.time, end.isReached()).value).toBe(false)
    world.produce(0, 5)
    const seen: string[] = []
    for (;;) {
      const record = finish(world.time, reading.next(end)).value
      if (record === undefined) break
      seen.push(`${record.partition}:${record.offset}`)
    }
    expect(seen).toEqual(expect.arrayContaining(['0:0', '0:1', '1:0']))
    expect(seen.filter((place) => place.startsWith('0:')).length).toBeLessThanOrEqual(7)
  })

  test('empty partitions are at their end', () => {
    const world = new EmbeddedWorld(3)
    const { core, reading } = world.subscribed()
    const next = finish(world.time, reading.next(new EndOfPartitions(core)))
    expect(next.value).toBeUndefined()
  })

  test('a member that got no partition is at the end, one that rebalances is not', () => {
    const world = new EmbeddedWorld(1)
    const first = world.subscribed()
    begin(world.time, first.reading.poll(600_000, 1))
    const second = world.member()
    const end = new EndOfPartitions(second.core)
    expect(end.isKnownToBeReached()).toBe(false)
    second.core.subscribe(['events'])
    world.time.runUntilTrue(() => second.core.state === 'stable', 30_000)
    const without = [first, second].find(({ core }) => core.slots.size === 0)!
    expect(new EndOfPartitions(without.core).isKnownToBeReached()).toBe(true)
  })
})

describe('a reading up to the end, when the partitions are lost', () => {
  test('goes on with them when they come back', () => {
    const world = new EmbeddedWorld(1)
    world.produce(0, 10)
    const member = world.subscribed()
    const { reading, core } = member
    const end = new EndOfPartitions(core)
    expect(finish(world.time, end.isReached()).value).toBe(false)
    expect(finish(world.time, reading.next(end)).value?.offset).toBe(0)
    // Nothing can be handed out, and the application waits when the session ends.
    core.slots.get('events-0')!.send({ type: 'pause' })
    const waiting = begin(world.time, reading.next(end))
    member.cut = true
    world.time.runFor(3_500)
    expect(member.states).toContain('fenced')
    expect(waiting.isDone).toBe(false)
    member.cut = false
    world.time.runFor(20_000)
    // Nothing was committed.
    expect(waiting.value?.offset).toBe(0)
  })
})

describe('a commit after the partitions went', () => {
  test('does not look as if it had been done', () => {
    const world = new EmbeddedWorld(1)
    world.produce(0, 5)
    const member = world.subscribed({ drainTimeoutMs: 500, autoCommit: false })
    finish(world.time, member.reading.poll(1_000, 5))
    member.core.member.send({
      type: 'group.rebalancing',
      cause: { what: 'a test', evidence: 'observed' },
    })
    // The hand-over gives up after 500 ms; the application is still at work.
    world.time.runFor(3_000)
    const { delivery, committer } = member.core
    delivery.settle()
    const commit = finish(world.time, committer.commitDone())
    const stored = world.ask('OffsetFetch', {
      groups: [{ groupId: 'group', topics: null }],
      requireStable: false,
    })
    const offset = stored.groups![0]!.topics[0]?.partitions[0]?.committedOffset
    expect(offset === 5 || commit.error !== undefined).toBe(true)
  })
})
