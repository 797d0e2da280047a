import { memberSetup } from '../member-setup.js'

/** Heartbeating and fetching. Every way out has its cause. */
export const stable = memberSetup.createStateConfig({
  always: { guard: 'mustRejoin', target: 'rebalancing', actions: 'takePendingCause' },
  on: {
    close: { target: 'leaving', actions: 'takeClose' },
    fail: { target: 'failed', actions: 'takeError' },
    'subscription.changed': {
      guard: 'isInGroup',
      target: 'rebalancing',
      actions: ['takeSubscription', 'takeCause'],
    },
    'metadata.changed': { guard: 'isInGroup', target: 'rebalancing', actions: 'takeCause' },
    'group.rebalancing': { guard: 'isInGroup', target: 'rebalancing', actions: 'takeCause' },
    'member.unknown': {
      guard: 'concernsThisGeneration',
      target: 'fenced',
      actions: ['takeCause', 'forgetMembership'],
    },
    'member.replaced': { target: 'failed', actions: ['takeCause', 'takeError'] },
    'session.expired': { guard: 'isInGroup', target: 'fenced', actions: 'takeCause' },
    'poll.overdue': { guard: 'isInGroup', target: 'fenced.abandoning', actions: 'takeCause' },
  },
})
