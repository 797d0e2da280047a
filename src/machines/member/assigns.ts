import { assign } from 'xstate'
import type { Cause, ErrorInfo, JoinOutcome, SyncOutcome } from '../../domain/membership.js'
import { comparePartitions, withoutPartitions } from '../../domain/topic-partition.js'
import type { MemberContext } from './context.js'
import type { MemberEvent } from './events.js'
import { outcomeOf } from './outcome.js'

type Args = { readonly context: MemberContext; readonly event: MemberEvent }
type Change = Partial<MemberContext>

const change = (make: (args: Args) => Change) =>
  assign<MemberContext, MemberEvent, undefined, MemberEvent, never>(make)

const observed = (what: string): Cause => ({ what, evidence: 'observed' })

const causeOf = (event: MemberEvent): Cause => {
  switch (event.type) {
    case 'subscribe':
      return observed('this member joins')
    case 'subscription.changed':
      return observed('this member changed its subscription')
    case 'member.unknown':
      return observed(`the coordinator answered ${event.kafkaError}`)
    case 'member.replaced':
      return observed(event.error.message)
    case 'metadata.changed':
    case 'group.rebalancing':
    case 'session.expired':
    case 'poll.overdue':
      return event.cause
    default:
      return { what: 'unknown', evidence: 'unknown' }
  }
}

const outcomeError = (event: MemberEvent): ErrorInfo =>
  (event as unknown as { readonly output: { readonly error: ErrorInfo } }).output.error

/** The context's changes, each a named action of the chart. */
export const assigns = {
  takeSubscription: change(({ event }) =>
    event.type === 'subscribe' || event.type === 'subscription.changed'
      ? { topics: event.topics }
      : {},
  ),
  takeCause: change(({ event }) => ({ cause: causeOf(event), pendingCause: null })),
  takePendingCause: change(({ context }) => ({ cause: context.pendingCause, pendingCause: null })),
  /** The JoinGroup that is sent now answers whatever came up before it. */
  joinForPendingCause: change(({ context }) => ({
    cause: context.pendingCause ?? context.cause,
    pendingCause: null,
  })),
  keepCauseForLater: change(({ context, event }) => ({
    pendingCause: context.pendingCause ?? causeOf(event),
  })),
  takeMemberId: change(({ event }) => ({
    memberId: outcomeOf<JoinOutcome, 'memberIdRequired'>(event, 'memberIdRequired').memberId,
  })),
  takeMembership: change(({ event }) => {
    const joined = outcomeOf<JoinOutcome, 'joined'>(event, 'joined')
    const { memberId, generation, protocol, isLeader, skipAssignment, memberCount } = joined
    return {
      memberId,
      generation,
      protocol,
      isLeader,
      skipAssignment,
      memberCount,
      // `attempt` goes on: a leader that cannot look at the topics would else join in a tight loop.
      trouble: null,
    }
  }),
  takeAssignment: change(({ context, event }) => {
    const { assigned } = outcomeOf<SyncOutcome, 'synced'>(event, 'synced')
    const sorted = [...assigned].sort(comparePartitions)
    const adding = withoutPartitions(sorted, context.owned)
    return {
      assigned: sorted,
      adding,
      revoking: withoutPartitions(context.owned, sorted),
      owned: [...context.owned, ...adding].sort(comparePartitions),
      attempt: 0,
      trouble: null,
      rebalances: context.rebalances + 1,
    }
  }),
  takeManualAssignment: change(({ context }) => {
    const sorted = [...context.assign].sort(comparePartitions)
    return { assigned: sorted, adding: sorted, owned: sorted }
  }),
  noteRevocation: change(({ context }) => ({
    cause: context.pendingCause ?? observed('the assignment takes partitions from this member'),
    pendingCause: null,
  })),
  finishAdding: change(() => ({ adding: [] })),
  /** Eager: everything is given up before joining. Cooperative: what left the subscription. */
  planRevocation: change(({ context }) => {
    if (context.rebalanceProtocol === 'eager') return { revoking: context.owned }
    const topics = new Set(context.topics)
    return { revoking: context.owned.filter((tp) => !topics.has(tp.topic)) }
  }),
  planRevocationOfAll: change(({ context }) => ({ revoking: context.owned, adding: [] })),
  releaseRevoked: change(({ context }) => ({
    owned: withoutPartitions(context.owned, context.revoking),
    revoking: [],
  })),
  releaseAll: change(() => ({ owned: [], assigned: [], adding: [], revoking: [] })),
  /**
   * UNKNOWN_MEMBER_ID makes the id worthless. After any other loss the id is kept: rejoining with
   * it replaces this member instead of leaving a ghost for a session timeout (KAFKA-13214).
   */
  forgetMembership: change(({ context, event }) => {
    const kafkaError =
      event.type === 'member.unknown'
        ? event.kafkaError
        : (event as { readonly output?: { readonly kafkaError?: string } }).output?.kafkaError
    return {
      generation: -1,
      memberId: kafkaError === 'UNKNOWN_MEMBER_ID' ? '' : context.memberId,
      isLeader: false,
      pendingCause: null,
    }
  }),
  forgetMemberId: change(() => ({ memberId: '', generation: -1, isLeader: false })),
  takeMembershipLossCause: change(({ event }) => ({
    cause: observed(
      `the coordinator answered ${
        (event as { readonly output?: { readonly kafkaError?: string } }).output?.kafkaError ??
        'with an error'
      }`,
    ),
  })),
  countAttempt: change(({ context, event }) => ({
    attempt: context.attempt + 1,
    trouble: outcomeError(event),
  })),
  takeClose: change(({ event }) =>
    event.type === 'close' ? { closing: { leaveGroup: event.leaveGroup } } : {},
  ),
  takeError: change(({ event }) => {
    if (event.type === 'fail' || event.type === 'member.replaced') return { error: event.error }
    return { error: outcomeError(event) }
  }),
  takeDefect: change(({ event }) => {
    const cause = (event as unknown as { readonly error?: unknown }).error
    const text = cause instanceof Error ? cause.message : String(cause)
    return { error: { code: 'INTERNAL_ERROR', message: `defect in the consumer: ${text}` } }
  }),
}
