import {
  type GroupContext,
  type GroupMember,
  isAwaitingJoin,
} from '../../../../src/machines/group-coordinator/context.js'
import type { GroupError, JoinEvent } from '../../../../src/machines/group-coordinator/events.js'
import { get, has } from '../../../../src/machines/group-coordinator/keyed.js'
import {
  metadataOf,
  sameProtocols,
  selectProtocol,
  withProtocols,
} from '../../../../src/machines/group-coordinator/protocol-vote.js'
import { sameSubscription } from '../../../../src/machines/group-coordinator/subscribed-topics.js'
import { holds, same } from '../../rule.js'
import { errorTo, type Sample, type Stepped } from '../coordinator-chart.js'
import { identityRefusal, topOf } from './identity-refusal.js'

/** `rejoin`: everybody has to join; `store`: its new id is made durable first. */
type Verdict = { readonly error: GroupError } | 'parked' | 'rejoin' | 'store' | 'answered'

/** The static member that comes back without its id. */
const returning = (context: GroupContext, join: JoinEvent): GroupMember | undefined => {
  if (join.memberId !== '' || join.groupInstanceId === null) return undefined
  return get(context.members, get(context.statics, join.groupInstanceId) ?? '')
}

const isFull = (before: Stepped, join: JoinEvent): boolean => {
  const { context } = before.snapshot
  const { maxSize } = context.settings
  const id = returning(context, join)?.memberId ?? join.memberId
  if (before.path === 'empty') return false
  if (topOf(before) === 'preparingRebalance') {
    return context.awaitingJoin >= maxSize && !isAwaitingJoin(context, id)
  }
  return context.members.size >= maxSize && !has(context.members, id)
}

const supports = ({ members, protocolType, protocolCounts }: GroupContext, join: JoinEvent) =>
  members.size === 0
    ? join.protocolType !== '' && join.protocols.length > 0
    : join.protocolType === protocolType &&
      join.protocols.some(({ name }) => get(protocolCounts, name) === members.size)

/** In Kafka's order: room, protocols, identity, the id that a new member is to come back with. */
const refusal = (before: Stepped, join: JoinEvent): GroupError | null => {
  const { context } = before.snapshot
  if (before.path === 'dead') return 'COORDINATOR_NOT_AVAILABLE'
  if (isFull(before, join)) return 'GROUP_MAX_SIZE_REACHED'
  if (!supports(context, join)) return 'INCONSISTENT_GROUP_PROTOCOL'
  const isNew = join.memberId === ''
  const isPending = has(context.pending, join.memberId) && join.groupInstanceId === null
  if (!isNew && !isPending) return identityRefusal(context, join)
  const needsId = isNew && join.groupInstanceId === null && join.requireKnownMemberId
  return needsId ? 'MEMBER_ID_REQUIRED' : null
}

const changesNothing = (context: GroupContext, old: GroupMember, join: JoinEvent): boolean => {
  const { protocolName, protocolType } = context
  return (
    selectProtocol(withProtocols(context, old, join.protocols)) === protocolName &&
    sameSubscription(
      protocolType,
      metadataOf(old, protocolName),
      metadataOf({ protocols: join.protocols }, protocolName),
    )
  )
}

export const joinVerdict = (before: Stepped, join: JoinEvent): Verdict => {
  const error = refusal(before, join)
  if (error !== null) return { error }
  const top = topOf(before)
  if (top === 'empty' || top === 'preparingRebalance') return 'parked'
  const { context } = before.snapshot
  const old = returning(context, join)
  if (old !== undefined) {
    return top === 'stable' && changesNothing(context, old, join) ? 'store' : 'rejoin'
  }
  const member = get(context.members, join.memberId)
  if (member === undefined) return 'rejoin'
  // A leader asks for a rebalance in this way when what it assigns has changed, e.g. a topic.
  const isLeaderAsking = top === 'stable' && context.leaderId === member.memberId
  return isLeaderAsking || !sameProtocols(member.protocols, join.protocols) ? 'rejoin' : 'answered'
}

const isTurnedAway = (before: Stepped, join: JoinEvent, error: GroupError): boolean =>
  error === 'GROUP_MAX_SIZE_REACHED' && has(before.snapshot.context.members, join.memberId)

/** A JoinGroup is refused, parked or answered as Kafka does it, and only then moves the group. */
export const claimJoinAnswer = (before: Stepped, event: Sample, after: Stepped): void => {
  if (event.type !== 'member.join') return
  const join = event as JoinEvent
  const verdict = joinVerdict(before, join)
  const given = errorTo(after, join.requestId)
  const rise = after.snapshot.context.generation - before.snapshot.context.generation
  if (typeof verdict === 'object') {
    same(given, verdict.error, 'the answer to JoinGroup:')
    // A member that has to go is gone: the others may be complete without it.
    if (isTurnedAway(before, join, verdict.error)) return
    same([after.path, rise], [before.path, 0], 'a refused JoinGroup moves nothing:')
    return
  }
  if (verdict === 'answered') {
    same([given, rise, after.path], [null, 0, before.path], 'nothing is new, so it is answered:')
  } else if (verdict === 'store') {
    same([given, rise, after.path], [undefined, 0, 'stable.storing'], 'its new id is stored:')
  } else {
    // Who is the last that was waited for is answered at once, with the next generation.
    same(given, rise === 1 ? null : undefined, 'it waits for the others:')
    holds(rise === 1 || topOf(after) === 'preparingRebalance', `JoinGroup leads to ${after.path}`)
  }
}
