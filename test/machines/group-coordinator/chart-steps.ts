import { type EventFromLogic, initialTransition, type SnapshotFrom, transition } from 'xstate'
import type {
  GroupEmitted,
  GroupError,
  GroupEvent,
  JoinEvent,
  JoinReply,
  PersistOutcome,
  SyncEvent,
} from '../../../src/machines/group-coordinator/events.js'
import {
  type GroupCoordinatorMachine,
  groupCoordinatorMachine,
} from '../../../src/machines/group-coordinator/group-coordinator-machine.js'
import type { GroupInput } from '../../../src/machines/group-coordinator/stored-group.js'

export type Snapshot = SnapshotFrom<GroupCoordinatorMachine>
type MachineEvent = EventFromLogic<GroupCoordinatorMachine>

export interface Timer {
  readonly id: string
  readonly delay: number
}

export interface Stepped {
  readonly snapshot: Snapshot
  /** `stable.serving`, `empty`, ... */
  readonly path: string
  readonly emitted: readonly GroupEmitted[]
  readonly started: readonly Timer[]
  readonly cancelled: readonly string[]
  /** Both, in their order. */
  readonly timing: readonly { readonly do: 'start' | 'cancel'; readonly id: string }[]
}

export const settings = {
  initialRebalanceDelayMs: 3_000,
  newMemberJoinTimeoutMs: 300_000,
  maxSize: 1_000_000,
}

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

interface PlainAction {
  readonly type: string
  readonly params?: unknown
}

const pathOf = (value: Snapshot['value']): string =>
  typeof value === 'string' ? value : Object.entries(value).map((entry) => entry.join('.'))[0]!

const stepped = (snapshot: Snapshot, actions: readonly PlainAction[]): Stepped => {
  const emitted: GroupEmitted[] = []
  const started: Timer[] = []
  const cancelled: string[] = []
  const timing: { readonly do: 'start' | 'cancel'; readonly id: string }[] = []
  for (const { type, params } of actions) {
    if (type === 'xstate.emit') emitted.push((params as { event: GroupEmitted }).event)
    if (type === 'xstate.raise') {
      started.push(params as Timer)
      timing.push({ do: 'start', id: (params as Timer).id })
    }
    if (type === 'xstate.cancel') {
      const { sendId } = params as { sendId: string }
      cancelled.push(sendId)
      timing.push({ do: 'cancel', id: sendId })
    }
  }
  return { snapshot, path: pathOf(snapshot.value), emitted, started, cancelled, timing }
}

export const begin = (input: Partial<GroupInput> = {}): Stepped => {
  const [snapshot, actions] = initialTransition(groupCoordinatorMachine, {
    groupId: 'g',
    settings,
    ...input,
  })
  return stepped(snapshot, actions)
}

export const step = (before: Stepped, event: GroupEvent | { readonly type: string }): Stepped => {
  const [snapshot, actions] = transition(
    groupCoordinatorMachine,
    before.snapshot,
    event as MachineEvent,
  )
  return stepped(snapshot, actions)
}

export const run = (
  before: Stepped,
  ...events: readonly (GroupEvent | { readonly type: string })[]
): Stepped => events.reduce(step, before)

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

export const replies = (
  after: Stepped,
): readonly Extract<GroupEmitted, { readonly type: 'reply' }>[] =>
  after.emitted.filter((event) => event.type === 'reply')

export const errorTo = (after: Stepped, requestId: string): GroupError | null | undefined =>
  replies(after).find((reply) => reply.requestId === requestId)?.error

export const joinReplyTo = (after: Stepped, requestId: string): JoinReply | undefined =>
  replies(after).find(
    (reply): reply is Extract<typeof reply, { readonly to: 'member.join' }> =>
      reply.requestId === requestId && reply.to === 'member.join',
  )

/** Members by these ids that joined while the group was empty, all synced; the first leads. */
export const stableGroup = (
  members: readonly (string | Partial<JoinEvent>)[] = ['a', 'b'],
  start: Stepped = begin(),
): Stepped => syncAll(completingGroup(members, start))

export const preparingGroup = (
  members: readonly (string | Partial<JoinEvent>)[] = ['a', 'b'],
  start: Stepped = begin(),
): Stepped =>
  members.reduce<Stepped>(
    (group, member) =>
      step(group, join(typeof member === 'string' ? { newMemberId: member } : member)),
    start,
  )

export const completingGroup = (
  members: readonly (string | Partial<JoinEvent>)[] = ['a', 'b'],
  start: Stepped = begin(),
): Stepped => {
  let group = preparingGroup(members, start)
  while (group.path === 'preparingRebalance.initialDelay') {
    group = step(group, internal.delayElapsed)
  }
  return group
}

export const idsOf = ({ snapshot }: Stepped): string[] =>
  Object.values(snapshot.context.members.buckets).flatMap(Object.keys).sort()

/** Everybody sends SyncGroup, the leader last, and the assignments are stored. */
export const syncAll = (group: Stepped): Stepped => {
  const { leaderId, generation } = group.snapshot.context
  const followers = idsOf(group).filter((id) => id !== leaderId)
  const assignments = idsOf(group).map((memberId) => ({
    memberId,
    assignment: bytes(`${memberId}@${generation}`),
  }))
  const asked = run(group, ...followers.map((id) => sync(id, generation)))
  return run(asked, sync(leaderId!, generation, { assignments }), internal.persisted())
}
