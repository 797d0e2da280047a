import { type GroupMember, membersInOrder } from '../../machines/group-coordinator/context.js'
import type { LastRebalance } from '../../machines/group-coordinator/rebalance-cause.js'
import type { GroupHost, GroupState } from './group-host.js'

export interface GroupMemberDescription
  extends Pick<
    GroupMember,
    | 'memberId'
    | 'groupInstanceId'
    | 'clientId'
    | 'clientHost'
    | 'sessionTimeoutMs'
    | 'rebalanceTimeoutMs'
  > {
  readonly isLeader: boolean
}

export interface GroupDescription {
  readonly groupId: string
  readonly state: GroupState
  readonly generation: number
  readonly protocolType: string | null
  readonly protocolName: string | null
  /** In the order they joined. */
  readonly members: readonly GroupMemberDescription[]
  /** Why the group last rebalanced; null before the first time. */
  readonly lastRebalance: LastRebalance | null
}

export const describeGroup = ({ groupId, state, context }: GroupHost): GroupDescription => ({
  groupId,
  state,
  generation: context.generation,
  protocolType: context.protocolType,
  protocolName: context.protocolName,
  members: membersInOrder(context).map((member) => ({
    memberId: member.memberId,
    groupInstanceId: member.groupInstanceId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    sessionTimeoutMs: member.sessionTimeoutMs,
    rebalanceTimeoutMs: member.rebalanceTimeoutMs,
    isLeader: member.memberId === context.leaderId,
  })),
  lastRebalance: context.lastRebalance,
})
