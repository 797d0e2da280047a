import type { MemberContext } from './context.js'
import type { MemberEvent } from './events.js'
import { outcomeIs } from './outcome.js'

type Args = { readonly context: MemberContext; readonly event: MemberEvent }

const holdsPartitions = ({ context }: Args): boolean => context.owned.length > 0

/** Not so with partitions given by hand, also when it commits under a group's name. */
const isInGroup = ({ context }: Args): boolean => context.groupId !== null

/** The rejected request was made under the identity that we still have. */
const concernsThisGeneration = ({ context, event }: Args): boolean =>
  event.type === 'member.unknown' &&
  context.groupId !== null &&
  event.generation === context.generation

export const guards = {
  isFound: outcomeIs('found'),
  isJoined: outcomeIs('joined'),
  isMemberIdRequired: outcomeIs('memberIdRequired'),
  isMemberUnknown: outcomeIs('memberUnknown'),
  isUnavailable: outcomeIs('unavailable'),
  isRefused: outcomeIs('refused'),
  isComputed: outcomeIs('computed'),
  isSynced: outcomeIs('synced'),
  isRebalancing: outcomeIs('rebalancing'),

  holdsPartitions,
  isInGroup,
  isGroupless: ({ context }: Args): boolean => context.groupId === null,
  isLeader: ({ context }: Args): boolean => context.isLeader && !context.skipAssignment,
  hasRevocations: ({ context }: Args): boolean => context.revoking.length > 0,
  mustRejoin: ({ context }: Args): boolean =>
    context.pendingCause !== null && context.groupId !== null,
  hasFailed: ({ context }: Args): boolean => context.error !== null,
  isClosing: ({ context }: Args): boolean => context.closing !== null,
  concernsThisGeneration,
  /**
   * While a JoinGroup is parked the generation may have moved on already, and its answer is on
   * its way: only a forgotten member id is certain news then.
   */
  isForgottenWithPartitions: (args: Args): boolean =>
    args.event.type === 'member.unknown' &&
    args.event.kafkaError === 'UNKNOWN_MEMBER_ID' &&
    concernsThisGeneration(args) &&
    holdsPartitions(args),
  /** LeaveGroup is for a member the coordinator knows, unless a static one shall stay. */
  needNotLeaveGroup: ({ context }: Args): boolean =>
    context.groupId === null || context.memberId === '' || context.closing?.leaveGroup === false,
}
