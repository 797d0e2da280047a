import { describe, expect, test } from 'vitest'
import { errorOf, GroupWorld, subscription } from './group-world.js'

describe('a member joins', () => {
  test('from v4 on it is given an id and comes back with it', () => {
    const world = new GroupWorld()
    const first = world.join({ clientId: 'orders' })
    expect(errorOf(first)).toBe('MEMBER_ID_REQUIRED')
    const memberId = first.response!.memberId
    expect(memberId).toMatch(/^orders-.+/)
    const second = world.join({ memberId })
    world.time.runFor(1)
    expect(second.response).toMatchObject({
      errorCode: 0,
      generationId: 1,
      leader: memberId,
      memberId,
      protocolType: 'consumer',
      protocolName: 'range',
      members: [{ memberId, groupInstanceId: null, metadata: subscription('events') }],
    })
    const synced = world.sync(memberId, 1, { [memberId]: 'part' })
    expect(synced.response).toMatchObject({
      errorCode: 0,
      protocolType: 'consumer',
      protocolName: 'range',
      assignment: Buffer.from('part'),
    })
    expect(world.state).toBe('stable')
  })

  test.each([0, 1, 2, 3])('in v%i it is a member at once', (version) => {
    const world = new GroupWorld()
    const call = world.join({ version })
    world.time.runFor(1)
    expect(call.response).toMatchObject({ errorCode: 0, generationId: 1, protocolName: 'range' })
    expect(call.response!.leader).toBe(call.response!.memberId)
    const { rebalanceTimeoutMs } = world.groups.describe('g')!.members[0]!
    expect(rebalanceTimeoutMs).toBe(version === 0 ? 10_000 : 60_000)
  })

  test('only the leader is told of the others, in the order they came', () => {
    const world = new GroupWorld({ groupInitialRebalanceDelayMs: 100 })
    const entered = ['a', 'b', 'c'].map((clientId) => world.enter({ clientId }))
    world.time.runFor(1_000)
    const [leader, ...followers] = entered.map(({ join }) => join.response!)
    expect(leader!.members.map(({ memberId }) => memberId)).toEqual(
      entered.map(({ memberId }) => memberId),
    )
    for (const follower of followers) {
      expect(follower).toMatchObject({ leader: leader!.memberId, members: [], generationId: 1 })
    }
  })

  test('an empty group waits for more, up to the rebalance timeout', () => {
    const world = new GroupWorld({ groupInitialRebalanceDelayMs: 3_000 })
    const first = world.enter({ rebalanceTimeoutMs: 10_000 })
    // One more each second would prolong the delay for ever: 3 s, 3 s, 3 s, and the 1 s left.
    for (let second = 0; second < 9; second++) {
      world.time.runFor(1_000)
      world.enter({ rebalanceTimeoutMs: 10_000 })
    }
    expect(first.join.answers).toBe(0)
    world.time.runFor(1_001)
    expect(first.join.response!.members).toHaveLength(10)
    expect(world.time.now).toBeLessThan(10_100)
  })

  test('members vote for a protocol that all support', () => {
    const world = new GroupWorld({ groupInitialRebalanceDelayMs: 10 })
    const names = (...all: string[]) => all.map((name) => [name, 'events'] as const)
    const a = world.enter({ protocols: names('sticky', 'range', 'roundrobin') })
    world.enter({ protocols: names('roundrobin', 'range') })
    world.enter({ protocols: names('range', 'roundrobin', 'range') })
    world.time.runFor(100)
    expect(a.join.response!.protocolName).toBe('range')
  })
})

