import {
  emptyContext,
  type GroupContext,
  type GroupMember,
  type GroupSettings,
  membersInOrder,
} from './context.js'
import { keyedBy } from './keyed.js'
import type { LastRebalance } from './rebalance-cause.js'

export type StoredMember = Omit<GroupMember, 'parkedJoin' | 'parkedSync' | 'isNew'>

/**
 * What is durable of a group: enough to rebuild the coordinator, so that a restart costs no
 * rebalance. Requests in flight, pending ids and timers are not part of it.
 */
export interface StoredGroup {
  readonly v: 1
  readonly groupId: string
  readonly generation: number
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly leaderId: string | null
  readonly members: readonly StoredMember[]
  readonly nextOrder: number
  readonly lastRebalance: LastRebalance | null
}

export interface GroupInput {
  readonly groupId: string
  readonly settings: GroupSettings
  /** The group's last durable state, after a restart. */
  readonly stored?: StoredGroup
}

export const initialContext = ({ groupId, settings, stored }: GroupInput): GroupContext => {
  const empty = emptyContext(groupId, settings)
  return stored === undefined ? empty : restoredContext(empty, stored)
}

const storedMember = ({ parkedJoin, parkedSync, isNew, ...member }: GroupMember): StoredMember =>
  member

export const storedGroup = (context: GroupContext): StoredGroup => ({
  v: 1,
  groupId: context.groupId,
  generation: context.generation,
  protocolType: context.protocolType,
  protocolName: context.protocolName,
  leaderId: context.leaderId,
  members: membersInOrder(context).map(storedMember),
  nextOrder: context.nextOrder,
  lastRebalance: context.lastRebalance,
})

const restoredContext = (empty: GroupContext, stored: StoredGroup): GroupContext => {
  const { v: _version, groupId: _groupId, members, ...rest } = stored
  return {
    ...empty,
    ...rest,
    members: keyedBy(
      members.map((member) => [
        member.memberId,
        { ...member, isNew: false, parkedJoin: null, parkedSync: null },
      ]),
    ),
    statics: keyedBy(
      members.flatMap(({ groupInstanceId, memberId }) =>
        groupInstanceId === null ? [] : [[groupInstanceId, memberId] as const],
      ),
    ),
    protocolCounts: keyedBy(countProtocols(members)),
  }
}

/** Each protocol once per member, even if a client names it twice. */
const countProtocols = (members: readonly StoredMember[]): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const { protocols } of members) {
    for (const name of new Set(protocols.map((protocol) => protocol.name))) {
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
  }
  return counts
}
