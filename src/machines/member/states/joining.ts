import { identityOf } from '../context.js'
import { memberSetup } from '../member-setup.js'

/**
 * Find the coordinator, then JoinGroup, which the coordinator parks until every known member has
 * joined. Under the cooperative protocol partitions are still held and fetched meanwhile, so the
 * heartbeat goes on: it is what tells that the membership is still there.
 */
export const joining = memberSetup.createStateConfig({
  initial: 'findingCoordinator',
  entry: 'stopHeartbeatIfNothingHeld',
  on: {
    close: { target: 'leaving', actions: 'takeClose' },
    fail: { target: 'failed', actions: 'takeError' },
    'subscription.changed': { actions: ['takeSubscription', 'keepCauseForLater'] },
    'metadata.changed': { actions: 'keepCauseForLater' },
    'poll.overdue': {},
    'group.rebalancing': {},
    'member.unknown': {
      guard: 'isForgottenWithPartitions',
      target: 'fenced',
      actions: ['takeCause', 'forgetMembership'],
    },
    'member.replaced': { target: 'failed', actions: ['takeCause', 'takeError'] },
    'session.expired': { guard: 'holdsPartitions', target: 'fenced', actions: 'takeCause' },
  },
  states: {
    findingCoordinator: {
      invoke: {
        src: 'findCoordinator',
        id: 'findCoordinator',
        onDone: [
          { guard: 'isFound', target: 'requesting' },
          { guard: 'isUnavailable', target: 'backingOff', actions: 'countAttempt' },
          { target: '#member.failed', actions: 'takeError' },
        ],
        onError: { target: '#member.failed', actions: 'takeDefect' },
      },
    },
    requesting: {
      entry: 'joinForPendingCause',
      invoke: {
        src: 'joinGroup',
        id: 'joinGroup',
        input: ({ context }) => ({
          ...identityOf(context),
          topics: context.topics,
          owned: context.owned,
          reason: context.cause?.what ?? '',
        }),
        onDone: [
          { guard: 'isJoined', target: '#member.syncing', actions: 'takeMembership' },
          {
            guard: 'isMemberIdRequired',
            target: 'requesting',
            reenter: true,
            actions: 'takeMemberId',
          },
          {
            guard: 'isMemberUnknown',
            target: 'identityRejected',
            actions: ['takeMembershipLossCause', 'forgetMembership'],
          },
          { guard: 'isUnavailable', target: 'backingOff', actions: 'countAttempt' },
          { target: '#member.failed', actions: 'takeError' },
        ],
        onError: { target: '#member.failed', actions: 'takeDefect' },
      },
    },
    /** The old identity is worthless: with partitions that is a loss, else just join anew. */
    identityRejected: {
      always: [
        { guard: 'holdsPartitions', target: '#member.fenced' },
        { target: 'findingCoordinator' },
      ],
    },
    backingOff: {
      after: { retryBackoff: { target: 'findingCoordinator' } },
    },
  },
})
