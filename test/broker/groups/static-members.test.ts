import { describe, expect, test } from 'vitest'
import { errorOf, GroupWorld, type JoinOptions } from './group-world.js'

/** A stable group of static members, named by their instance ids; the first leads. */
const staticGroup = (
  instances: readonly string[],
  options: JoinOptions = {},
): { readonly world: GroupWorld; readonly ids: string[] } => {
  const world = new GroupWorld({ groupInitialRebalanceDelayMs: 10 })
  const calls = instances.map((groupInstanceId) => world.join({ ...options, groupInstanceId }))
  world.time.runFor(100)
  const ids = calls.map(({ response }) => response!.memberId)
  const { generation } = world.groups.describe('g')!
  const assignments = Object.fromEntries(
    ids.map((id, index) => [id, `part of ${instances[index]}`]),
  )
  for (const [index, id] of ids.entries()) {
    world.sync(id, generation, index === 0 ? assignments : {}, {
      groupInstanceId: instances[index]!,
    })
  }
  return { world, ids }
}

describe('a static member that comes back to a stable group (KIP-345)', () => {
  test('is given a new id, its old part, and no rebalance', () => {
    const { world, ids } = staticGroup(['i-0', 'i-1'])
    expect(ids[1]).toMatch(/^i-1-/)
    const back = world.join({ groupInstanceId: 'i-1' })
    const memberId = back.response!.memberId
    expect(memberId).not.toBe(ids[1])
    expect(back.response).toMatchObject({
      errorCode: 0,
      generationId: 1,
      leader: ids[0],
      skipAssignment: false,
      members: [],
    })
    const synced = world.sync(memberId, 1, {}, { groupInstanceId: 'i-1' })
    expect(synced.response!.assignment.toString()).toBe('part of i-1')
    expect(world.heartbeat(ids[0]!, 1, 'i-0')).toBe('NONE')
    expect(world.rebalances).toHaveLength(1)
  })

  test('has its old id fenced, whatever comes under it', () => {
    const { world, ids } = staticGroup(['i-0', 'i-1'])
    const old = ids[1]!
    const memberId = world.join({ groupInstanceId: 'i-1' }).response!.memberId
    expect(world.heartbeat(old, 1, 'i-1')).toBe('FENCED_INSTANCE_ID')
    expect(world.commit(old, 1, 5, 'i-1')).toBe('FENCED_INSTANCE_ID')
    expect(world.leave(old, 'i-1')).toBe('FENCED_INSTANCE_ID')
    expect(errorOf(world.sync(old, 1, {}, { groupInstanceId: 'i-1' }))).toBe('FENCED_INSTANCE_ID')
    expect(errorOf(world.join({ memberId: old, groupInstanceId: 'i-1' }))).toBe(
      'FENCED_INSTANCE_ID',
    )
    expect(world.heartbeat(old, 1)).toBe('UNKNOWN_MEMBER_ID')
    expect(world.heartbeat(memberId, 1, 'i-1')).toBe('NONE')
    expect(world.committed()).toBe(-1)
  })

  test('as leader, it need not assign from v9 on (KIP-814)', () => {
    const { world } = staticGroup(['i-0', 'i-1'])
    const { response } = world.join({ groupInstanceId: 'i-0' })
    expect(response).toMatchObject({ generationId: 1, skipAssignment: true })
    expect(response!.leader).toBe(response!.memberId)
    expect(response!.members.map(({ groupInstanceId }) => groupInstanceId)).toEqual(['i-0', 'i-1'])
  })

  test('as leader before v9, it is not told that it leads, or it would assign in vain', () => {
    const { world, ids } = staticGroup(['i-0', 'i-1'])
    const { response } = world.join({ groupInstanceId: 'i-0', version: 8 })
    expect(response).toMatchObject({ generationId: 1, leader: ids[0], members: [] })
    expect(response!.memberId).not.toBe(ids[0])
  })

  test('hears of its new id when that is durable', () => {
    const { world, ids } = staticGroup(['i-0', 'i-1'])
    world.writeDelayMs = 500
    const back = world.join({ groupInstanceId: 'i-1' })
    world.time.runFor(400)
    expect(back.answers).toBe(0)
    expect(world.state).toBe('stable')
    expect(world.heartbeat(ids[0]!, 1, 'i-0')).toBe('NONE')
    world.time.runFor(101)
    expect(errorOf(back)).toBe('NONE')
    world.crash()
    expect(world.heartbeat(back.response!.memberId, 1, 'i-1')).toBe('NONE')
  })

  test('comes back twice in a row: the first is fenced, the second gets the place', () => {
    const { world } = staticGroup(['i-0', 'i-1'])
    world.writeDelayMs = 500
    const first = world.join({ groupInstanceId: 'i-1' })
    world.time.runFor(400)
    const second = world.join({ groupInstanceId: 'i-1' })
    expect(errorOf(first)).toBe('FENCED_INSTANCE_ID')
    world.time.runFor(501)
    expect(errorOf(second)).toBe('NONE')
    expect(world.groups.describe('g')!.members).toHaveLength(2)
  })

  test('whose id cannot be stored is told so, and may try again', () => {
    const { world } = staticGroup(['i-0', 'i-1'])
    world.failWrites = true
    const failed = world.join({ groupInstanceId: 'i-1' })
    expect(failed.response).toMatchObject({ memberId: '' })
    expect(errorOf(failed)).toBe('NOT_COORDINATOR')
    world.failWrites = false
    const back = world.join({ groupInstanceId: 'i-1' })
    expect(back.response).toMatchObject({ errorCode: 0, generationId: 1 })
    expect(world.state).toBe('stable')
  })

  test('while a rebalance overtakes the storing, joins that rebalance', () => {
    const { world, ids } = staticGroup(['i-0', 'i-1'])
    world.writeDelayMs = 500
    const back = world.join({ groupInstanceId: 'i-1' })
    world.join({ memberId: ids[0]!, groupInstanceId: 'i-0' })
    expect(back.response).toMatchObject({ errorCode: 0, generationId: 2 })
    expect(world.state).toBe('completingRebalance')
  })

  test('with another subscription, rebalances', () => {
    const { world, ids } = staticGroup(['i-0', 'i-1'])
    world.join({ groupInstanceId: 'i-1', protocols: [['range', 'events,orders']] })
    expect(world.heartbeat(ids[0]!, 1, 'i-0')).toBe('REBALANCE_IN_PROGRESS')
  })

  test('with protocols that change the vote, rebalances', () => {
    const { world, ids } = staticGroup(['i-0', 'i-1'], {
      protocols: [
        ['range', 'events'],
        ['sticky', 'events'],
      ],
    })
    world.join({ groupInstanceId: 'i-1', protocols: [['sticky', 'events']] })
    expect(world.heartbeat(ids[0]!, 1, 'i-0')).toBe('REBALANCE_IN_PROGRESS')
    world.join({
      memberId: ids[0]!,
      groupInstanceId: 'i-0',
      protocols: [
        ['range', 'events'],
        ['sticky', 'events'],
      ],
    })
    expect(world.groups.describe('g')).toMatchObject({ generation: 2, protocolName: 'sticky' })
  })

  test('into a full group, takes its own place', () => {
    const { world } = staticGroup(['i-0', 'i-1'])
    world.config = { groupMaxSize: 2 }
    world.restart()
    expect(errorOf(world.join({ groupInstanceId: 'i-1' }))).toBe('NONE')
    expect(errorOf(world.join({ groupInstanceId: 'i-2' }))).toBe('GROUP_MAX_SIZE_REACHED')
  })
})

