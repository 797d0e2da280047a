import { identityOf } from '../context.js'
import { memberSetup } from '../member-setup.js'

/**
 * The group leader assigns, SyncGroup brings each member its part, and the application is told
 * what came. What is taken away (cooperative only) is drained and revoked in `rebalancing`.
 */
export const syncing = memberSetup.createStateConfig({
  initial: 'entering',
  on: {
    close: { target: 'leaving', actions: 'takeClose' },
    fail: { target: 'failed', actions: 'takeError' },
    'subscription.changed': { actions: ['takeSubscription', 'keepCauseForLater'] },
    'metadata.changed': { actions: 'keepCauseForLater' },
    'poll.overdue': {},
    // SyncGroup itself is answered so when another rebalance began; older coordinators answer
    // each heartbeat so while they wait for the leader, and joining again for that would never end.
    'group.rebalancing': {},
    'member.unknown': {
      guard: 'concernsThisGeneration',
      target: 'fenced',
      actions: ['takeCause', 'forgetMembership'],
    },
    'member.replaced': { target: 'failed', actions: ['takeCause', 'takeError'] },
    'session.expired': { guard: 'isInGroup', target: 'fenced', actions: 'takeCause' },
  },
  states: {
    entering: {
      always: [
        { guard: 'isGroupless', target: 'applying', actions: 'takeManualAssignment' },
        { guard: 'isLeader', target: 'computing', actions: 'startHeartbeat' },
        { target: 'requesting', actions: 'startHeartbeat' },
      ],
    },
    computing: {
      invoke: {
        src: 'computeAssignment',
        id: 'computeAssignment',
        input: ({ context }) => ({ protocol: context.protocol ?? '' }),
        onDone: [
          { guard: 'isComputed', target: 'requesting' },
          {
            guard: 'isUnavailable',
            target: '#member.joining.backingOff',
            actions: 'countAttempt',
          },
          { target: '#member.failed', actions: 'takeError' },
        ],
        onError: { target: '#member.failed', actions: 'takeDefect' },
      },
    },
    requesting: {
      invoke: {
        src: 'syncGroup',
        id: 'syncGroup',
        input: ({ context }) => ({
          ...identityOf(context),
          topics: context.topics,
          protocol: context.protocol ?? '',
          withAssignment: context.isLeader && !context.skipAssignment,
        }),
        onDone: [
          { guard: 'isSynced', target: 'applying', actions: 'takeAssignment' },
          // A follow-up rebalance overtook this one (KAFKA-14382): join it, nothing was applied.
          { guard: 'isRebalancing', target: '#member.joining' },
          {
            guard: 'isMemberUnknown',
            target: '#member.joining.identityRejected',
            actions: ['takeMembershipLossCause', 'forgetMembership'],
          },
          {
            guard: 'isUnavailable',
            target: '#member.joining.backingOff',
            actions: 'countAttempt',
          },
          { target: '#member.failed', actions: 'takeError' },
        ],
        onError: { target: '#member.failed', actions: 'takeDefect' },
      },
    },
    /** `onPartitionsAssigned` is awaited, so a seek in it comes before the first record. */
    applying: {
      on: { 'group.rebalancing': { actions: 'keepCauseForLater' } },
      invoke: {
        src: 'assignPartitions',
        id: 'assignPartitions',
        input: ({ context }) => ({ ...identityOf(context), partitions: context.adding }),
        onDone: [
          {
            guard: 'hasRevocations',
            target: '#member.rebalancing.draining',
            actions: ['finishAdding', 'noteRevocation'],
          },
          { target: '#member.stable', actions: 'finishAdding' },
        ],
        onError: { target: '#member.failed', actions: 'takeDefect' },
      },
    },
  },
})
