import { identityOf } from '../context.js'
import { memberSetup } from '../member-setup.js'

/** Fatal and named in `context.error`. Partitions are given up so that others can take them. */
export const failed = memberSetup.createStateConfig({
  initial: 'planning',
  entry: 'stopHeartbeat',
  on: {
    fail: {},
    'subscription.changed': {},
    'metadata.changed': {},
    'group.rebalancing': {},
    'member.unknown': {},
    'member.replaced': {},
    'session.expired': {},
    'poll.overdue': {},
    'poll.resumed': {},
  },
  states: {
    planning: {
      always: [{ guard: 'holdsPartitions', target: 'losing' }, { target: 'deciding' }],
    },
    losing: {
      on: { close: { actions: 'takeClose' } },
      invoke: {
        src: 'losePartitions',
        id: 'losePartitions',
        input: ({ context }) => ({ ...identityOf(context), partitions: context.owned }),
        onDone: { target: 'deciding', actions: 'releaseAll' },
        onError: { target: 'deciding', actions: 'releaseAll' },
      },
    },
    deciding: {
      always: [{ guard: 'needNotLeaveGroup', target: 'resting' }, { target: 'releasing' }],
    },
    releasing: {
      on: { close: { actions: 'takeClose' } },
      invoke: {
        src: 'leaveGroup',
        id: 'leaveGroup',
        input: ({ context }) => identityOf(context),
        onDone: { target: 'resting' },
        onError: { target: 'resting' },
      },
    },
    resting: {
      always: { guard: 'isClosing', target: '#member.left' },
      on: { close: { target: '#member.left', actions: 'takeClose' } },
    },
  },
})