describe('JoinGroup is refused', () => {
  const world = () => new GroupWorld({ groupMinSessionTimeoutMs: 6_000 })

  test.each([
    ['without a group id', { groupId: '' }, 'INVALID_GROUP_ID'],
    ['with an id too long to be stored', { groupId: 'g'.repeat(2_000) }, 'INVALID_GROUP_ID'],
    ['with a session too short', { sessionTimeoutMs: 5_999 }, 'INVALID_SESSION_TIMEOUT'],
    ['with a session too long', { sessionTimeoutMs: 1_800_001 }, 'INVALID_SESSION_TIMEOUT'],
    ['with an id of no group', { memberId: 'ghost' }, 'UNKNOWN_MEMBER_ID'],
    ['without a protocol', { protocols: [] }, 'INCONSISTENT_GROUP_PROTOCOL'],
    ['without a protocol type', { protocolType: '' }, 'INCONSISTENT_GROUP_PROTOCOL'],
  ] as const)('%s', (_, options, error) => {
    const asked = world()
    expect(errorOf(asked.join(options))).toBe(error)
    expect(
      asked.call('ListGroups', { statesFilter: [], typesFilter: [] }).response!.groups,
    ).toEqual([])
  })

  test('with an id that the group does not know, even if it reads like a property', () => {
    const asked = world()
    asked.stable(1)
    for (const memberId of ['ghost', '__proto__', 'constructor', 'toString']) {
      expect(errorOf(asked.join({ memberId }))).toBe('UNKNOWN_MEMBER_ID')
      expect(errorOf(asked.join({ memberId, groupInstanceId: memberId }))).toBe('UNKNOWN_MEMBER_ID')
      expect(asked.heartbeat(memberId, 1, memberId)).toBe('UNKNOWN_MEMBER_ID')
    }
  })

  test('when its protocols have nothing in common with the group', () => {
    const asked = world()
    asked.stable(1)
    expect(errorOf(asked.join({ protocols: [['sticky', 'events']] }))).toBe(
      'INCONSISTENT_GROUP_PROTOCOL',
    )
    expect(errorOf(asked.join({ protocolType: 'connect' }))).toBe('INCONSISTENT_GROUP_PROTOCOL')
    expect(asked.state).toBe('stable')
  })

  test('when the group is full; members it has may come again', () => {
    const full = new GroupWorld({ groupMaxSize: 2, groupInitialRebalanceDelayMs: 10 })
    const [leader, follower] = full.stable(2) as [string, string]
    expect(errorOf(full.join())).toBe('GROUP_MAX_SIZE_REACHED')
    expect(full.state).toBe('stable')
    const again = full.join({ memberId: leader })
    full.join({ memberId: follower })
    expect(again.response).toMatchObject({ errorCode: 0, generationId: 2 })
  })

  test('when too many rejoin a group that was bigger: the last ones have to go', () => {
    const world = new GroupWorld({ groupInitialRebalanceDelayMs: 10 })
    const [a, b, c] = world.stable(3) as [string, string, string]
    world.config = { groupMaxSize: 2 }
    world.restart()
    expect(world.heartbeat(c, 1)).toBe('REBALANCE_IN_PROGRESS')
    expect(errorOf(world.join({ memberId: b }))).toBe('PENDING')
    const rejoined = world.join({ memberId: a })
    expect(errorOf(world.join({ memberId: c }))).toBe('GROUP_MAX_SIZE_REACHED')
    expect(rejoined.response).toMatchObject({ generationId: 2, leader: a })
    expect(rejoined.response!.members).toHaveLength(2)
    expect(world.heartbeat(c, 1)).toBe('UNKNOWN_MEMBER_ID')
  })
})

