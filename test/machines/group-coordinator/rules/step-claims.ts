import { get } from '../../../../src/machines/group-coordinator/keyed.js'
import { holds, same } from '../../rule.js'
import { replies, type Sample, type Stepped } from '../coordinator-chart.js'

type Reply = ReturnType<typeof replies>[number]

const isStoredNow = (before: Stepped, event: Sample): boolean =>
  before.path.startsWith('stable') ||
  (event.type === 'xstate.done.actor.persistGroup' &&
    JSON.stringify(event).includes('"tag":"stored"'))

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
    holds(isStoredNow(before, event), 'SyncGroup is answered before it is stored')
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
  if (after.emitted.some(({ type }) => type === 'ignored')) {
    const ignorable = ['xstate.', 'session.', 'sync.']
    holds(
      ignorable.some((prefix) => event.type.startsWith(prefix)),
      `${event.type} is ignored`,
    )
  }
}
