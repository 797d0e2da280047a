import { identityOf } from '../context.js'
import { memberSetup } from '../member-setup.js'

/**
 * Partitions on their way out: records in hand are finished (bounded by drainTimeoutMs), what is
 * done is committed, `onPartitionsRevoked` is awaited, then they go; then the member joins again.
 * The heartbeat goes on throughout.
 */
export const rebalancing = memberSetup.createStateConfig({
  initial: 'planning',
  on: {
    'subscription.changed': { actions: 'takeSubscription' },
    'metadata.changed': {},
    'poll.overdue': {},
    'group.rebalancing': {},
    fail: { target: 'failed', actions: 'takeError' },
    'member.replaced': { target: 'failed', actions: ['takeCause', 'takeError'] },
  },
  states: {
    planning: {
      entry: 'planRevocation',
      always: [{ guard: 'hasRevocations', target: 'draining' }, { target: '#member.joining' }],
    },
    draining: {
      on: {
        close: { target: '#member.leaving', actions: 'takeClose' },
        'member.unknown': {
          guard: 'concernsThisGeneration',
          target: '#member.fenced',
          actions: ['takeCause', 'forgetMembership'],
        },
        'session.expired': { target: '#member.fenced', actions: 'takeCause' },
      },
      invoke: {
        src: 'drainPartitions',
        id: 'drainPartitions',
        input: ({ context }) => ({ ...identityOf(context), partitions: context.revoking }),
        onDone: { target: 'committing' },
        onError: { target: '#member.failed', actions: 'takeDefect' },
      },
    },
    committing: {
      on: {
        close: { target: '#member.leaving', actions: 'takeClose' },
        'member.unknown': {
          guard: 'concernsThisGeneration',
          target: '#member.fenced',
          actions: ['takeCause', 'forgetMembership'],
        },
        'session.expired': { target: '#member.fenced', actions: 'takeCause' },
      },
      invoke: {
        src: 'commitOffsets',
        id: 'commitOffsets',
        input: ({ context }) => ({ ...identityOf(context), partitions: context.revoking }),
        onDone: [
          {
            guard: 'isMemberUnknown',
            target: '#member.fenced',
            actions: ['takeMembershipLossCause', 'forgetMembership'],
          },
          // Committed or not: the hand-over goes on, what is uncommitted will be delivered again.
          { target: 'revoking' },
        ],
        onError: { target: '#member.failed', actions: 'takeDefect' },
      },
    },
    /**
     * The application's callback runs and cannot be taken back, so a close waits for it. A loss
     * does not: under the cooperative protocol the partitions that stay are still handed out. The
     * callback for the loss comes after this one all the same (see `CallbackQueue`).
     */
    revoking: {
      on: {
        close: { actions: 'takeClose' },
        'member.unknown': {
          guard: 'concernsThisGeneration',
          target: '#member.fenced',
          actions: ['takeCause', 'forgetMembership'],
        },
        'session.expired': { target: '#member.fenced', actions: 'takeCause' },
      },
      invoke: {
        src: 'revokePartitions',
        id: 'revokePartitions',
        input: ({ context }) => ({ ...identityOf(context), partitions: context.revoking }),
        onDone: [
          { guard: 'isClosing', target: '#member.leaving', actions: 'releaseRevoked' },
          { target: '#member.joining', actions: 'releaseRevoked' },
        ],
        onError: { target: '#member.failed', actions: 'takeDefect' },
      },
    },
  },
})
