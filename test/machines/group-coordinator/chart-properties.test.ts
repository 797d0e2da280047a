import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type GroupContext,
  type GroupMember,
  isStatic,
  membersInOrder,
} from '../../../src/machines/group-coordinator/context.js'
import type { GroupEvent, JoinEvent } from '../../../src/machines/group-coordinator/events.js'
import { get, keysOf } from '../../../src/machines/group-coordinator/keyed.js'
import { legalTransitions } from '../../../src/machines/group-coordinator/legal-transitions.js'
import {
  initialContext,
  storedGroup,
} from '../../../src/machines/group-coordinator/stored-group.js'
import {
  begin,
  bytes,
  commit,
  heartbeat,
  internal,
  join,
  leave,
  replies,
  type Stepped,
  settings,
  step,
  sync,
} from './chart-steps.js'

/** A group with the timers that run for it and the requests that wait. */
interface World {
  group: Stepped
  readonly timers: Set<string>
  readonly asked: Set<string>
  readonly answered: Set<string>
  readonly visited: Set<string>
  nextId: number
}

type Choice = (most: number) => number
type Sample = GroupEvent | { readonly type: string }

const metadata = ['m', 'other'].map(bytes)
const bothProtocols = ['range', 'sticky'].map((name) => ({ name, metadata: metadata[0]! }))

const anyJoin = (world: World, members: readonly GroupMember[], choose: Choice): JoinEvent => {
  const pending = keysOf(world.group.snapshot.context.pending)
  const member = members[choose(members.length + 1)]
  const names = [['range'], ['range', 'sticky'], ['sticky', 'range'], ['sticky']][choose(4)]!
  const instance = choose(2) === 0 ? `i-${choose(3)}` : null
  const usesPending = pending.length > 0 && choose(3) === 0
  return join({
    memberId: usesPending ? pending[choose(pending.length)]! : (member?.memberId ?? ''),
    newMemberId: `m${world.nextId++}`,
    groupInstanceId:
      member !== undefined && choose(8) > 0
        ? member.groupInstanceId
        : usesPending
          ? null
          : instance,
    requireKnownMemberId: choose(2) === 0,
    canSkipAssignment: choose(2) === 0,
    sessionTimeoutMs: 1_000 * (1 + choose(3)),
    rebalanceTimeoutMs: 10_000 * (1 + choose(3)),
    protocols: names.map((name) => ({ name, metadata: metadata[choose(10) === 0 ? 1 : 0]! })),
  })
}

/** What can come next: requests, right and wrong, and only the timers that do run. */
const anyEvent = (world: World, choose: Choice): Sample => {
  const { snapshot, path } = world.group
  const { generation, leaderId } = snapshot.context
  const members = membersInOrder(snapshot.context)
  const member = members[choose(members.length + 1)]
  const id = member?.memberId ?? 'stranger'
  const instance = member?.groupInstanceId ?? null
  const claimed = choose(5) === 0 ? generation - 1 : generation
  if (path === 'completingRebalance.storing' || path === 'stable.storing') {
    const outcome = choose(6)
    if (outcome < 2) return internal.persisted()
    if (outcome === 2) return internal.persisted({ tag: 'notStored', message: 'disk full' })
  }
  switch (choose(12)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return anyJoin(world, members, choose)
    case 4:
    case 5:
      return sync(id, claimed, { groupInstanceId: instance })
    case 6: {
      const instanceOfLeader = get(snapshot.context.members, leaderId ?? '')?.groupInstanceId
      return sync(leaderId ?? '', claimed, { groupInstanceId: instanceOfLeader ?? null })
    }
    case 7:
      return heartbeat(id, claimed, instance)
    case 8:
      return commit(id, claimed, instance)
    case 9:
      return choose(2) === 0 ? leave(id, instance) : leave('', instance)
    case 10: {
      const running = [...world.timers].sort()
      const timer = running[choose(running.length + 1)]
      if (timer === undefined) {
        if (choose(4) > 0) return heartbeat(id, claimed, instance)
        return { type: 'group.delete', requestId: `d${world.nextId++}` }
      }
      if (timer === 'sync') return { type: 'sync.expired' }
      if (timer.startsWith('xstate.after')) return { type: timer }
      return { type: 'session.expired', memberId: timer.slice('session:'.length) }
    }
    default: {
      if (path.startsWith('preparing')) {
        return { type: [...world.timers].find((id) => id.startsWith('xstate.after'))! }
      }
      const back = members.find(({ groupInstanceId }) => groupInstanceId !== null)
      if (back === undefined) return heartbeat(id, claimed, instance)
      const { groupInstanceId, protocols } = back
      return join({ newMemberId: `m${world.nextId++}`, groupInstanceId, protocols })
    }
  }
}

