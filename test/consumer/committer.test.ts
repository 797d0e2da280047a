import { describe, expect, test } from 'vitest'
import { code, unreachable } from './fixtures/fake-transport.js'
import { committerWorld } from './fixtures/group.js'
import { begin, finish, openSlot } from './fixtures/parts.js'

const at = (partition: number, offset: number) => ({ topic: 'events', partition, offset })

describe('what is pending', () => {
  test('done and not yet committed; never what was only handed out', () => {
    const { committer, slots } = committerWorld()
    expect(committer.pending(slots)).toEqual([])
    slots[0]!.offsets.position = 9
    slots[0]!.outstanding = 9
    expect(committer.pending(slots)).toEqual([])
    slots[0]!.settle()
    expect(committer.pending(slots)).toEqual([at(0, 9)])
    slots[0]!.offsets.committed = 9
    expect(committer.pending(slots)).toEqual([])
  })
})

describe('a commit of the application', () => {
  test('is stored under the member’s identity, and remembered', () => {
    const { time, committer, slots, transport, sent } = committerWorld()
    finish(
      time,
      committer.commit(() => [at(0, 5), at(1, 7)]),
    )
    expect(sent()).toEqual(['1: 0@5 1@7'])
    expect(transport.of('OffsetCommit')[0]).toMatchObject({ groupId: 'group', memberId: 'm' })
    expect(slots.map(({ offsets }) => offsets.committed)).toEqual([5, 7])
    expect(transport.asked[0]).toMatchObject({
      target: { type: 'coordinator', groupId: 'group' },
      options: { purpose: 'control', owner: 'me' },
    })
  })

  test('of nothing asks nobody', () => {
    const { time, committer, sent } = committerWorld()
    expect(
      finish(
        time,
        committer.commit(() => []),
      ).error,
    ).toBeUndefined()
    expect(sent()).toEqual([])
  })

  test('waits out a rebalance and is sent under the generation that owns the partition then', () => {
    const { time, committer, membership, sent } = committerWorld()
    membership.move({ memberState: 'joining', mayCommit: false })
    const commit = begin(
      time,
      committer.commit(() => [at(0, 5)]),
    )
    time.runFor(2_000)
    expect(sent()).toEqual([])
    membership.move({ memberState: 'syncing', generation: 2 })
    time.runFor(100)
    expect(sent()).toEqual([])
    membership.move({ memberState: 'stable', mayCommit: true })
    time.settle()
    expect(commit.isDone).toBe(true)
    expect(sent()).toEqual(['2: 0@5'])
  })

  test('refuses a partition that a rebalance took meanwhile, naming it', () => {
    const { time, committer, membership, byKey, sent } = committerWorld()
    membership.move({ memberState: 'rebalancing', mayCommit: false })
    const commit = begin(
      time,
      committer.commit(() => [at(0, 5), at(1, 6)]),
    )
    byKey.delete('events-1')
    membership.move({ memberState: 'stable', mayCommit: true, generation: 2 })
    time.settle()
    expect(commit.error).toMatchObject({
      code: 'NOT_ASSIGNED',
      address: { group: 'group', topic: 'events', partition: 1 },
    })
    expect(commit.error?.message).not.toContain('events-0')
    expect(sent()).toEqual([])
  })

  test('answered REBALANCE_IN_PROGRESS it tells the member and goes on in the next generation', () => {
    const answers = [code('REBALANCE_IN_PROGRESS'), 0]
    const { time, committer, membership, sent } = committerWorld((_, nth) => answers[nth]!)
    const commit = begin(
      time,
      committer.commit(() => [at(0, 5)]),
    )
    expect(membership.told).toEqual([
      {
        type: 'group.rebalancing',
        cause: { what: 'a commit was answered REBALANCE_IN_PROGRESS', evidence: 'observed' },
      },
    ])
    membership.move({ memberState: 'joining', mayCommit: false })
    time.runFor(500)
    expect(sent()).toEqual(['1: 0@5'])
    membership.move({ memberState: 'stable', mayCommit: true, generation: 2 })
    time.settle()
    expect(commit.isDone).toBe(true)
    expect(sent()).toEqual(['1: 0@5', '2: 0@5'])
  })

  test('a fenced member’s commit fails at once, and the member is told under which generation', () => {
    const { time, committer, membership } = committerWorld(() => code('UNKNOWN_MEMBER_ID'))
    const commit = begin(
      time,
      committer.commit(() => [at(0, 5)]),
    )
    expect(membership.told).toEqual([
      { type: 'member.unknown', kafkaError: 'UNKNOWN_MEMBER_ID', generation: 1 },
    ])
    membership.move({ memberState: 'fenced', mayCommit: false })
    time.settle()
    expect(commit.error).toMatchObject({ code: 'MEMBER_FENCED', retriable: false })
  })

  test('what may pass is tried again until requestTimeoutMs is over, then says why', () => {
    const { time, committer, sent } = committerWorld(() => code('COORDINATOR_LOAD_IN_PROGRESS'))
    const commit = begin(
      time,
      committer.commit(() => [at(0, 5)]),
    )
    time.runFor(4_000)
    expect(commit.isDone).toBe(false)
    time.runFor(1_100)
    expect(commit.error).toMatchObject({
      code: 'COMMIT_FAILED',
      retriable: true,
      kafkaError: 'COORDINATOR_LOAD_IN_PROGRESS',
    })
    expect(sent().length).toBeGreaterThan(10)
  })

  test('silence and a broken connection are tried again, a moved coordinator is looked up', () => {
    const answers = [unreachable(), code('NOT_COORDINATOR'), 0] as const
    const { time, committer, transport } = committerWorld((_, nth) => answers[nth]!)
    const commit = finish(
      time,
      committer.commit(() => [at(0, 5)]),
    )
    expect(commit.error).toBeUndefined()
    expect(transport.forgotten).toBe(2)
  })

  test('what cannot pass fails at once, with Kafka’s name', () => {
    for (const name of ['GROUP_AUTHORIZATION_FAILED', 'OFFSET_METADATA_TOO_LARGE'] as const) {
      const { time, committer, sent } = committerWorld(() => code(name))
      const { error } = finish(
        time,
        committer.commit(() => [at(0, 5)]),
      )
      expect(error).toMatchObject({ code: 'COMMIT_FAILED', retriable: false, kafkaError: name })
      expect(sent()).toHaveLength(1)
    }
  })

  test('FENCED_INSTANCE_ID is for the member, too', () => {
    const { time, committer, membership } = committerWorld(() => code('FENCED_INSTANCE_ID'))
    expect(
      finish(
        time,
        committer.commit(() => [at(0, 5)]),
      ).error?.code,
    ).toBe('COMMIT_FAILED')
    expect(membership.told).toMatchObject([{ type: 'member.replaced' }])
  })

  test('one partition refused: the others are remembered as stored (KAFKA-16371)', () => {
    const { time, committer, slots } = committerWorld((partition) =>
      partition === 0 ? 0 : code('OFFSET_METADATA_TOO_LARGE'),
    )
    finish(
      time,
      committer.commit(() => [at(0, 5), at(1, 6)]),
    )
    expect(slots.map(({ offsets }) => offsets.committed)).toEqual([5, 0])
  })

  test('an answer for a slot that went and came back is not that one’s', () => {
    const { time, committer, membership, byKey } = committerWorld((_, nth) =>
      nth === 0 ? 'silence' : 0,
    )
    const first = begin(
      time,
      committer.commit(() => [at(0, 5)]),
    )
    const successor = openSlot(time, 0, 2)
    byKey.set('events-0', successor)
    time.runFor(4_000)
    expect(successor.offsets.committed).toBe(2)
    first.fiber.interruptUnsafe()
    membership.move({})
    finish(
      time,
      committer.commit(() => [at(0, 8)]),
    )
    expect(successor.offsets.committed).toBe(8)
  })

  test('a partition that went and came back while it waited is another ownership: refused', () => {
    const { time, committer, membership, byKey, sent } = committerWorld()
    membership.move({ memberState: 'rebalancing', mayCommit: false })
    const commit = begin(
      time,
      committer.commit(() => [at(0, 5)]),
    )
    byKey.set('events-0', openSlot(time, 0, 27))
    membership.move({ memberState: 'stable', mayCommit: true, generation: 2 })
    time.settle()
    expect(commit.error).toMatchObject({ code: 'NOT_ASSIGNED', address: { partition: 0 } })
    expect(commit.error?.message).toContain('assigned anew')
    expect(sent()).toEqual([])
  })

  test('a partition that had gone when it was called and comes back is refused, too', () => {
    const { time, committer, membership, byKey, sent } = committerWorld()
    byKey.delete('events-0')
    membership.move({ memberState: 'joining', mayCommit: false })
    const commit = begin(
      time,
      committer.commit(() => [at(0, 5)]),
    )
    // Others had it meanwhile, and are at 27.
    byKey.set('events-0', openSlot(time, 0, 27))
    membership.move({ memberState: 'stable', mayCommit: true, generation: 2 })
    time.settle()
    expect(commit.error).toMatchObject({ code: 'NOT_ASSIGNED', address: { partition: 0 } })
    expect(sent()).toEqual([])
  })

  test('of what goes before it is answered nothing is sent any more', () => {
    const { time, committer, membership, byKey, sent } = committerWorld(() => 'silence')
    const commit = begin(
      time,
      committer.commit(() => [at(0, 5)]),
    )
    expect(sent()).toEqual(['1: 0@5'])
    const gone = byKey.get('events-0')!
    byKey.delete('events-0')
    committer.noteGone(gone)
    membership.move({})
    time.runFor(200)
    expect(commit.error).toMatchObject({ code: 'NOT_ASSIGNED' })
    expect(sent()).toEqual(['1: 0@5'])
  })

  test('outside of a membership it says why not', () => {
    const cases = [
      ['idle', 'NOT_ASSIGNED'],
      ['fenced', 'MEMBER_FENCED'],
      ['leaving', 'CONSUMER_CLOSED'],
      ['left', 'CONSUMER_CLOSED'],
    ] as const
    for (const [memberState, expected] of cases) {
      const { time, committer, membership } = committerWorld()
      membership.move({ memberState, mayCommit: false })
      expect(
        finish(
          time,
          committer.commit(() => [at(0, 5)]),
        ).error?.code,
      ).toBe(expected)
    }
  })
})

