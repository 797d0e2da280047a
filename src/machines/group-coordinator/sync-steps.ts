import { membersInOrder, rebalanceTimeoutMs } from './context.js'
import type { Draft } from './draft.js'
import type { GroupError, SyncEvent, SyncReply } from './events.js'
import { get, keyedBy, keysOf, remove } from './keyed.js'
import { answerParkedSync, removeMember } from './membership.js'

/** From the JoinGroup answers on, each member has the rebalance timeout to send SyncGroup. */
export const expectSyncs = (draft: Draft): void => {
  const { members } = draft.context
  draft.set({ unsynced: keyedBy(keysOf(members).map((memberId) => [memberId, true] as const)) })
  draft.startSyncTimer(rebalanceTimeoutMs(draft.context))
}

const markSynced = (draft: Draft, memberId: string): void => {
  const { unsynced } = draft.context
  if (unsynced.size === 0) return
  const left = remove(unsynced, memberId)
  draft.set({ unsynced: left })
  if (left.size === 0) draft.endSyncTimer()
}

/** Until it is answered, the member's session timer stands still. */
export const parkSync = (draft: Draft, sync: SyncEvent): void => {
  answerParkedSync(draft, sync.memberId, 'REBALANCE_IN_PROGRESS')
  const member = get(draft.context.members, sync.memberId)!
  draft.setMember({ ...member, parkedSync: sync.requestId })
  draft.endSession(sync.memberId)
  markSynced(draft, sync.memberId)
}

/** The leader's assignments, to be stored; whom it left out has nothing assigned. */
export const takeAssignments = (draft: Draft, sync: SyncEvent): void => {
  const assignments = new Map(sync.assignments.map((each) => [each.memberId, each.assignment]))
  const { context } = draft
  draft.set({
    members: keyedBy(
      membersInOrder(context).map((member) => [
        member.memberId,
        { ...member, assignment: assignments.get(member.memberId) ?? '' },
      ]),
    ),
    lastRebalance: {
      generation: context.generation,
      cause: context.causes.list,
      omittedCauses: context.causes.omitted,
    },
  })
}

const syncReply = (draft: Draft, memberId: string): SyncReply => ({
  to: 'member.sync',
  error: null,
  protocolType: draft.context.protocolType,
  protocolName: draft.context.protocolName,
  assignment: get(draft.context.members, memberId)?.assignment ?? '',
})

/** In a stable group: the member's part is known and durable. */
export const answerSync = (draft: Draft, sync: SyncEvent): void => {
  markSynced(draft, sync.memberId)
  draft.reply(sync.requestId, syncReply(draft, sync.memberId))
}

/** The assignments are durable: everybody who waits gets its part. */
export const answerSyncs = (draft: Draft): void => {
  for (const member of membersInOrder(draft.context)) {
    if (member.parkedSync === null) continue
    draft.reply(member.parkedSync, syncReply(draft, member.memberId))
    draft.setMember({ ...member, parkedSync: null })
    draft.startSession(member.memberId, member.sessionTimeoutMs)
  }
}

/** Whoever waits for its part shall join again, and has a session's time for it. */
export const releaseSyncs = (draft: Draft, error: GroupError): void => {
  for (const member of membersInOrder(draft.context)) {
    if (member.parkedSync === null) continue
    answerParkedSync(draft, member.memberId, error)
    if (member.parkedJoin === null) draft.startSession(member.memberId, member.sessionTimeoutMs)
  }
}

/** KAFKA-12890: members that heartbeat but never send SyncGroup would block the group. */
export const removeUnsynced = (draft: Draft): void => {
  for (const member of membersInOrder(draft.context)) {
    if (get(draft.context.unsynced, member.memberId) === undefined) continue
    removeMember(draft, member)
    draft.because('did not sync in time', member)
  }
}
