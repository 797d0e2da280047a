import {
  type GroupMember,
  membersInOrder,
} from '../../../src/machines/group-coordinator/context.js'
import type { JoinEvent } from '../../../src/machines/group-coordinator/events.js'
import { get, keysOf } from '../../../src/machines/group-coordinator/keyed.js'
import { holds } from '../rule.js'
import type { Sample } from './coordinator-chart.js'
import { bytes, commit, heartbeat, internal, join, leave, sync } from './group-requests.js'
import type { World } from './world.js'

/** A number below `most`, as the script draws it. */
export type Choice = (most: number) => number
const metadata = ['m', 'other'].map(bytes)
export const bothProtocols = ['range', 'sticky'].map((name) => ({ name, metadata: metadata[0]! }))

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
export const anyEvent = (world: World, choose: Choice): Sample => {
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
        const timer = [...world.timers].find((id) => id.startsWith('xstate.after'))
        holds(timer !== undefined, 'nothing bounds how long members may rejoin')
        return { type: timer! }
      }
      const back = members.find(({ groupInstanceId }) => groupInstanceId !== null)
      if (back === undefined) return heartbeat(id, claimed, instance)
      const { groupInstanceId, protocols } = back
      return join({ newMemberId: `m${world.nextId++}`, groupInstanceId, protocols })
    }
  }
}
