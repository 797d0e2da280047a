import {
  type GroupContext,
  type GroupMember,
  hasAllJoined,
  isAwaitingJoin,
  isKnown,
} from './context.js'
import type { EventOf, GroupEvent, PersistOutcome } from './events.js'
import { get, has } from './keyed.js'
import { someoneLeaves } from './leave-steps.js'
import { replacedMember } from './membership.js'
import { metadataOf, sameProtocols, selectProtocol, withProtocols } from './protocol-vote.js'
import { joinRefusal, requestRefusal } from './refusals.js'
import { sameSubscription } from './subscribed-topics.js'

interface Args {
  readonly context: GroupContext
  readonly event: GroupEvent
}

const on =
  <T extends GroupEvent['type']>(
    types: readonly T[],
    holds: (context: GroupContext, event: EventOf<T>) => boolean,
  ) =>
  ({ context, event }: Args): boolean =>
    types.includes(event.type as T) && holds(context, event as EventOf<T>)

const onJoin = (holds: (context: GroupContext, join: EventOf<'member.join'>) => boolean) =>
  on(['member.join'], holds)

const memberOf = (context: GroupContext, memberId: string): GroupMember | undefined =>
  get(context.members, memberId)

const outcomeIs =
  (tag: PersistOutcome['tag']) =>
  ({ event }: { readonly event: unknown }): boolean =>
    (event as { readonly output?: PersistOutcome }).output?.tag === tag

export const guards = {
  /**
   * While members rejoin, those that are back already count (so the last ones have to go). A
   * static member under a new id is one more, unless the JoinGroup of its old id is parked.
   */
  isTooManyRejoining: onJoin(
    (context, join) =>
      context.awaitingJoin >= context.settings.maxSize &&
      !isAwaitingJoin(context, replacedMember(context, join)?.memberId ?? join.memberId),
  ),
  /** A static member that takes its own place again is one more to Kafka, but not here. */
  isTooManyMembers: onJoin(
    (context, join) =>
      context.members.size >= context.settings.maxSize &&
      !isKnown(context, join.memberId) &&
      replacedMember(context, join) === undefined,
  ),
  isJoinRefused: onJoin((context, join) => joinRefusal(context, join) !== null),
  needsMemberId: onJoin(
    (_, join) => join.memberId === '' && join.groupInstanceId === null && join.requireKnownMemberId,
  ),
  isStaticReturn: onJoin((context, join) => replacedMember(context, join) !== undefined),
  /** The group would agree on the same protocol, and the member still asks for the same. */
  isUnchangedStaticReturn: onJoin((context, join) => {
    const old = replacedMember(context, join)
    if (old === undefined) return false
    const next = withProtocols(context, old, join.protocols)
    const { protocolName, protocolType } = context
    return (
      selectProtocol(next) === protocolName &&
      sameSubscription(
        protocolType,
        metadataOf(old, protocolName),
        metadataOf({ protocols: join.protocols }, protocolName),
      )
    )
  }),
  /** Any that remain after the refusals have no id, or one given with MEMBER_ID_REQUIRED. */
  isNewMember: onJoin((context, { memberId }) => memberId === '' || has(context.pending, memberId)),
  isGroupLeader: onJoin((context, { memberId }) => context.leaderId === memberId),
  hasChangedProtocols: onJoin(
    (context, join) =>
      !sameProtocols(memberOf(context, join.memberId)?.protocols ?? [], join.protocols),
  ),
  isRequestRefused: on(
    ['member.heartbeat', 'member.sync', 'offsets.commit'],
    (context, request) => requestRefusal(context, request) !== null,
  ),
  isLeaderSync: on(['member.sync'], (context, { memberId }) => context.leaderId === memberId),
  /** From an administrator, or a consumer that assigns its partitions itself. */
  isGrouplessCommit: on(['offsets.commit'], (_, { generation }) => generation < 0),
  isMemberLeaving: on(['member.leave'], someoneLeaves),
  isMemberSession: on(['session.expired'], (context, { memberId }) => isKnown(context, memberId)),
  isPendingSession: on(['session.expired'], (context, { memberId }) =>
    has(context.pending, memberId),
  ),
  hasUnsyncedMembers: ({ context }: Args): boolean => context.unsynced.size > 0,
  hasNewMemberAndTime: ({ context: { initialDelay } }: Args): boolean =>
    initialDelay.newMemberJoined && initialDelay.remainingMs > 0,
  haveAllGone: ({ context }: Args): boolean => hasAllJoined(context) && context.members.size === 0,
  haveAllJoined: ({ context }: Args): boolean => hasAllJoined(context),
  /** Nobody rejoined, and the static members that stay cannot begin a generation alone. */
  onlyAbsentStaticsRemain: ({ context }: Args): boolean =>
    context.awaitingJoin === 0 && context.statics.size > 0,
  nobodyRemains: ({ context }: Args): boolean => context.awaitingJoin === 0,
  /** An empty group has no members, except right after a restart. */
  isRestored: ({ context }: Args): boolean => context.members.size > 0,
  /**
   * Kafka's `onGroupLoaded`. The limit may have been lowered, or static members were absent when
   * others took the places: those that stay absent do not count while members rejoin.
   */
  isRestoredTooBig: ({ context }: Args): boolean => context.members.size > context.settings.maxSize,
  isStored: outcomeIs('stored'),
}
