import { groupCoordinatorSetup } from './group-coordinator-setup.js'
import { completingRebalance, dead, empty, preparingRebalance, stable } from './states.js'
import { initialContext } from './stored-group.js'

/**
 * The coordinator of one consumer group, Kafka's classic protocol (GroupCoordinator and
 * GroupMetadata in Kafka's core; ClassicGroup in its newer group-coordinator). Requests come in as
 * events and leave as emitted replies, so that a step can be run purely and looked at; timers are
 * delayed events; what has to be durable before an answer is invoked as `persistGroup`.
 *
 * A closed connection is no event (Kafka's rule): a member is gone when it leaves or when its
 * session ends. That bounds ghosts (KAFKA-7610, KAFKA-9752): an id that was given out but not
 * used ends after a session timeout, a member that joined without knowing its id after
 * `newMemberJoinTimeoutMs` at most.
 */
export const groupCoordinatorMachine = groupCoordinatorSetup.createMachine({
  id: 'group',
  context: ({ input }) => initialContext(input),
  initial: 'empty',
  on: {
    'group.unload': { target: '.dead', actions: 'sendEveryoneAway' },
    '*': { actions: 'recordIgnored' },
  },
  states: { empty, preparingRebalance, completingRebalance, stable, dead },
})

export type GroupCoordinatorMachine = typeof groupCoordinatorMachine
