import { type GroupMember, membersInOrder } from './context.js'
import { type Draft, joinError } from './draft.js'
import type { GroupError, JoinEvent, JoinReply } from './events.js'
import { get, has, put, remove } from './keyed.js'
import {
  addMember,
  answerParkedJoin,
  answerParkedSync,
  parkedJoinOf,
  rejoinMember,
  removeMember,
  unparkJoin,
} from './membership.js'
import { countIn, countOut, metadataOf } from './protocol-vote.js'
import { joinRefusal } from './refusals.js'
import { sameSubscription } from './subscribed-topics.js'

export const refuseJoin = (draft: Draft, join: JoinEvent): void =>
  draft.reply(join.requestId, joinError(joinRefusal(draft.context, join)!, join.memberId))

/** Also for a member already known: the last ones to rejoin a group too large have to go. */
export const turnAwayJoin = (draft: Draft, join: JoinEvent): void => {
  const member = get(draft.context.members, join.memberId)
  if (member !== undefined) {
    removeMember(draft, member)
    draft.because('group over capacity', member)
  }
  draft.reply(join.requestId, joinError('GROUP_MAX_SIZE_REACHED', ''))
}

/**
 * KIP-394: the client shall join again with its id, so that a JoinGroup repeated after a broken
 * connection is no second member (KAFKA-7610). An id that is not used expires with its session.
 */
export const issueMemberId = (draft: Draft, join: JoinEvent): void => {
  const { newMemberId, clientId } = join
  draft.set({ pending: put(draft.context.pending, newMemberId, { clientId }) })
  draft.startSession(newMemberId, join.sessionTimeoutMs)
  draft.reply(join.requestId, joinError('MEMBER_ID_REQUIRED', newMemberId))
}

export const admitMember = (draft: Draft, join: JoinEvent): void => {
  const member = addMember(draft, join, join.memberId === '' ? join.newMemberId : join.memberId)
  const { initialDelay, settings } = draft.context
  draft.set({ initialDelay: { ...initialDelay, newMemberJoined: true } })
  draft.startSession(member.memberId, settings.newMemberJoinTimeoutMs)
  draft.because('member joined', member, join.reason)
}

const subscriptionChanged = (draft: Draft, member: GroupMember, join: JoinEvent): boolean => {
  const { protocolType } = draft.context
  const before = member.protocols[0]?.metadata ?? ''
  const after = join.protocols.find(({ name }) => name === member.protocols[0]?.name)?.metadata
  return after === undefined || !sameSubscription(protocolType, before, after)
}

/** A known member's JoinGroup is parked; until it is answered, no session timer runs for it. */
export const parkJoin = (draft: Draft, join: JoinEvent): void => {
  const member = get(draft.context.members, join.memberId)!
  if (subscriptionChanged(draft, member, join)) {
    draft.because('subscription changed', member, join.reason)
  }
  rejoinMember(draft, member, join)
  if (!member.isNew) draft.endSession(member.memberId)
}

/** Nothing was going on: this JoinGroup itself is why the group rebalances. */
export const noteRejoin = (draft: Draft, join: JoinEvent): void => {
  const member = get(draft.context.members, join.memberId)!
  if (draft.context.leaderId === member.memberId) {
    draft.because('leader rejoined', member, join.reason)
  } else if (!subscriptionChanged(draft, member, join)) {
    draft.because('member rejoined', member, join.reason)
  }
}

/**
 * KIP-345: a static member that comes back without its id takes its place under a new one. The
 * old id is fenced at once, also in what it has parked.
 */
export const replaceStaticMember = (draft: Draft, join: JoinEvent): void => {
  const oldId = get(draft.context.statics, join.groupInstanceId!)!
  const parkedJoin = parkedJoinOf(draft, join)
  answerParkedJoin(draft, oldId, 'FENCED_INSTANCE_ID')
  answerParkedSync(draft, oldId, 'FENCED_INSTANCE_ID')
  draft.endSession(oldId)
  const { context } = draft
  const old = get(context.members, oldId)!
  const memberId = join.newMemberId
  draft.set({
    members: remove(context.members, oldId),
    statics: put(context.statics, join.groupInstanceId!, memberId),
    unsynced: has(context.unsynced, oldId)
      ? put(remove(context.unsynced, oldId), memberId, true)
      : context.unsynced,
    protocolCounts: countIn(countOut(context.protocolCounts, old.protocols), join.protocols),
    awaitingJoin: context.awaitingJoin + 1,
    leaderId: context.leaderId === oldId ? memberId : context.leaderId,
  })
  draft.setMember({
    ...old,
    memberId,
    clientId: join.clientId,
    clientHost: join.clientHost,
    protocols: join.protocols,
    sessionTimeoutMs: join.sessionTimeoutMs,
    rebalanceTimeoutMs: join.rebalanceTimeoutMs,
    parkedJoin,
  })
  if (old.isNew) draft.startSession(memberId, context.settings.newMemberJoinTimeoutMs)
}

/** The return of a static member changes what the group agreed on. */
export const noteStaticReturn = (draft: Draft, join: JoinEvent): void => {
  const member = get(draft.context.members, join.newMemberId)!
  draft.because('static member returned', member, join.reason)
}

/** The present generation, for a member that may not have received it. */
export const joinReply = (draft: Draft, memberId: string): JoinReply => {
  const { context } = draft
  return {
    to: 'member.join',
    error: null,
    memberId,
    generation: context.generation,
    protocolType: context.protocolType,
    protocolName: context.protocolName,
    leaderId: context.leaderId ?? '',
    skipAssignment: false,
    members: context.leaderId === memberId ? joinedMembers(draft) : [],
  }
}

const joinedMembers = ({ context }: Draft): JoinReply['members'] =>
  membersInOrder(context).map((member) => ({
    memberId: member.memberId,
    groupInstanceId: member.groupInstanceId,
    metadata: metadataOf(member, context.protocolName),
  }))

export const answerJoin = (draft: Draft, join: JoinEvent): void =>
  draft.reply(join.requestId, joinReply(draft, join.memberId))

/**
 * A static member is back in a stable group and its new id is durable. From JoinGroup v9 on a
 * leader is told that it leads and need not assign (KIP-814). An older client would assign in
 * vain, so it is told of the leader by its former id, which it does not recognise as itself.
 */
export const answerStaticReturns = (draft: Draft): void => {
  for (const member of membersInOrder(draft.context)) {
    if (member.parkedJoin === null) continue
    const { requestId, canSkipAssignment, leaderBefore } = member.parkedJoin
    const reply = joinReply(draft, member.memberId)
    draft.reply(
      requestId,
      canSkipAssignment
        ? { ...reply, skipAssignment: draft.context.leaderId === member.memberId }
        : { ...reply, leaderId: leaderBefore ?? '', members: [] },
    )
    unparkJoin(draft, member)
    draft.startSession(member.memberId, member.sessionTimeoutMs)
  }
}

/**
 * The new id could not be stored. It stays the member's id here (Kafka takes the old one back):
 * the client, told no id, joins again by its instance id and replaces it either way.
 */
export const failStaticReturns = (draft: Draft, error: GroupError): void => {
  for (const member of membersInOrder(draft.context)) {
    if (member.parkedJoin === null) continue
    answerParkedJoin(draft, member.memberId, error, '')
    draft.startSession(member.memberId, member.sessionTimeoutMs)
  }
}