describe('order', () => {
  test('one request at a time: an older position never overwrites a newer one', () => {
    let release = false
    const { time, committer, sent } = committerWorld(() => (release ? 0 : 'silence'))
    const commits = [5, 7, 9].map((offset) =>
      begin(
        time,
        committer.commit(() => [at(0, offset)]),
      ),
    )
    expect(sent()).toEqual(['1: 0@5'])
    release = true
    time.runFor(6_000)
    expect(commits.map(({ isDone }) => isDone)).toEqual([true, true, true])
    expect(new Set(sent())).toEqual(new Set(['1: 0@5', '1: 0@7', '1: 0@9']))
    expect(sent()).toEqual([...sent()].sort())
  })

  test('one that is given up makes room for the next', () => {
    const { time, committer, sent } = committerWorld((_, nth) => (nth === 0 ? 'silence' : 0))
    const stuck = begin(
      time,
      committer.commit(() => [at(0, 5)]),
    )
    const next = begin(
      time,
      committer.commit(() => [at(0, 6)]),
    )
    stuck.fiber.interruptUnsafe()
    time.settle()
    expect(next.isDone).toBe(true)
    expect(sent()).toEqual(['1: 0@5', '1: 0@6'])
  })
})

describe('auto-commit', () => {
  test('sends what is done, and nothing in between generations (KAFKA-14024, platformatic #370)', () => {
    const { time, committer, slots, membership, sent } = committerWorld()
    slots[0]!.offsets.done = 4
    membership.move({ memberState: 'joining', mayCommit: false })
    expect(finish(time, committer.commitPending()).value).toEqual({ tag: 'committed' })
    expect(sent()).toEqual([])
    membership.move({ memberState: 'stable', mayCommit: true })
    finish(time, committer.commitPending())
    finish(time, committer.commitPending())
    expect(sent()).toEqual(['1: 0@4'])
  })

  test('a failure is not retried before the next interval', () => {
    const { time, committer, slots, sent } = committerWorld(() => code('NOT_COORDINATOR'))
    slots[0]!.offsets.done = 4
    expect(finish(time, committer.commitPending()).value).toMatchObject({ tag: 'unavailable' })
    expect(sent()).toHaveLength(1)
    expect(committer.commitFailures).toBe(1)
  })

  test('never takes an explicit commit back (invariant 5)', () => {
    const { time, committer, slots, sent } = committerWorld()
    slots[0]!.offsets.position = 10
    slots[0]!.outstanding = 10
    finish(
      time,
      committer.commit(() => [at(0, 4)]),
    )
    finish(time, committer.commitPending())
    expect(sent()).toEqual(['1: 0@4'])
  })
})