const take = (world: World, event: Sample): void => {
  const before = world.group
  if (event.type === 'session.expired') {
    world.timers.delete(`session:${(event as { memberId: string }).memberId}`)
  }
  if (event.type === 'sync.expired') world.timers.delete('sync')
  if (event.type.startsWith('xstate.after')) world.timers.delete(event.type)
  if ('requestId' in event) world.asked.add(event.requestId)
  world.group = step(before, event)
  world.visited.add(world.group.path)
  for (const action of world.group.timing) {
    if (action.do === 'start') world.timers.add(action.id)
    else world.timers.delete(action.id)
  }
  for (const { requestId } of replies(world.group)) {
    expect(world.answered.has(requestId), `${requestId} answered twice`).toBe(false)
    expect(world.asked.has(requestId)).toBe(true)
    world.answered.add(requestId)
  }
  checkStep(before, event, world.group)
  checkContext(world)
}

const isStoredNow = (before: Stepped, event: Sample): boolean =>
  before.path.startsWith('stable') ||
  (event.type === 'xstate.done.actor.persistGroup' &&
    JSON.stringify(event).includes('"tag":"stored"'))

const checkStep = (before: Stepped, event: Sample, after: Stepped): void => {
  const rise = after.snapshot.context.generation - before.snapshot.context.generation
  expect(rise === 0 || rise === 1).toBe(true)
  const { awaitingJoin, settings } = after.snapshot.context
  if (after.path.startsWith('preparing') && awaitingJoin > before.snapshot.context.awaitingJoin) {
    expect(awaitingJoin).toBeLessThanOrEqual(settings.maxSize)
  }
  for (const reply of replies(after)) {
    if (reply.error !== null) continue
    if (reply.to === 'member.sync') expect(isStoredNow(before, event)).toBe(true)
    if (reply.to === 'offsets.commit') {
      expect(before.path.startsWith('completing')).toBe(false)
      const { generation, memberId } = event as { generation: number; memberId: string }
      if (generation < 0 && before.path === 'empty') continue
      expect(generation).toBe(before.snapshot.context.generation)
      expect(get(before.snapshot.context.members, memberId)).toBeDefined()
    }
    if (reply.to === 'member.join') {
      expect(reply.generation).toBe(after.snapshot.context.generation)
      expect(['completingRebalance', 'stable']).toContain(after.path.split('.')[0])
    }
  }
  if (rise === 1 && after.path !== 'empty') {
    const told = replies(after).flatMap((reply) =>
      reply.to === 'member.join' && reply.error === null ? [reply.memberId] : [],
    )
    expect(told).toContain(after.snapshot.context.leaderId)
  }
  const ignorable = ['xstate.', 'session.', 'sync.']
  if (after.emitted.some(({ type }) => type === 'ignored')) {
    expect(ignorable.some((prefix) => event.type.startsWith(prefix))).toBe(true)
  }
}

const checkContext = ({ group, timers, asked, answered }: World): void => {
  const { path, snapshot } = group
  const context: GroupContext = snapshot.context
  const members = membersInOrder(context)
  const parked = members.flatMap(({ parkedJoin, parkedSync }) => [
    ...(parkedJoin === null ? [] : [parkedJoin.requestId]),
    ...(parkedSync === null ? [] : [parkedSync]),
  ])
  expect(parked.sort()).toEqual([...asked].filter((id) => !answered.has(id)).sort())
  expect(context.awaitingJoin).toBe(members.filter(({ parkedJoin }) => parkedJoin).length)

  const state = path.split('.')[0]!
  for (const { memberId, isNew, parkedJoin, parkedSync } of members) {
    const hasTimer = timers.has(`session:${memberId}`)
    const isParked = (parkedJoin !== null && !isNew) || parkedSync !== null
    if (state !== 'dead') expect([memberId, hasTimer]).toEqual([memberId, !isParked])
  }
  const known = new Set([...members.map(({ memberId }) => memberId), ...keysOf(context.pending)])
  expect(known.size).toBe(members.length + context.pending.size)
  const strays = [...timers].filter(
    (id) => id.startsWith('session:') && !known.has(id.slice('session:'.length)),
  )
  expect(strays).toEqual([])
  expect(timers.has('sync')).toBe(context.unsynced.size > 0)
  for (const id of keysOf(context.unsynced)) expect(known.has(id)).toBe(true)

  // Everything kept twice for speed is what the members say.
  const rebuilt = initialContext({ groupId: 'g', settings, stored: storedGroup(context) })
  expect(rebuilt.statics).toEqual(context.statics)
  expect(rebuilt.protocolCounts).toEqual(context.protocolCounts)
  expect(storedGroup(rebuilt)).toEqual(storedGroup(context))

  if (context.leaderId !== null) expect(get(context.members, context.leaderId)).toBeDefined()
  if (state === 'completingRebalance' || state === 'stable') {
    expect(context.leaderId).not.toBeNull()
    expect(
      members.every(({ protocols }) => protocols.some(({ name }) => name === context.protocolName)),
    ).toBe(true)
  }
  if (state === 'empty') expect(members).toEqual([])
  expect(JSON.parse(JSON.stringify(context))).toEqual(context)
}

