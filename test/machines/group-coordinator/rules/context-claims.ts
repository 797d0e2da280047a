import {
  type GroupContext,
  type GroupMember,
  membersInOrder,
} from '../../../../src/machines/group-coordinator/context.js'
import { get, keysOf } from '../../../../src/machines/group-coordinator/keyed.js'
import {
  initialContext,
  storedGroup,
} from '../../../../src/machines/group-coordinator/stored-group.js'
import { holds, same } from '../../rule.js'
import { settings } from '../coordinator-chart.js'
import type { World } from '../world.js'

const claimParked = ({ asked, answered }: World, members: readonly GroupMember[]): void => {
  const parked = members.flatMap(({ parkedJoin, parkedSync }) => [
    ...(parkedJoin === null ? [] : [parkedJoin.requestId]),
    ...(parkedSync === null ? [] : [parkedSync]),
  ])
  const open = [...asked].filter((id) => !answered.has(id))
  same(parked.sort(), open.sort(), 'a request waits exactly as long as it is parked:')
}

/** A session's timer runs for whom nothing is parked, and for nobody else. */
const claimTimers = (world: World, context: GroupContext): void => {
  const { group, timers } = world
  const members = membersInOrder(context)
  for (const { memberId, isNew, parkedJoin, parkedSync } of members) {
    const hasTimer = timers.has(`session:${memberId}`)
    const isParked = (parkedJoin !== null && !isNew) || parkedSync !== null
    same(hasTimer, group.path !== 'dead' && !isParked, `the session timer of ${memberId}:`)
  }
  const known = new Set([...members.map(({ memberId }) => memberId), ...keysOf(context.pending)])
  same(known.size, members.length + context.pending.size, 'no pending id is a member:')
  const strays = [...timers].filter(
    (id) => id.startsWith('session:') && !known.has(id.slice('session:'.length)),
  )
  same(strays, [], 'timers of nobody:')
  same(timers.has('sync'), context.unsynced.size > 0, 'the timer for SyncGroup:')
  for (const id of keysOf(context.unsynced)) holds(known.has(id), `${id} shall sync, is no member`)
}

/** Everything kept twice for speed is what the members say. */
const claimCounts = (context: GroupContext, members: readonly GroupMember[]): void => {
  same(context.awaitingJoin, members.filter(({ parkedJoin }) => parkedJoin).length, 'awaitingJoin')
  const rebuilt = initialContext({ groupId: 'g', settings, stored: storedGroup(context) })
  same(rebuilt.statics, context.statics, 'statics')
  same(rebuilt.protocolCounts, context.protocolCounts, 'protocolCounts')
  same(storedGroup(rebuilt), storedGroup(context), 'what is stored')
}

/** What holds of a group at all times. */
export const claimContext = (world: World): void => {
  const { path, snapshot } = world.group
  const context: GroupContext = snapshot.context
  const members = membersInOrder(context)
  claimParked(world, members)
  claimTimers(world, context)
  claimCounts(context, members)
  const { leaderId, protocolName } = context
  if (leaderId !== null) {
    holds(get(context.members, leaderId) !== undefined, `the leader ${leaderId} is no member`)
  }
  const state = path.split('.')[0]!
  if (state === 'completingRebalance' || state === 'stable') {
    holds(leaderId !== null, `there is no leader in ${state}`)
    const isCommon = members.every(({ protocols }) =>
      protocols.some(({ name }) => name === protocolName),
    )
    holds(isCommon, `not all support the protocol ${protocolName}`)
  }
  if (state === 'empty') same(members, [], 'an empty group has no members:')
  same(JSON.parse(JSON.stringify(context)), context, 'the context is plain JSON:')
}
