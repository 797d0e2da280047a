import { describe, expect, test, vi } from 'vitest'
import { errorOf, GroupWorld } from './group-world.js'

const delayed = () => new GroupWorld({ groupInitialRebalanceDelayMs: 10 })

describe('a broker that restarts', () => {
  test.each(['restart', 'crash'] as const)('goes on without a rebalance (%s)', (how) => {
    const world = delayed()
    const [a, b] = world.stable(2) as [string, string]
    world.commit(a, 1, 5)
    const before = world.groups.describe('g')
    world[how]()
    expect(world.groups.describe('g')).toEqual(before)
    expect([world.heartbeat(a, 1), world.heartbeat(b, 1)]).toEqual(['NONE', 'NONE'])
    expect(world.commit(b, 1, 6)).toBe('NONE')
    const synced = world.sync(b, 1)
    expect(synced.response!.assignment.toString()).toBe(`${b}@1`)
    expect(world.rebalances).toHaveLength(1)
  })

  test('a group that is loaded again goes on, and its former chart is told nothing more', () => {
    const told = vi.spyOn(console, 'warn')
    const world = delayed()
    const [a, b] = world.stable(2) as [string, string]
    const before = world.groups.describe('g')
    world.time.runtime.run(world.groups.reload('g', 500))
    world.time.runFor(500)
    expect(world.groups.describe('g')).toEqual(before)
    expect([world.heartbeat(a, 1), world.heartbeat(b, 1)]).toEqual(['NONE', 'NONE'])
    expect(told).not.toHaveBeenCalled()
    told.mockRestore()
  })

  test('gives everybody a whole session again, then ends who is not heard of', () => {
    const world = delayed()
    const [a, b] = world.stable(2) as [string, string]
    world.time.runFor(9_000)
    world.restart()
    world.time.runFor(9_900)
    expect([world.heartbeat(a, 1), world.state]).toEqual(['NONE', 'stable'])
    world.time.runFor(101)
    expect(world.heartbeat(b, 1)).toBe('UNKNOWN_MEMBER_ID')
  })

  test('in the middle of a rebalance, comes back in the last generation that was complete', () => {
    const world = delayed()
    const [a, b] = world.stable(2) as [string, string]
    world.join({ memberId: a })
    world.join({ memberId: b })
    expect(world.groups.describe('g')!.generation).toBe(2)
    const lost = world.sync(b, 2)
    world.crash()
    expect(lost.answers).toBe(0)
    expect(world.groups.describe('g')).toMatchObject({ state: 'stable', generation: 1 })
    expect(world.heartbeat(a, 2)).toBe('ILLEGAL_GENERATION')
    expect(errorOf(world.sync(b, 2))).toBe('ILLEGAL_GENERATION')
    for (const id of [b, a]) world.join({ memberId: id, protocols: [['range', 'events,x']] })
    expect(world.syncAll([a, b]).map(errorOf)).toEqual(['NONE', 'NONE'])
  })

  test('before the first generation was stored, knows nothing of the group', () => {
    const world = delayed()
    const a = world.enter()
    world.time.runFor(100)
    expect(a.join.response!.generationId).toBe(1)
    world.crash()
    expect(errorOf(world.join({ memberId: a.memberId }))).toBe('UNKNOWN_MEMBER_ID')
    expect(world.groups.describe('g')).toBeUndefined()
  })

  test('closing answers whoever waits, and takes no more', () => {
    const world = delayed()
    const [a, b] = world.stable(2) as [string, string]
    const parked = world.join({ memberId: a })
    const { groups } = world
    world.run(groups.close)
    expect(errorOf(parked)).toBe('NOT_COORDINATOR')
    expect(world.heartbeat(b, 1)).toBe('COORDINATOR_NOT_AVAILABLE')
    expect(errorOf(world.join())).toBe('COORDINATOR_NOT_AVAILABLE')
    expect(world.commit(b, 1, 5)).toBe('COORDINATOR_NOT_AVAILABLE')
    world.run(groups.close)
    world.time.runFor(3_600_000)
    expect(world.store.get('groups', 'g')).toMatchObject({ generation: 1 })
  })

  test('closing waits for what is being written', () => {
    const world = delayed()
    world.writeDelayMs = 500
    world.commit('', -1, 5)
    world.run(world.groups.close)
    world.writeDelayMs = 0
    world.crash()
    expect(world.committed()).toBe(5)
  })

  test('keeps the reason of the last rebalance', () => {
    const world = delayed()
    const [a, b] = world.stable(2) as [string, string]
    world.leave(b)
    world.join({ memberId: a })
    world.syncAll([a])
    world.crash()
    expect(world.groups.describe('g')!.lastRebalance).toMatchObject({
      generation: 2,
      cause: [{ what: 'member left', memberId: b }],
    })
  })
})
