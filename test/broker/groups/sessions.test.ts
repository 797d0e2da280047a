import { describe, expect, test } from 'vitest'
import { errorOf, GroupWorld } from './group-world.js'

const delayed = (config = {}) => new GroupWorld({ groupInitialRebalanceDelayMs: 10, ...config })

describe('a session', () => {
  test('lasts as long as the member is heard of', () => {
    const world = delayed()
    const [a, b] = world.stable(2) as [string, string]
    for (let beat = 0; beat < 5; beat++) {
      world.time.runFor(9_000)
      expect([world.heartbeat(a, 1), world.commit(b, 1, beat)]).toEqual(['NONE', 'NONE'])
    }
    world.time.runFor(9_999)
    expect(world.state).toBe('stable')
    world.heartbeat(a, 1)
    world.time.runFor(1)
    expect(world.heartbeat(a, 1)).toBe('REBALANCE_IN_PROGRESS')
    expect(world.heartbeat(b, 1)).toBe('UNKNOWN_MEMBER_ID')
    const again = world.join({ memberId: a })
    expect(again.response).toMatchObject({ generationId: 2, leader: a })
    world.syncAll([a])
    expect(world.rebalances.at(-1)).toMatchObject({
      generation: 2,
      members: 1,
      cause: [{ what: 'session timed out', memberId: b, clientId: 'client' }],
    })
    expect(world.logged.at(-1)).toEqual({
      level: 'info',
      message: `group g generation 2, 1 member (session timed out: ${b})`,
    })
  })

  test('stands still while JoinGroup or SyncGroup is parked', () => {
    const world = delayed()
    const [a, b] = world.stable(2) as [string, string]
    const rejoined = world.join({ memberId: a })
    for (let beat = 0; beat < 5; beat++) {
      world.time.runFor(9_000)
      world.heartbeat(b, 1)
    }
    world.join({ memberId: b })
    expect(rejoined.response).toMatchObject({ errorCode: 0, generationId: 2 })
    const parked = world.sync(b, 2)
    for (let beat = 0; beat < 5; beat++) {
      world.time.runFor(9_000)
      expect(world.heartbeat(a, 2)).toBe('NONE')
    }
    world.sync(a, 2)
    expect(errorOf(parked)).toBe('NONE')
    world.time.runFor(9_999)
    expect(world.heartbeat(b, 2)).toBe('NONE')
  })

  test('of the last member empties the group', () => {
    const world = delayed()
    world.stable(2)
    world.time.runFor(70_000)
    expect(world.groups.describe('g')).toMatchObject({ state: 'empty', members: [], generation: 2 })
    const report = world.rebalances.at(-1)!
    expect([report.members, report.leaderId]).toEqual([0, null])
    expect(world.store.get('groups', 'g')).toMatchObject({ generation: 2, members: [] })
  })

  test('of the leader makes another one lead', () => {
    const world = delayed()
    const [a, b, c] = world.stable(3) as [string, string, string]
    world.time.runFor(6_000)
    for (const id of [b, c]) world.heartbeat(id, 1)
    world.time.runFor(4_500)
    expect(world.heartbeat(a, 1)).toBe('UNKNOWN_MEMBER_ID')
    const rejoined = [world.join({ memberId: c }), world.join({ memberId: b })]
    expect(rejoined.map(({ response }) => response!.leader)).toEqual([b, b])
  })
})

describe('a rebalance', () => {
  test('waits for all its members, and not longer than the longest rebalance timeout', () => {
    const world = delayed()
    const [slow, quick] = [
      world.enter({ rebalanceTimeoutMs: 20_000 }),
      world.enter({ rebalanceTimeoutMs: 5_000 }),
    ].map(({ memberId }) => memberId) as [string, string]
    world.time.runFor(100)
    world.syncAll([slow, quick])
    const rejoined = world.join({
      memberId: quick,
      rebalanceTimeoutMs: 5_000,
      protocols: [['range', 'orders']],
    })
    const started = world.time.now
    for (let beat = 0; beat < 4; beat++) {
      world.time.runFor(4_900)
      expect(world.heartbeat(slow, 1)).toBe('REBALANCE_IN_PROGRESS')
    }
    expect(rejoined.answers).toBe(0)
    world.time.runUntil(started + 20_000)
    expect(rejoined.response).toMatchObject({ generationId: 2, leader: quick })
    expect(world.heartbeat(slow, 1)).toBe('UNKNOWN_MEMBER_ID')
    world.syncAll([quick])
    expect(world.rebalances.at(-1)!.cause.map(({ what }) => what)).toEqual([
      'subscription changed',
      'did not rejoin in time',
    ])
  })

  test('that overtakes a SyncGroup sends it back to join (KAFKA-14382), and ends', () => {
    const world = delayed()
    const [a, b] = world.stable(2) as [string, string]
    const c = world.enter()
    world.join({ memberId: a })
    world.join({ memberId: b })
    const parked = world.sync(b, 2)
    // Before the leader's assignment lands, a fourth member comes: the next rebalance begins.
    const d = world.enter()
    expect(errorOf(parked)).toBe('REBALANCE_IN_PROGRESS')
    expect(errorOf(world.sync(a, 2))).toBe('REBALANCE_IN_PROGRESS')
    expect(world.heartbeat(c.memberId, 2)).toBe('REBALANCE_IN_PROGRESS')
    const all = [a, b, c.memberId]
    for (const memberId of all) world.join({ memberId })
    expect(d.join.response!.generationId).toBe(3)
    const synced = world.syncAll([a, b, c.memberId, d.memberId])
    expect(synced.map(errorOf)).toEqual(['NONE', 'NONE', 'NONE', 'NONE'])
    expect(world.rebalances.map(({ generation }) => generation)).toEqual([1, 3])
    world.time.runFor(9_000)
    expect(world.state).toBe('stable')
  })

  test('does not hang on a leader that heartbeats but never syncs (KAFKA-12890)', () => {
    const world = delayed()
    const [a, b] = [world.enter(), world.enter()].map(({ memberId }) => memberId) as [
      string,
      string,
    ]
    world.time.runFor(100)
    const parked = world.sync(b, 1)
    const started = world.time.now
    while (world.time.now < started + 59_000) {
      world.time.runFor(5_000)
      world.heartbeat(a, 1)
    }
    world.time.runFor(1_000)
    expect(errorOf(parked)).toBe('REBALANCE_IN_PROGRESS')
    expect(world.heartbeat(a, 1)).toBe('UNKNOWN_MEMBER_ID')
    expect(world.join({ memberId: b }).response).toMatchObject({ generationId: 2, leader: b })
    world.syncAll([b])
    expect(world.rebalances.at(-1)!.cause).toMatchObject([
      { what: 'member joined' },
      { what: 'member joined' },
      { what: 'did not sync in time', memberId: a },
    ])
  })

  test('removes a follower that never syncs, also from a group that is stable by then', () => {
    const world = delayed()
    const [a, b] = [world.enter(), world.enter()].map(({ memberId }) => memberId) as [
      string,
      string,
    ]
    world.time.runFor(100)
    world.sync(a, 1)
    expect(world.state).toBe('stable')
    for (let beat = 0; beat < 12; beat++) {
      world.time.runFor(5_000)
      world.heartbeat(a, 1)
      world.heartbeat(b, 1)
    }
    expect(world.heartbeat(b, 1)).toBe('UNKNOWN_MEMBER_ID')
    expect(world.heartbeat(a, 1)).toBe('REBALANCE_IN_PROGRESS')
  })
})