describe('before partitions go', () => {
  const old = { memberId: 'm', generation: 1 }

  test('what is done is committed under the generation that held it, not a newer one', () => {
    const { time, committer, slots, membership, sent } = committerWorld()
    slots[0]!.offsets.done = 4
    membership.move({ generation: 2 })
    const outcome = finish(time, committer.commitBeforeRevoke(slots, old, 5_000))
    expect(outcome.value).toEqual({ tag: 'committed' })
    expect(sent()).toEqual(['1: 0@4'])
  })

  test('trouble is tried again for as long as the hand-over allows', () => {
    const { time, committer, slots } = committerWorld((_, nth) => (nth < 3 ? unreachable() : 0))
    slots[0]!.offsets.done = 4
    const good = finish(time, committer.commitBeforeRevoke(slots, old, 5_000))
    expect(good.value).toEqual({ tag: 'committed' })
    const never = committerWorld(() => unreachable())
    never.slots[0]!.offsets.done = 4
    const begun = never.time.now
    const bad = finish(never.time, never.committer.commitBeforeRevoke(never.slots, old, 2_000))
    expect(bad.value).toMatchObject({ tag: 'unavailable' })
    expect(never.time.now - begun).toBeLessThanOrEqual(2_000)
  })

  test('a lost membership ends it at once', () => {
    const { time, committer, slots, sent } = committerWorld(() => code('ILLEGAL_GENERATION'))
    slots[0]!.offsets.done = 4
    const outcome = finish(time, committer.commitBeforeRevoke(slots, old, 5_000))
    expect(outcome.value).toEqual({ tag: 'memberUnknown', kafkaError: 'ILLEGAL_GENERATION' })
    expect(sent()).toHaveLength(1)
  })

  test('keeps its deadline also while another commit is under way', () => {
    const { time, committer, slots } = committerWorld(() => 'silence')
    begin(
      time,
      committer.commit(() => [at(1, 5)]),
    )
    slots[0]!.offsets.done = 4
    const begun = time.now
    finish(time, committer.commitBeforeRevoke(slots, old, 2_000))
    expect(time.now - begun).toBeLessThanOrEqual(2_000)
  })
})
