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
    fail: { target: 'failed', actions: 'takeError' },
    close: { actions: 'takeClose' },
    'subscription.changed': { actions: 'takeSubscription' },
    'metadata.changed': {},
    'group.rebalancing': {},
    'member.unknown': {},
    'member.replaced': { target: 'failed', actions: ['takeCause', 'takeError'] },
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
        onDone: { target: 'releasing', actions: 'releaseAll' },
        onError: { target: '#member.failed', actions: 'takeDefect' },
      },
    },
    releasing: {
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
        close: { target: '#member.leaving', actions: 'takeClose' },
      },
    },
  },
})
