import type {
  CommitEvent,
  GroupError,
  HeartbeatEvent,
  SyncEvent,
} from '../../../../src/machines/group-coordinator/events.js'
import { get } from '../../../../src/machines/group-coordinator/keyed.js'
import { same } from '../../rule.js'
import { errorTo, replies, type Sample, type Stepped } from '../coordinator-chart.js'
import { identityRefusal, topOf } from './identity-refusal.js'

type MemberRequest = HeartbeatEvent | CommitEvent | SyncEvent
type Answer = GroupError | null | 'parked'

/** What a member of this generation is answered in each state of the group. */
const toMembers: Readonly<Record<string, Readonly<Record<MemberRequest['type'], Answer>>>> = {
  preparingRebalance: {
    'member.heartbeat': 'REBALANCE_IN_PROGRESS',
    'member.sync': 'REBALANCE_IN_PROGRESS',
    // What was processed before the rebalance may still be committed.
    'offsets.commit': null,
  },
  completingRebalance: {
    'member.heartbeat': null,
    'member.sync': 'parked',
    'offsets.commit': 'REBALANCE_IN_PROGRESS',
  },
  stable: { 'member.heartbeat': null, 'member.sync': null, 'offsets.commit': null },
}

/** In Kafka's order: who it is, then which generation, then which protocol. */
const refusal = ({ snapshot: { context } }: Stepped, request: MemberRequest): GroupError | null => {
  const error = identityRefusal(context, request)
  if (error !== null) return error
  if (request.generation !== context.generation) return 'ILLEGAL_GENERATION'
  if (request.type !== 'member.sync') return null
  const isOther = (asked: string | null, agreed: string | null): boolean =>
    asked !== null && asked !== agreed
  return isOther(request.protocolType, context.protocolType) ||
    isOther(request.protocolName, context.protocolName)
    ? 'INCONSISTENT_GROUP_PROTOCOL'
    : null
}

const answerTo = (before: Stepped, request: MemberRequest): Answer => {
  if (before.path === 'dead') return 'COORDINATOR_NOT_AVAILABLE'
  const isAdministrator = request.type === 'offsets.commit' && request.generation < 0
  if (before.path === 'empty' && isAdministrator) return null
  return refusal(before, request) ?? toMembers[topOf(before)]![request.type]
}

export const isMemberRequest = (event: Sample): event is MemberRequest =>
  ['member.heartbeat', 'offsets.commit', 'member.sync'].includes(event.type)

/** The member whose request is granted, so that its session begins anew; or nobody. */
export const signOfLife = (before: Stepped, event: Sample): string | undefined => {
  if (!isMemberRequest(event) || refusal(before, event) !== null) return undefined
  const top = topOf(before)
  const counts: Readonly<Record<string, readonly string[]>> = {
    preparingRebalance: ['member.heartbeat', 'offsets.commit'],
    completingRebalance: ['member.heartbeat'],
    stable: ['member.heartbeat', 'offsets.commit', 'member.sync'],
  }
  if (!counts[top]?.includes(event.type)) return undefined
  const { parkedJoin, parkedSync } = get(before.snapshot.context.members, event.memberId)!
  return parkedJoin === null && parkedSync === null ? event.memberId : undefined
}

const toDelete: Readonly<Record<string, GroupError | null>> = {
  empty: null,
  dead: 'GROUP_ID_NOT_FOUND',
}

/** Each request of a member, and a deletion, is answered as Kafka answers it in this state. */
export const claimMemberAnswer = (before: Stepped, event: Sample, after: Stepped): void => {
  if (event.type === 'group.delete') {
    const { requestId } = event as { requestId: string }
    const error = before.path in toDelete ? toDelete[before.path] : 'NON_EMPTY_GROUP'
    same(errorTo(after, requestId), error, 'the answer to a deletion:')
  }
  if (!isMemberRequest(event)) return
  const expected = answerTo(before, event)
  const given = errorTo(after, event.requestId)
  same(given, expected === 'parked' ? undefined : expected, `the answer to ${event.type}:`)
  if (event.type !== 'member.sync' || given !== null) return
  const { members } = before.snapshot.context
  const reply = replies(after).find(({ requestId }) => requestId === event.requestId)
  const told = reply?.to === 'member.sync' ? reply.assignment : undefined
  same(told, get(members, event.memberId)?.assignment, 'the assignment told:')
}
