import { isStatic, membersInOrder, rebalanceTimeoutMs } from './context.js'
import type { Draft } from './draft.js'
import { joinReply } from './join-steps.js'
import { keyedBy, noKeys } from './keyed.js'
import { removeMember } from './membership.js'
import { selectProtocol } from './protocol-vote.js'
import { noCauses } from './rebalance-cause.js'
import { storedGroup } from './stored-group.js'
import { releaseSyncs } from './sync-steps.js'

export const beginRebalance = (draft: Draft): void => {
  releaseSyncs(draft, 'REBALANCE_IN_PROGRESS')
  draft.endSyncTimer()
  draft.set({ unsynced: noKeys() })
}

/** An empty group waits a little for more members, which saves a rebalance for each. */
export const beginInitialDelay = (draft: Draft): void => {
  const delayMs = draft.context.settings.initialRebalanceDelayMs
  const remainingMs = Math.max(0, rebalanceTimeoutMs(draft.context) - delayMs)
  draft.set({ initialDelay: { delayMs, remainingMs, newMemberJoined: false } })
}

/** Each member that came meanwhile prolongs it, up to the rebalance timeout in all. */
export const extendInitialDelay = (draft: Draft): void => {
  const { initialDelay, settings } = draft.context
  draft.set({
    initialDelay: {
      delayMs: Math.min(settings.initialRebalanceDelayMs, initialDelay.remainingMs),
      remainingMs: Math.max(0, initialDelay.remainingMs - initialDelay.delayMs),
      newMemberJoined: false,
    },
  })
}

/**
 * Dynamic members that did not rejoin in time are out. Static ones stay: only their session
 * decides (KIP-345).
 */
export const dropAbsentMembers = (draft: Draft): void => {
  for (const member of membersInOrder(draft.context)) {
    if (member.parkedJoin !== null || isStatic(member)) continue
    removeMember(draft, member)
    draft.because('did not rejoin in time', member)
  }
}

/** The next generation: a leader that is there, and the protocol that most prefer. */
export const beginGeneration = (draft: Draft): void => {
  const { context } = draft
  const joined = membersInOrder(context).filter((member) => member.parkedJoin !== null)
  const stays = joined.some((member) => member.memberId === context.leaderId)
  draft.set({
    generation: context.generation + 1,
    leaderId: stays ? context.leaderId : (joined[0]?.memberId ?? null),
    protocolName: selectProtocol(context),
  })
}

/** Everybody hears of the new generation, and heartbeats from here on. */
export const answerJoins = (draft: Draft): void => {
  const members = membersInOrder(draft.context)
  for (const member of members) {
    if (member.parkedJoin !== null) {
      draft.reply(member.parkedJoin.requestId, joinReply(draft, member.memberId))
    }
    draft.startSession(member.memberId, member.sessionTimeoutMs)
  }
  draft.set({
    members: keyedBy(
      members.map((member) => [member.memberId, { ...member, isNew: false, parkedJoin: null }]),
    ),
    awaitingJoin: 0,
  })
}

export const emptyGroup = (draft: Draft): void => {
  const { context } = draft
  const generation = context.generation + 1
  draft.set({
    generation,
    protocolName: null,
    leaderId: null,
    lastRebalance: {
      generation,
      cause: context.causes.list,
      omittedCauses: context.causes.omitted,
    },
  })
  draft.emit({ type: 'emptied', group: storedGroup(draft.context) })
  finishRebalance(draft)
}

/** The generation is complete: its causes are told, the next ones are gathered anew. */
export const finishRebalance = (draft: Draft): void => {
  const { lastRebalance: rebalance, members, leaderId } = draft.context
  if (rebalance !== null) {
    draft.emit({ type: 'rebalanced', rebalance, members: members.size, leaderId })
  }
  draft.set({ causes: noCauses })
}
