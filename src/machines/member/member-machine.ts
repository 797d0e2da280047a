import { initialContext } from './context.js'
import { memberSetup } from './member-setup.js'
import { failed } from './states/failed.js'
import { fenced } from './states/fenced.js'
import { joining } from './states/joining.js'
import { leaving } from './states/leaving.js'
import { rebalancing } from './states/rebalancing.js'
import { stable } from './states/stable.js'
import { syncing } from './states/syncing.js'

/**
 * One member of a consumer group, from its first subscribe to its leave. It decides and its host
 * acts: requests, callbacks and drains are invoked actors that end with an outcome. No record
 * ever passes through it.
 */
export const memberMachine = memberSetup.createMachine({
  id: 'member',
  context: ({ input }) => initialContext(input),
  initial: 'idle',
  on: { '*': { actions: 'recordIgnored' } },
  states: {
    idle: {
      on: {
        subscribe: [
          { guard: 'isGroupless', target: 'syncing', actions: 'takeCause' },
          { target: 'joining', actions: ['takeSubscription', 'takeCause'] },
        ],
        close: { target: 'left', actions: 'takeClose' },
      },
    },
    joining,
    syncing,
    stable,
    rebalancing,
    leaving,
    fenced,
    failed,
    left: { type: 'final', entry: 'stopHeartbeat' },
  },
})

export type MemberMachine = typeof memberMachine
