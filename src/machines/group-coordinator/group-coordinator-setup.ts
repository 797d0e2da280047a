import { setup } from 'xstate'
import { given } from '../given.js'
import { type GroupContext, membersInOrder, rebalanceTimeoutMs } from './context.js'
import { Draft } from './draft.js'
import type {
  EventOf,
  GroupEmitted,
  GroupError,
  GroupEvent,
  GroupRequest,
  PersistOutcome,
} from './events.js'
import { guards } from './guards.js'
import * as join from './join-steps.js'
import { get } from './keyed.js'
import * as leave from './leave-steps.js'
import * as rebalance from './rebalance-steps.js'
import { requestRefusal } from './refusals.js'
import type { GroupInput, StoredGroup } from './stored-group.js'
import * as sync from './sync-steps.js'

const base = setup({
  types: {
    context: {} as GroupContext,
    events: {} as GroupEvent,
    emitted: {} as GroupEmitted,
    input: {} as GroupInput,
  },
  actors: {
    /** Makes the group durable: ends with an outcome, `notStored` on a failure. */
    persistGroup: given<PersistOutcome, StoredGroup>('persistGroup'),
  },
  guards,
  delays: {
    initialRebalanceDelay: ({ context }) => context.initialDelay.delayMs,
    rebalanceTimeout: ({ context }) => Math.max(0, rebalanceTimeoutMs(context)),
  },
})

/** Timers get ids of their own: a cancel must find them, and default ids are random. */
const sessionTimer = (memberId: string): string => `session:${memberId}`
const SYNC_TIMER = 'sync'

/** An action from a step: a pure function of context and event, its outputs as XState actions. */
const act = (step: (draft: Draft, event: GroupEvent) => void) =>
  base.enqueueActions(({ context, event, enqueue }) => {
    const draft = new Draft(context)
    step(draft, event)
    if (draft.context !== context) enqueue.assign(draft.context)
    const start = (id: string, event: GroupEvent, delay: number): void => {
      enqueue.cancel(id)
      enqueue.raise(event, { id, delay: Math.max(0, delay) })
    }
    for (const output of draft.outputs) {
      if (output.type === 'emit') enqueue.emit(output.event)
      else if (output.type === 'startSession') {
        const { memberId, delayMs } = output
        start(sessionTimer(memberId), { type: 'session.expired', memberId }, delayMs)
      } else if (output.type === 'endSession') enqueue.cancel(sessionTimer(output.memberId))
      else if (output.type === 'startSyncTimer') {
        start(SYNC_TIMER, { type: 'sync.expired' }, output.delayMs)
      } else enqueue.cancel(SYNC_TIMER)
    }
  })

/** An action that belongs to certain events; on another one it would be a defect of the chart. */
const on = <T extends GroupEvent['type']>(
  types: readonly T[],
  step: (draft: Draft, event: EventOf<T>) => void,
) =>
  act((draft, event) => {
    if (!types.includes(event.type as T)) {
      throw new Error(`StreamBus defect: '${event.type}' reached an action for '${types}'`)
    }
    step(draft, event as EventOf<T>)
  })

const requests = [
  'member.join',
  'member.sync',
  'member.heartbeat',
  'member.leave',
  'offsets.commit',
  'group.delete',
] as const satisfies readonly GroupRequest['type'][]

const fromMembers = ['member.heartbeat', 'member.sync', 'offsets.commit'] as const

const refuseWith = (error: GroupError) =>
  on(requests, (draft, request) => leave.refuseBecause(draft, request, error))

/** The vocabulary of the coordinator's chart; the states are written with it. */
export const groupCoordinatorSetup = base.extend({
  actions: {
    refuseJoin: on(['member.join'], join.refuseJoin),
    turnAwayJoin: on(['member.join'], join.turnAwayJoin),
    issueMemberId: on(['member.join'], join.issueMemberId),
    admitMember: on(['member.join'], join.admitMember),
    parkJoin: on(['member.join'], join.parkJoin),
    noteRejoin: on(['member.join'], join.noteRejoin),
    answerJoin: on(['member.join'], join.answerJoin),
    replaceStaticMember: on(['member.join'], join.replaceStaticMember),
    noteStaticReturn: on(['member.join'], join.noteStaticReturn),
    answerStaticReturns: act(join.answerStaticReturns),
    failStaticReturns: act((draft) => join.failStaticReturns(draft, 'NOT_COORDINATOR')),

    parkSync: on(['member.sync'], sync.parkSync),
    takeAssignments: on(['member.sync'], sync.takeAssignments),
    answerSync: on(['member.sync'], sync.answerSync),
    answerSyncs: act(sync.answerSyncs),
    /** Kafka, too, answers NOT_COORDINATOR when its storage fails. */
    failSyncs: act((draft) => sync.releaseSyncs(draft, 'NOT_COORDINATOR')),
    noteStoreFailure: act((draft) => {
      const leader = get(draft.context.members, draft.context.leaderId ?? '')
      if (leader !== undefined) draft.because('assignment not stored', leader)
    }),
    expectSyncs: act(sync.expectSyncs),
    removeUnsynced: act(sync.removeUnsynced),

    beginRebalance: act(rebalance.beginRebalance),
    beginInitialDelay: act(rebalance.beginInitialDelay),
    extendInitialDelay: act(rebalance.extendInitialDelay),
    dropAbsentMembers: act(rebalance.dropAbsentMembers),
    beginGeneration: act(rebalance.beginGeneration),
    answerJoins: act(rebalance.answerJoins),
    emptyGroup: act(rebalance.emptyGroup),
    finishRebalance: act(rebalance.finishRebalance),

    leaveMembers: on(['member.leave'], leave.leaveMembers),
    expireMember: on(['session.expired'], leave.expireMember),
    sendEveryoneAway: act((draft) => leave.sendEveryoneAway(draft, 'NOT_COORDINATOR')),

    confirm: on(requests, (draft, { type: to, requestId }) => {
      if (to === 'member.heartbeat' || to === 'offsets.commit' || to === 'group.delete') {
        draft.reply(requestId, { to, error: null })
      }
    }),
    refuseRequest: on(fromMembers, (draft, request) =>
      leave.refuseBecause(draft, request, requestRefusal(draft.context, request)!),
    ),
    askToRejoin: refuseWith('REBALANCE_IN_PROGRESS'),
    refuseNonEmpty: refuseWith('NON_EMPTY_GROUP'),
    refuseDead: refuseWith('COORDINATOR_NOT_AVAILABLE'),
    refuseUnknownGroup: refuseWith('GROUP_ID_NOT_FOUND'),

    /** A sign of life. No timer runs for a member whose request is parked here. */
    restartSession: on(fromMembers, (draft, { memberId }) => {
      const member = get(draft.context.members, memberId)
      if (member === undefined || member.parkedJoin !== null || member.parkedSync !== null) return
      draft.startSession(memberId, member.sessionTimeoutMs)
    }),
    /** After a restart of the broker everybody has a whole session again. */
    startAllSessions: act((draft) => {
      for (const { memberId, sessionTimeoutMs } of membersInOrder(draft.context)) {
        draft.startSession(memberId, sessionTimeoutMs)
      }
    }),
    noteTooBig: act((draft) => {
      const [first] = membersInOrder(draft.context)
      if (first !== undefined) draft.because('group over capacity', first)
    }),
    /** Nothing is dropped in silence: the host counts and logs what came out of place. */
    recordIgnored: act((draft, event) => draft.emit({ type: 'ignored', event: event.type })),
  },
})
