import type {
  JoinEvent,
  PersistOutcome,
  SyncEvent,
} from '../../../src/machines/group-coordinator/events.js'

/** Events that XState makes itself, by the name that the table of legal transitions uses. */
export const internal = {
  delayElapsed: {
    type: 'xstate.after.initialRebalanceDelay.group.preparingRebalance.initialDelay',
  },
  rebalanceTimedOut: {
    type: 'xstate.after.rebalanceTimeout.group.preparingRebalance.awaitingMembers',
  },
  persisted: (outcome: PersistOutcome = { tag: 'stored' }) => ({
    type: 'xstate.done.actor.persistGroup',
    output: outcome,
    actorId: 'persistGroup',
  }),
  persistDied: {
    type: 'xstate.error.actor.persistGroup',
    error: new Error('boom'),
    actorId: 'persistGroup',
  },
}

let requests = 0
export const nextRequest = (): string => `r${++requests}`

export const bytes = (text: string): string => Buffer.from(text).toString('base64')

/** A JoinGroup as v9 would send it; `memberId` empty and `newMemberId` given for a new member. */
export const join = (change: Partial<JoinEvent> = {}): JoinEvent => ({
  type: 'member.join',
  requestId: nextRequest(),
  memberId: '',
  newMemberId: 'new',
  groupInstanceId: null,
  clientId: 'client',
  clientHost: '/127.0.0.1',
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 60_000,
  protocolType: 'consumer',
  protocols: [{ name: 'range', metadata: bytes('m') }],
  reason: null,
  requireKnownMemberId: false,
  canSkipAssignment: true,
  ...change,
})

export const sync = (memberId: string, generation: number, change: Partial<SyncEvent> = {}) =>
  ({
    type: 'member.sync',
    requestId: nextRequest(),
    memberId,
    groupInstanceId: null,
    generation,
    protocolType: null,
    protocolName: null,
    assignments: [],
    ...change,
  }) satisfies SyncEvent

export const heartbeat = (
  memberId: string,
  generation: number,
  groupInstanceId: string | null = null,
) =>
  ({
    type: 'member.heartbeat',
    requestId: nextRequest(),
    memberId,
    groupInstanceId,
    generation,
  }) as const

export const commit = (
  memberId: string,
  generation: number,
  groupInstanceId: string | null = null,
) =>
  ({
    type: 'offsets.commit',
    requestId: nextRequest(),
    memberId,
    groupInstanceId,
    generation,
  }) as const

export const leave = (memberId: string, groupInstanceId: string | null = null) =>
  ({
    type: 'member.leave',
    requestId: nextRequest(),
    members: [{ memberId, groupInstanceId, reason: null }],
  }) as const

export const expire = (memberId: string) => ({ type: 'session.expired', memberId }) as const
