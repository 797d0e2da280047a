import type { GroupContext, GroupMember, ParkedJoin } from './context.js'
import { type Draft, joinError, syncError } from './draft.js'
import type { GroupError, JoinEvent } from './events.js'
import { get, put, remove } from './keyed.js'
import { countIn, countOut } from './protocol-vote.js'

export const parkedJoinOf = (draft: Draft, join: JoinEvent): ParkedJoin => ({
  requestId: join.requestId,
  canSkipAssignment: join.canSkipAssignment,
  leaderBefore: draft.context.leaderId,
})

/** The static member whose place a JoinGroup without member id takes (KIP-345). */
export const replacedMember = (
  context: GroupContext,
  { memberId, groupInstanceId }: JoinEvent,
): GroupMember | undefined => {
  if (memberId !== '' || groupInstanceId === null) return undefined
  const current = get(context.statics, groupInstanceId)
  return current === undefined ? undefined : get(context.members, current)
}

/** Adds a member with its JoinGroup parked. */
export const addMember = (draft: Draft, join: JoinEvent, memberId: string): GroupMember => {
  const { context } = draft
  const { groupInstanceId, clientId, clientHost, protocols } = join
  const member: GroupMember = {
    memberId,
    groupInstanceId,
    clientId,
    clientHost,
    sessionTimeoutMs: join.sessionTimeoutMs,
    rebalanceTimeoutMs: join.rebalanceTimeoutMs,
    protocols,
    assignment: '',
    order: context.nextOrder,
    isNew: true,
    parkedJoin: parkedJoinOf(draft, join),
    parkedSync: null,
  }
  draft.set({
    members: put(context.members, memberId, member),
    statics:
      groupInstanceId === null ? context.statics : put(context.statics, groupInstanceId, memberId),
    pending: remove(context.pending, memberId),
    protocolType: context.members.size === 0 ? join.protocolType : context.protocolType,
    protocolCounts: countIn(context.protocolCounts, protocols),
    awaitingJoin: context.awaitingJoin + 1,
    nextOrder: context.nextOrder + 1,
  })
  return member
}

/** Takes a known member's new metadata and parks its JoinGroup instead of an earlier one. */
export const rejoinMember = (draft: Draft, member: GroupMember, join: JoinEvent): void => {
  answerParkedJoin(draft, member.memberId, 'REBALANCE_IN_PROGRESS')
  const { context } = draft
  const counted = countOut(context.protocolCounts, member.protocols)
  draft.set({
    protocolCounts: countIn(counted, join.protocols),
    awaitingJoin: context.awaitingJoin + 1,
  })
  draft.setMember({
    ...get(context.members, member.memberId)!,
    protocols: join.protocols,
    sessionTimeoutMs: join.sessionTimeoutMs,
    rebalanceTimeoutMs: join.rebalanceTimeoutMs,
    clientId: join.clientId,
    clientHost: join.clientHost,
    parkedJoin: parkedJoinOf(draft, join),
  })
}

/**
 * Takes a member out. What it has parked is answered UNKNOWN_MEMBER_ID: if the client is still
 * there it joins anew. The group leader's place stays empty until the next generation.
 */
export const removeMember = (draft: Draft, member: GroupMember): void => {
  const { memberId, groupInstanceId } = member
  answerParkedJoin(draft, memberId, 'UNKNOWN_MEMBER_ID', '')
  answerParkedSync(draft, memberId, 'UNKNOWN_MEMBER_ID')
  draft.endSession(memberId)
  const { context } = draft
  draft.set({
    members: remove(context.members, memberId),
    statics: groupInstanceId === null ? context.statics : remove(context.statics, groupInstanceId),
    unsynced: remove(context.unsynced, memberId),
    protocolCounts: countOut(context.protocolCounts, member.protocols),
    leaderId: context.leaderId === memberId ? null : context.leaderId,
  })
}

export const removePending = (draft: Draft, memberId: string): void => {
  draft.endSession(memberId)
  draft.set({ pending: remove(draft.context.pending, memberId) })
}

export const answerParkedJoin = (
  draft: Draft,
  memberId: string,
  error: GroupError,
  replyMemberId = memberId,
): void => {
  const member = get(draft.context.members, memberId)
  if (member?.parkedJoin == null) return
  draft.reply(member.parkedJoin.requestId, joinError(error, replyMemberId))
  unparkJoin(draft, member)
}

export const unparkJoin = (draft: Draft, member: GroupMember): void => {
  draft.set({ awaitingJoin: draft.context.awaitingJoin - 1 })
  draft.setMember({ ...member, parkedJoin: null })
}

export const answerParkedSync = (draft: Draft, memberId: string, error: GroupError): void => {
  const member = get(draft.context.members, memberId)
  if (member?.parkedSync == null) return
  draft.reply(member.parkedSync, syncError(error))
  draft.setMember({ ...member, parkedSync: null })
}
