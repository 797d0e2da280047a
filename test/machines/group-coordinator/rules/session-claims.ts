import { membersInOrder } from '../../../../src/machines/group-coordinator/context.js'
import type { JoinEvent } from '../../../../src/machines/group-coordinator/events.js'
import { get, has } from '../../../../src/machines/group-coordinator/keyed.js'
import { holds, same } from '../../rule.js'
import { replies, type Sample, type Stepped } from '../coordinator-chart.js'
import { internal } from '../group-requests.js'
import { signOfLife } from './member-answers.js'

const SESSION = 'session:'

const startedSessions = ({ started }: Stepped): Map<string, number> =>
  new Map(
    started.flatMap(({ id, delay }) =>
      id.startsWith(SESSION) ? [[id.slice(SESSION.length), delay] as const] : [],
    ),
  )

/** Whose request is answered in this step: it knows that the coordinator is there. */
const answered = (before: Stepped, after: Stepped): Set<string> => {
  const told = new Set(replies(after).map(({ requestId }) => requestId))
  const isTold = (requestId: string | null | undefined): boolean => told.has(requestId ?? '')
  return new Set(
    membersInOrder(before.snapshot.context)
      .filter(({ parkedJoin, parkedSync }) => isTold(parkedJoin?.requestId) || isTold(parkedSync))
      .map(({ memberId }) => memberId),
  )
}

/**
 * A session begins anew by a sign of life, when the coordinator answers what it held back, and for
 * all with a new generation; and it lasts as long as the member asked for.
 */
export const claimSessions = (before: Stepped, event: Sample, after: Stepped): void => {
  const { context } = after.snapshot
  const started = startedSessions(after)
  const alive = signOfLife(before, event)
  holds(alive === undefined || started.has(alive), `the session of ${alive} does not begin anew`)
  const isNewGeneration = context.generation > before.snapshot.context.generation
  const isKnownFrom = answered(before, after)
  const join = event.type === 'member.join' ? (event as JoinEvent) : undefined
  for (const [memberId, delay] of started) {
    const isWhy =
      memberId === alive ||
      isNewGeneration ||
      isKnownFrom.has(memberId) ||
      memberId === join?.newMemberId ||
      memberId === join?.memberId
    holds(isWhy, `the session of ${memberId} begins anew without a reason`)
    const member = get(context.members, memberId)
    // A new member does not know its id yet, so its session cannot tell (KAFKA-7610).
    const expected = member?.isNew
      ? context.settings.newMemberJoinTimeoutMs
      : (member?.sessionTimeoutMs ?? join?.sessionTimeoutMs)
    same(delay, expected, `the session of ${memberId} lasts:`)
  }
}

/** A session's end is an end: of the member, or of the id that nobody used. */
export const claimExpiry = (before: Stepped, event: Sample, after: Stepped): void => {
  if (event.type !== 'session.expired') return
  const { memberId } = event as { memberId: string }
  const { members, pending } = before.snapshot.context
  if (before.path === 'dead') return
  const isSomebody = has(members, memberId) || has(pending, memberId)
  const isIgnored = after.emitted.some(({ type }) => type === 'ignored')
  same(isIgnored, !isSomebody, `the end of a session of ${memberId} is ignored:`)
  holds(!has(after.snapshot.context.members, memberId), `${memberId} outlives its session`)
  holds(!has(after.snapshot.context.pending, memberId), `the id ${memberId} is kept for ever`)
}

/** Who did not rejoin in time is out; of a static member its session decides (KIP-345). */
export const claimAbsent = (before: Stepped, event: Sample, after: Stepped): void => {
  if (event.type !== internal.rebalanceTimedOut.type) return
  if (before.path !== 'preparingRebalance.awaitingMembers') return
  for (const { memberId, parkedJoin, groupInstanceId } of membersInOrder(before.snapshot.context)) {
    const stays = parkedJoin !== null || groupInstanceId !== null
    same(has(after.snapshot.context.members, memberId), stays, `${memberId} is still a member:`)
  }
}