const scripts: fc.Arbitrary<Script> = fc.record({
  maxSize: fc.constantFrom(3, 1_000),
  startsStable: fc.boolean(),
  draws: fc.array(fc.array(fc.nat(1_000), { minLength: 8, maxLength: 8 }), {
    minLength: 20,
    maxLength: 80,
  }),
})

/** Two static members and a dynamic one, stable. */
const settle = (world: World): void => {
  for (const groupInstanceId of ['i-0', 'i-1', null]) {
    const newMemberId = `m${world.nextId++}`
    take(world, join({ newMemberId, groupInstanceId, protocols: bothProtocols }))
  }
  take(world, internal.delayElapsed)
  take(world, internal.delayElapsed)
  for (const { memberId, groupInstanceId } of membersInOrder(world.group.snapshot.context)) {
    take(world, sync(memberId, 1, { groupInstanceId }))
  }
  take(world, internal.persisted())
}

interface Script {
  readonly maxSize: number
  readonly startsStable: boolean
  readonly draws: readonly (readonly number[])[]
}

const play = ({ maxSize, startsStable, draws: script }: Script): World => {
  const world: World = {
    group: begin({ settings: { ...settings, maxSize } }),
    timers: new Set(),
    asked: new Set(),
    answered: new Set(),
    visited: new Set(),
    nextId: 0,
  }
  if (startsStable) settle(world)
  for (const draws of script) {
    if (world.group.path === 'dead') break
    let index = 0
    const choose: Choice = (most) => (draws[index++ % draws.length]! + index * 7) % most
    take(world, anyEvent(world, choose))
  }
  return world
}

test('whatever comes, in whatever order, the coordinator keeps its promises', () => {
  const visits = new Map<string, number>()
  fc.assert(
    fc.property(scripts, (script) => {
      const world = play(script)
      for (const path of world.visited) visits.set(path, (visits.get(path) ?? 0) + 1)
      take(world, { type: 'group.unload' })
      expect(world.answered).toEqual(world.asked)
      expect(world.timers).toEqual(new Set())
    }),
    { numRuns: 150 },
  )
  // Else the scripts explore too little to mean anything.
  const unvisited = Object.keys(legalTransitions).filter((path) => !visits.has(path))
  expect(unvisited.filter((path) => path !== 'dead')).toEqual([])
})

test('a stable group that is stored and restored is the same coordinator', () => {
  fc.assert(
    fc.property(scripts, (script) => {
      const world = play(script)
      const { context } = world.group.snapshot
      if (world.group.path !== 'stable.serving') return
      const restored = begin({ settings: context.settings, stored: storedGroup(context) })
      // Static members that were absent in a rebalance may be too many: Kafka's `onGroupLoaded`.
      const isTooBig = context.members.size > context.settings.maxSize
      const dynamic = membersInOrder(context).filter((member) => !isStatic(member))
      expect(dynamic.length).toBeLessThanOrEqual(context.settings.maxSize)
      expect(restored.path).toBe(isTooBig ? 'preparingRebalance.awaitingMembers' : 'stable.serving')
      // What is not stored: who did not sync yet, ids given out, the causes of what may come.
      const { unsynced, pending, causes, initialDelay, ...kept } = context
      expect(restored.snapshot.context).toMatchObject(kept)
      const sessions = restored.started.filter(({ id }) => id !== internal.rebalanceTimedOut.type)
      expect(restored.started.length - sessions.length).toBe(isTooBig ? 1 : 0)
      expect(sessions.map(({ id }) => id).sort()).toEqual(
        keysOf(context.members)
          .map((id) => `session:${id}`)
          .sort(),
      )
    }),
    { numRuns: 80 },
  )
})
