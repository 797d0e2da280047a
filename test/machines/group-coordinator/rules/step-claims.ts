import { membersInOrder } from '../../../../src/machines/group-coordinator/context.js'
import { get, keysOf } from '../../../../src/machines/group-coordinator/keyed.js'
import { holds, same } from '../../rule.js'
import { errorTo, replies, type Sample, type Stepped } from '../coordinator-chart.js'
import { claimCause, claimEmptied, claimStoring } from './cause-claims.js'
import { claimJoinAnswer } from './join-answers.js'
import { claimMemberAnswer } from './member-answers.js'
import { claimAbsent, claimExpiry, claimSessions } from './session-claims.js'

type Reply = ReturnType<typeof replies>[number]

const isStoringEnd = ({ type }: Sample): boolean => type.endsWith('.actor.persistGroup')

const isStoredNow = (event: Sample): boolean =>
  isStoringEnd(event) && JSON.stringify(event).includes('"tag":"stored"')

const claimCommit = (before: Stepped, event: Sample): void => {
  holds(!before.path.startsWith('completing'), 'a commit is granted before SyncGroup is answered')
  const { generation, memberId } = event as { generation: number; memberId: string }
  if (generation < 0 && before.path === 'empty') return
  const { context } = before.snapshot
  same(generation, context.generation, 'a commit is granted under another generation:')
  holds(get(context.members, memberId) !== undefined, `a commit is granted to ${memberId}`)
}

const claimReply = (before: Stepped, event: Sample, after: Stepped, reply: Reply): void => {
  if (reply.error !== null) return
  if (reply.to === 'member.sync') {
    const isStored = before.path.startsWith('stable') || isStoredNow(event)
    holds(isStored, 'SyncGroup is answered before it is stored')
  }
  if (reply.to === 'offsets.commit') claimCommit(before, event)
  if (reply.to === 'member.join') {
    same(reply.generation, after.snapshot.context.generation, 'JoinGroup told the generation:')
    const top = after.path.split('.')[0]!
    holds(['completingRebalance', 'stable'].includes(top), `JoinGroup is answered in ${top}`)
  }
}

/** What a step may do to a group, and what it may answer. */
export const claimStep = (before: Stepped, event: Sample, after: Stepped): void => {
  const { context } = after.snapshot
  const rise = context.generation - before.snapshot.context.generation
  holds(rise === 0 || rise === 1, `the generation rises by ${rise}`)
  if (
    after.path.startsWith('preparing') &&
    context.awaitingJoin > before.snapshot.context.awaitingJoin
  ) {
    holds(context.awaitingJoin <= context.settings.maxSize, 'more rejoin than the limit allows')
  }
  for (const reply of replies(after)) claimReply(before, event, after, reply)
  if (rise === 1 && after.path !== 'empty') {
    const told = replies(after).flatMap((reply) =>
      reply.to === 'member.join' && reply.error === null ? [reply.memberId] : [],
    )
    holds(told.includes(context.leaderId ?? ''), `the leader ${context.leaderId} is not told`)
  }
  claimMemberAnswer(before, event, after)
  claimJoinAnswer(before, event, after)
  claimSessions(before, event, after)
  claimExpiry(before, event, after)
  claimAbsent(before, event, after)
  claimCause(before, event, after)
  claimEmptied(before, after)
  claimStoring(before, event, after)
  claimFailure(before, event, after)
  claimIgnored(before, event, after)
  claimEnd(before, after)
}

/** Who ends a group lets nothing run on: neither a request nor a timer. */
const claimEnd = (before: Stepped, after: Stepped): void => {
  if (after.path !== 'dead' || before.path === 'dead') return
  const { members, pending } = before.snapshot.context
  const open = [...keysOf(members), ...keysOf(pending)].map((id) => `session:${id}`)
  const left = open.filter((id) => !after.cancelled.includes(id))
  same(left, [], 'sessions that run on after the end:')
  const { context } = after.snapshot
  same([context.pending.size, context.unsynced.size], [0, 0], 'nobody is waited for at the end:')
}

/** Whoever waits for what could not be stored shall look for its coordinator again. */
const claimFailure = (before: Stepped, event: Sample, after: Stepped): void => {
  if (!isStoringEnd(event) || !before.path.endsWith('storing')) return
  const error = isStoredNow(event) ? null : 'NOT_COORDINATOR'
  const isStatic = before.path.startsWith('stable')
  for (const { memberId, parkedJoin, parkedSync } of membersInOrder(before.snapshot.context)) {
    const waiting = isStatic ? parkedJoin?.requestId : parkedSync
    if (waiting == null) continue
    same(errorTo(after, waiting), error, `${memberId}, which waited for the storage, is answered:`)
  }
}

/** What is out of place is recorded and changes nothing. */
const claimIgnored = (before: Stepped, event: Sample, after: Stepped): void => {
  if (!after.emitted.some(({ type }) => type === 'ignored')) return
  const isIgnorable = ['xstate.', 'session.', 'sync.'].some((it) => event.type.startsWith(it))
  holds(isIgnorable, `${event.type} is ignored`)
  same([after.path, after.emitted.length], [before.path, 1], 'what is ignored changes nothing:')
  same(after.snapshot.context, before.snapshot.context, 'what is ignored changes nothing:')
}
