import { type GroupContext, membersInOrder } from './context.js'
import { type Draft, errorReply, joinError, syncError } from './draft.js'
import type { EventOf, GroupError, GroupRequest, LeaveEvent, MemberIdentity } from './events.js'
import { get, has, keysOf, noKeys } from './keyed.js'
import { removeMember, removePending } from './membership.js'
import { identityRefusal } from './refusals.js'

/** Whom an identity names: a member id, or a static member by its instance id alone. */
const named = (context: GroupContext, { memberId, groupInstanceId }: MemberIdentity): string =>
  memberId === '' && groupInstanceId !== null
    ? (get(context.statics, groupInstanceId) ?? '')
    : memberId

/** Some of the identities are members, so the group changes. */
export const someoneLeaves = (context: GroupContext, { members }: LeaveEvent): boolean =>
  members.some(
    (identity) =>
      identityRefusal(context, named(context, identity), identity.groupInstanceId) === null,
  )

const leave = (draft: Draft, identity: MemberIdentity): GroupError | null => {
  const memberId = named(draft.context, identity)
  if (has(draft.context.pending, memberId)) {
    removePending(draft, memberId)
    return null
  }
  const refusal = identityRefusal(draft.context, memberId, identity.groupInstanceId)
  if (refusal !== null) return refusal
  const member = get(draft.context.members, memberId)!
  removeMember(draft, member)
  draft.because('member left', member, identity.reason)
  return null
}

export const leaveMembers = (draft: Draft, event: LeaveEvent): void => {
  const members = event.members.map((identity) => ({
    memberId: identity.memberId,
    groupInstanceId: identity.groupInstanceId,
    error: leave(draft, identity),
  }))
  draft.reply(event.requestId, { to: 'member.leave', error: null, members })
}

export const expireMember = (draft: Draft, { memberId }: EventOf<'session.expired'>): void => {
  const member = get(draft.context.members, memberId)
  if (member === undefined) {
    removePending(draft, memberId)
  } else {
    removeMember(draft, member)
    draft.because('session timed out', member)
  }
}

/** The group ends here: what is parked is sent to look for its coordinator, timers end. */
export const sendEveryoneAway = (draft: Draft, error: GroupError): void => {
  for (const member of membersInOrder(draft.context)) {
    const { memberId, parkedJoin, parkedSync } = member
    if (parkedJoin !== null) draft.reply(parkedJoin.requestId, joinError(error, memberId))
    if (parkedSync !== null) draft.reply(parkedSync, syncError(error))
    draft.endSession(memberId)
    if (parkedJoin === null && parkedSync === null) continue
    draft.setMember({ ...member, parkedJoin: null, parkedSync: null })
  }
  for (const memberId of keysOf(draft.context.pending)) draft.endSession(memberId)
  draft.endSyncTimer()
  draft.set({ pending: noKeys(), unsynced: noKeys(), awaitingJoin: 0 })
}

export const refuseBecause = (draft: Draft, request: GroupRequest, error: GroupError): void =>
  draft.reply(request.requestId, errorReply(request, error))
