import { identityOf } from '../context.js'
import { memberSetup } from '../member-setup.js'

/**
 * The ownership is gone already: nothing may be committed. Delivery stops in the step that enters
 * this state, `onPartitionsLost` is awaited, then the member joins anew.
 */
export const fenced = memberSetup.createStateConfig({
  initial: 'losing',
  entry: 'stopHeartbeat',
  on: {
    // The application is told of its loss first; an interrupted callback would never be made up.
    fail: { actions: 'takeError' },
    close: { actions: 'takeClose' },
    'subscription.changed': { actions: 'takeSubscription' },
    'metadata.changed': {},
    'group.rebalancing': {},
    'member.unknown': {},
    'member.replaced': { actions: ['takeCause', 'takeError'] },
    'session.expired': {},
    'poll.overdue': {},
  },
  states: {
    losing: {
      invoke: {
        src: 'losePartitions',
        id: 'losePartitions',
        input: ({ context }) => ({ ...identityOf(context), partitions: context.owned }),
        onDone: [
          { guard: 'hasFailed', target: '#member.failed', actions: 'releaseAll' },
          { guard: 'isClosing', target: '#member.leaving', actions: 'releaseAll' },
          { target: '#member.joining', actions: 'releaseAll' },
        ],
        onError: { target: '#member.failed', actions: 'takeDefect' },
      },
    },
    /** The application stopped polling: others get the partitions now, not after a timeout. */
    abandoning: {
      invoke: {
        src: 'losePartitions',
        id: 'losePartitions',
        input: ({ context }) => ({ ...identityOf(context), partitions: context.owned }),
        onDone: [
          { guard: 'hasFailed', target: '#member.failed', actions: 'releaseAll' },
          { target: 'releasing', actions: 'releaseAll' },
        ],
        onError: { target: '#member.failed', actions: 'takeDefect' },
      },
    },
    releasing: {
      on: {
        fail: { target: '#member.failed', actions: 'takeError' },
        'member.replaced': { target: '#member.failed', actions: ['takeCause', 'takeError'] },
      },
      invoke: {
        src: 'leaveGroup',
        id: 'leaveGroup',
        input: ({ context }) => identityOf(context),
        onDone: { target: 'waitingForPoll', actions: 'forgetMemberId' },
        onError: { target: '#member.failed', actions: 'takeDefect' },
      },
    },
    waitingForPoll: {
      always: { guard: 'isClosing', target: '#member.leaving' },
      on: {
        'poll.resumed': { target: '#member.joining' },
        // Who subscribes is there again, and waits to be stable.
        'subscription.changed': { target: '#member.joining', actions: 'takeSubscription' },
        fail: { target: '#member.failed', actions: 'takeError' },
        'member.replaced': { target: '#member.failed', actions: ['takeCause', 'takeError'] },
        close: { target: '#member.leaving', actions: 'takeClose' },
      },
    },
  },
})