describe('ghosts', () => {
  test('an id that was given out and not used ends with a session timeout (KAFKA-9752)', () => {
    const world = delayed()
    const [a] = world.stable(1) as [string]
    for (let retry = 0; retry < 20; retry++) world.join().drop()
    // A rebalance waits for ids given out: they may come back any moment.
    const rejoined = world.join({ memberId: a })
    expect(rejoined.answers).toBe(0)
    world.time.runFor(10_000)
    expect(rejoined.response).toMatchObject({ generationId: 2 })
    expect(rejoined.response!.members).toHaveLength(1)
  })

  test('without ids (v3), hanging up and joining again leaves bounded ghosts (KAFKA-7610)', () => {
    const world = delayed()
    const [a] = world.stable(1) as [string]
    const started = world.time.now
    // The member holds up the rebalance that the newcomer starts; the newcomer gives up and
    // tries again each 30 s.
    for (let retry = 0; retry < 30; retry++) {
      const call = world.join({ version: 3, rebalanceTimeoutMs: 2_000_000 })
      for (let beat = 0; beat < 10; beat++) {
        world.time.runFor(3_000)
        world.heartbeat(a, 1)
      }
      call.drop()
    }
    expect(world.time.now - started).toBeGreaterThan(800_000)
    const { members } = world.groups.describe('g')!
    // Five minutes each, one every 30 s: never more than ten, and the member itself.
    expect(members.length).toBeLessThanOrEqual(11)
    const rejoined = world.join({ memberId: a })
    const last = rejoined.response!.generationId
    expect(last).toBe(2)
    // The rest do not heartbeat: one session later they are gone.
    world.sync(a, last)
    world.time.runFor(9_000)
    world.heartbeat(a, last)
    world.time.runFor(1_500)
    expect(world.groups.describe('g')!.members.map(({ memberId }) => memberId)).toEqual([a])
  })

  test('a parked JoinGroup whose connection closed: the member stays, its session decides', () => {
    const world = delayed()
    const [a, b] = world.stable(2) as [string, string]
    const dropped = world.join({ memberId: b, protocols: [['range', 'orders']] })
    dropped.drop()
    const rejoined = world.join({ memberId: a })
    expect(dropped.answers).toBe(0)
    expect(rejoined.response!.members).toHaveLength(2)
    // It comes back, joins again under its id and gets this generation.
    const back = world.join({ memberId: b, protocols: [['range', 'orders']] })
    expect(back.response).toMatchObject({ generationId: 2, leader: a })
    expect(world.syncAll([a, b]).map(errorOf)).toEqual(['NONE', 'NONE'])
  })
})

describe('Heartbeat', () => {
  test('answers by state', () => {
    const world = delayed()
    expect(world.heartbeat('a', 1)).toBe('UNKNOWN_MEMBER_ID')
    expect(world.heartbeat('a', 1, null, '')).toBe('INVALID_GROUP_ID')
    const { memberId } = world.enter()
    expect(world.heartbeat(memberId, 0)).toBe('REBALANCE_IN_PROGRESS')
    expect(world.heartbeat(memberId, 1)).toBe('ILLEGAL_GENERATION')
    world.time.runFor(100)
    expect(world.state).toBe('completingRebalance')
    expect(world.heartbeat(memberId, 1)).toBe('NONE')
    expect(world.heartbeat(memberId, 0)).toBe('ILLEGAL_GENERATION')
    world.syncAll([memberId])
    expect(world.heartbeat(memberId, 1)).toBe('NONE')
    expect(world.heartbeat(memberId, 2)).toBe('ILLEGAL_GENERATION')
    expect(world.heartbeat('stranger', 1)).toBe('UNKNOWN_MEMBER_ID')
    world.leave(memberId)
    expect(world.heartbeat(memberId, 1)).toBe('UNKNOWN_MEMBER_ID')
  })
})
