import { identityOf } from '../context.js'
import { memberSetup } from '../member-setup.js'

/** As long as anything is held, it can be lost: nothing is committed for it then. */
const losses = {
  'member.unknown': {
    guard: 'concernsThisGeneration',
    target: 'losing',
    actions: ['takeCause', 'forgetMembership'],
  },
  'member.replaced': { target: 'losing', actions: ['takeCause', 'forgetMemberId'] },
  'session.expired': { guard: 'isInGroup', target: 'losing', actions: 'takeCause' },
} as const

/** Drain, commit, revoke, LeaveGroup: the others take over at once. */
export const leaving = memberSetup.createStateConfig({
  initial: 'planning',
  on: {
    close: {},
    fail: {},
    'subscription.changed': {},
    'metadata.changed': {},
    'group.rebalancing': {},
    'poll.overdue': {},
  },
  states: {
    planning: {
      entry: 'planRevocationOfAll',
      always: [{ guard: 'hasRevocations', target: 'draining' }, { target: 'deciding' }],
    },
    draining: {
      on: losses,
      invoke: {
        src: 'drainPartitions',
        id: 'drainPartitions',
        input: ({ context }) => ({ ...identityOf(context), partitions: context.revoking }),
        onDone: { target: 'committing' },
        onError: { target: '#member.failed', actions: 'takeDefect' },
      },
    },
    committing: {
      on: losses,
      invoke: {
        src: 'commitOffsets',
        id: 'commitOffsets',
        input: ({ context }) => ({ ...identityOf(context), partitions: context.revoking }),
        onDone: [
          {
            guard: 'isMemberUnknown',
            target: 'losing',
            actions: ['takeMembershipLossCause', 'forgetMembership'],
          },
          { target: 'revoking' },
        ],
        onError: { target: '#member.failed', actions: 'takeDefect' },
      },
    },
    /** As in `rebalancing`: the callback runs on, but what it speaks of may be somebody else's now. */
    revoking: {
      on: losses,
      invoke: {
        src: 'revokePartitions',
        id: 'revokePartitions',
        input: ({ context }) => ({ ...identityOf(context), partitions: context.revoking }),
        onDone: { target: 'deciding', actions: 'releaseAll' },
        onError: { target: '#member.failed', actions: 'takeDefect' },
      },
    },
    losing: {
      entry: 'stopHeartbeat',
      on: { 'member.unknown': {}, 'member.replaced': {}, 'session.expired': {} },
      invoke: {
        src: 'losePartitions',
        id: 'losePartitions',
        input: ({ context }) => ({ ...identityOf(context), partitions: context.owned }),
        onDone: { target: 'deciding', actions: 'releaseAll' },
        onError: { target: '#member.failed', actions: 'takeDefect' },
      },
    },
    deciding: {
      entry: 'stopHeartbeat',
      always: [{ guard: 'needNotLeaveGroup', target: '#member.left' }, { target: 'requesting' }],
    },
    requesting: {
      on: { 'member.unknown': {}, 'member.replaced': {}, 'session.expired': {} },
      invoke: {
        src: 'leaveGroup',
        id: 'leaveGroup',
        input: ({ context }) => identityOf(context),
        // Not heard by the coordinator: the session timeout does its work.
        onDone: { target: '#member.left' },
        onError: { target: '#member.failed', actions: 'takeDefect' },
      },
    },
  },
})