describe('SyncGroup', () => {
  test('is answered to everybody at once, and with nothing to whom the leader left out', () => {
    const world = new GroupWorld({ groupInitialRebalanceDelayMs: 10 })
    const [a, b, c] = [world.enter(), world.enter(), world.enter()]
    world.time.runFor(100)
    const follower = world.sync(b.memberId, 1)
    expect(follower.answers).toBe(0)
    const leader = world.sync(a.memberId, 1, { [b.memberId]: 'all', stranger: 'x' })
    expect(leader.response!.assignment.toString()).toBe('')
    expect(follower.response!.assignment.toString()).toBe('all')
    const late = world.sync(c.memberId, 1)
    expect(late.response).toMatchObject({ errorCode: 0, assignment: Buffer.alloc(0) })
  })

  test('waits until the assignments are durable', () => {
    const world = new GroupWorld()
    world.writeDelayMs = 500
    const a = world.enter()
    world.time.runFor(1)
    const led = world.sync(a.memberId, 1, { [a.memberId]: 'x' })
    world.time.runFor(498)
    expect(led.answers).toBe(0)
    expect(world.state).toBe('completingRebalance')
    expect(world.heartbeat(a.memberId, 1)).toBe('NONE')
    world.time.runFor(3)
    expect(led.response).toMatchObject({ errorCode: 0 })
    expect(world.state).toBe('stable')
  })

  test('a store that fails sends everybody back to join', () => {
    const world = new GroupWorld({ groupInitialRebalanceDelayMs: 10 })
    const [a, b] = [world.enter(), world.enter()]
    world.time.runFor(100)
    world.failWrites = true
    const calls = world.syncAll([a.memberId, b.memberId])
    expect(calls.map(errorOf)).toEqual(['NOT_COORDINATOR', 'NOT_COORDINATOR'])
    expect(world.state).toBe('preparingRebalance')
    expect(world.logged.filter(({ level }) => level === 'error')).toHaveLength(1)

    world.failWrites = false
    const again = [a, b].map(({ memberId }) => world.join({ memberId }))
    expect(again[0]!.response).toMatchObject({ errorCode: 0, generationId: 2 })
    expect(world.syncAll([a.memberId, b.memberId]).map(errorOf)).toEqual(['NONE', 'NONE'])
    expect(world.rebalances.at(-1)).toMatchObject({
      generation: 2,
      cause: [
        { what: 'member joined' },
        { what: 'member joined' },
        { what: 'assignment not stored', memberId: a.memberId },
      ],
    })
  })

  test('is refused for a stranger, an old generation, another protocol, another phase', () => {
    const world = new GroupWorld()
    expect(errorOf(world.sync('a', 1))).toBe('UNKNOWN_MEMBER_ID')
    expect(errorOf(world.sync('a', 1, {}, { groupId: '' }))).toBe('INVALID_GROUP_ID')
    const [a] = world.stable(1) as [string]
    expect(errorOf(world.sync('stranger', 1))).toBe('UNKNOWN_MEMBER_ID')
    expect(errorOf(world.sync(a, 0))).toBe('ILLEGAL_GENERATION')
    const odd = world.call('SyncGroup', {
      groupId: 'g',
      generationId: 1,
      memberId: a,
      protocolType: 'consumer',
      protocolName: 'sticky',
      assignments: [],
    })
    expect(errorOf(odd)).toBe('INCONSISTENT_GROUP_PROTOCOL')
    world.enter()
    expect(world.state).toBe('preparingRebalance')
    expect(errorOf(world.sync(a, 1))).toBe('REBALANCE_IN_PROGRESS')
  })
})

describe('joining again', () => {
  test('by the leader, rebalances; by a follower that asks for the same, does not', () => {
    const world = new GroupWorld({ groupInitialRebalanceDelayMs: 10 })
    const [leader, follower] = world.stable(2) as [string, string]
    const same = world.join({ memberId: follower })
    expect(same.response).toMatchObject({ generationId: 1, leader, members: [] })
    expect(world.state).toBe('stable')
    world.join({ memberId: leader, reason: 'topic events grew' })
    expect(world.state).toBe('preparingRebalance')
    world.join({ memberId: follower })
    world.syncAll([leader, follower])
    expect(world.groups.describe('g')!.lastRebalance).toEqual({
      generation: 2,
      cause: [
        {
          what: 'leader rejoined',
          memberId: leader,
          clientId: 'client',
          reason: 'topic events grew',
        },
      ],
      omittedCauses: 0,
    })
  })

  test('with another subscription rebalances, and says so', () => {
    const world = new GroupWorld({ groupInitialRebalanceDelayMs: 10 })
    const [leader, follower] = world.stable(2) as [string, string]
    world.join({ memberId: follower, protocols: [['range', 'events,orders']] })
    expect(world.heartbeat(leader, 1)).toBe('REBALANCE_IN_PROGRESS')
    world.join({ memberId: leader })
    world.syncAll([leader, follower])
    expect(world.rebalances.at(-1)!.cause).toMatchObject([
      { what: 'subscription changed', memberId: follower },
    ])
  })

  test('before SyncGroup tells the same generation again: its answer may have been lost', () => {
    const world = new GroupWorld({ groupInitialRebalanceDelayMs: 10 })
    const [a, b] = [world.enter(), world.enter()]
    world.time.runFor(100)
    expect(world.join({ memberId: a.memberId }).response!.members).toHaveLength(2)
    expect(world.join({ memberId: b.memberId }).response).toMatchObject({
      generationId: 1,
      members: [],
    })
    expect(world.state).toBe('completingRebalance')
  })

  test('with a JoinGroup still parked: the older one is answered too', () => {
    const world = new GroupWorld({ groupInitialRebalanceDelayMs: 10 })
    const [leader, follower] = world.stable(2) as [string, string]
    const older = world.join({ memberId: leader })
    const newer = world.join({ memberId: leader })
    expect(errorOf(older)).toBe('REBALANCE_IN_PROGRESS')
    expect(newer.answers).toBe(0)
    world.join({ memberId: follower })
    expect([older.answers, newer.answers]).toEqual([1, 1])
    expect(newer.response!.generationId).toBe(2)
  })
})
