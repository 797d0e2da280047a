import { assign } from 'xstate'
import type { Assignor } from '../../src/assignors/index.js'
import { cooperativeStickyAssignor } from '../../src/assignors/index.js'
import {
  type GroupCoordinatorMachine,
  groupCoordinatorMachine,
} from '../../src/machines/group-coordinator/group-coordinator-machine.js'
import { groupCoordinatorSetup } from '../../src/machines/group-coordinator/group-coordinator-setup.js'
import { type MemberMachine, memberMachine } from '../../src/machines/member/member-machine.js'
import { memberSetup } from '../../src/machines/member/member-setup.js'

/** A chart's description as plain data, of which a changed copy can be made. */
interface Node {
  readonly on?: Readonly<Record<string, unknown>>
  readonly states?: Readonly<Record<string, Node>>
}

const node = (config: unknown): Node => config as Node

const withState = (parent: Node, path: string, change: (state: Node) => Node): Node => {
  const [name, ...rest] = path.split('.') as [string, ...string[]]
  const state = parent.states![name]!
  const changed = rest.length === 0 ? change(state) : withState(state, rest.join('.'), change)
  return { ...parent, states: { ...parent.states, [name]: changed } }
}

const withEvent =
  (event: string, transition: unknown) =>
  (state: Node): Node => ({ ...state, on: { ...state.on, [event]: transition } })

const without =
  (event: string) =>
  (state: Node): Node => {
    const { [event]: _removed, ...on } = state.on ?? {}
    return { ...state, on }
  }

const member = (config: Node): MemberMachine =>
  memberSetup.createMachine(config as never) as unknown as MemberMachine

const coordinator = (config: Node): GroupCoordinatorMachine =>
  groupCoordinatorSetup.createMachine(config as never) as unknown as GroupCoordinatorMachine

/** It goes on as if nothing were when it hears nothing for a session (Kafka's Java client does). */
export const neverFences = member(
  withState(node(memberMachine.config), 'stable', without('session.expired')),
)

/** As this chart was: closing, it held its partitions until the last callback had returned. */
export const holdsWhileLeaving = member(
  withState(node(memberMachine.config), 'leaving.revoking', withEvent('session.expired', {})),
)

/** An eager member that joins with what it has. */
export const neverRevokes = memberMachine.provide({
  actions: { planRevocation: assign({ revoking: [] }) as never },
})

/** Each SyncGroup is answered as soon as the leader's is there, and nothing is written. */
export const answersBeforeStoring = coordinator(
  withState(
    node(groupCoordinatorMachine.config),
    'completingRebalance.awaitingSync',
    withEvent('member.sync', [
      { guard: 'isRequestRefused', actions: 'refuseRequest' },
      {
        guard: 'isLeaderSync',
        target: '#group.stable',
        actions: ['parkSync', 'takeAssignments', 'answerSyncs', 'finishRebalance'],
      },
      { actions: 'parkSync' },
    ]),
  ),
)

/** KAFKA-12890: a member that heartbeats and never syncs keeps everybody waiting. */
export const waitsForSyncs = coordinator(
  ['completingRebalance', 'stable'].reduce(
    (config, state) => withState(config, state, without('sync.expired')),
    node(groupCoordinatorMachine.config),
  ),
)

/** A commit is taken from whoever sends it. */
export const takesAnyCommit = coordinator(
  withState(
    node(groupCoordinatorMachine.config),
    'stable',
    withEvent('offsets.commit', { actions: ['restartSession', 'confirm'] }),
  ),
)

/** Partitions are moved at once, without waiting until their owner has given them up. */
export const movesAtOnce: Assignor = {
  ...cooperativeStickyAssignor,
  assign: ({ members, partitions }) =>
    cooperativeStickyAssignor.assign({
      members: members.map((one) => ({ ...one, owned: [] })),
      partitions,
    }),
}