describe('a static member', () => {
  test('that comes back before the assignment starts a new rebalance', () => {
    const world = new GroupWorld({ groupInitialRebalanceDelayMs: 10 })
    const [a, b] = ['i-0', 'i-1'].map((groupInstanceId) => world.join({ groupInstanceId }))
    world.time.runFor(100)
    const parked = world.sync(b!.response!.memberId, 1, {}, { groupInstanceId: 'i-1' })
    const back = world.join({ groupInstanceId: 'i-1' })
    expect(errorOf(parked)).toBe('FENCED_INSTANCE_ID')
    world.join({ memberId: a!.response!.memberId, groupInstanceId: 'i-0' })
    expect(back.response!.generationId).toBe(2)
    expect(world.groups.describe('g')!.members).toHaveLength(2)
  })

  test('that comes back while members rejoin is fenced in its parked JoinGroup', () => {
    const { world, ids } = staticGroup(['i-0', 'i-1'])
    const parked = world.join({ memberId: ids[0]!, groupInstanceId: 'i-0' })
    const back = world.join({ groupInstanceId: 'i-0' })
    expect(errorOf(parked)).toBe('FENCED_INSTANCE_ID')
    world.join({ memberId: ids[1]!, groupInstanceId: 'i-1' })
    expect(back.response).toMatchObject({ errorCode: 0, generationId: 2 })
    expect(back.response!.leader).toBe(back.response!.memberId)
  })

  test('that does not rejoin keeps its place until its session ends', () => {
    const { world, ids } = staticGroup(['i-0', 'i-1'], { rebalanceTimeoutMs: 3_000 })
    const rejoined = world.join({
      memberId: ids[0]!,
      groupInstanceId: 'i-0',
      rebalanceTimeoutMs: 3_000,
    })
    world.time.runFor(3_001)
    expect(rejoined.response!.members.map(({ groupInstanceId }) => groupInstanceId)).toEqual([
      'i-0',
      'i-1',
    ])
    world.sync(ids[0]!, 2, {}, { groupInstanceId: 'i-0' })
    expect(world.state).toBe('stable')
  })

  test('that leads and does not rejoin keeps its place, but another one leads', () => {
    const { world, ids } = staticGroup(['i-0', 'i-1'], { rebalanceTimeoutMs: 3_000 })
    const rejoined = world.join({
      memberId: ids[1]!,
      groupInstanceId: 'i-1',
      rebalanceTimeoutMs: 3_000,
      protocols: [['range', 'events,orders']],
    })
    world.time.runFor(3_001)
    expect(rejoined.response).toMatchObject({ generationId: 2, leader: ids[1] })
    expect(rejoined.response!.members).toHaveLength(2)
  })

  test('alone and absent, begins no generation; its session ends the group', () => {
    const { world, ids } = staticGroup(['i-0', 'i-1'], {
      rebalanceTimeoutMs: 1_000,
      sessionTimeoutMs: 20_000,
    })
    expect(world.leave(ids[1]!, 'i-1')).toBe('NONE')
    world.time.runFor(10_000)
    expect(world.groups.describe('g')).toMatchObject({ state: 'preparingRebalance', generation: 1 })
    world.time.runFor(10_000)
    expect(world.state).toBe('empty')
  })

  test('a member id that is taken together with an instance id that is not, is unknown', () => {
    const { world, ids } = staticGroup(['i-0', 'i-1'])
    expect(world.heartbeat(ids[0]!, 1, 'i-9')).toBe('UNKNOWN_MEMBER_ID')
    expect(world.heartbeat(ids[0]!, 1, 'i-1')).toBe('FENCED_INSTANCE_ID')
  })
})
