import type { SnapshotFrom } from 'xstate'
import type {
  GroupEmitted,
  GroupError,
  GroupEvent,
  JoinEvent,
  JoinReply,
} from '../../../src/machines/group-coordinator/events.js'
import {
  type GroupCoordinatorMachine,
  groupCoordinatorMachine,
} from '../../../src/machines/group-coordinator/group-coordinator-machine.js'
import type {
  GroupInput,
  StoredGroup,
} from '../../../src/machines/group-coordinator/stored-group.js'
import { type PlainAction, pureSteps, type Steps } from '../pure-steps.js'
import { holds } from '../rule.js'
import { bytes, internal, join, sync } from './group-requests.js'

export type Snapshot = SnapshotFrom<GroupCoordinatorMachine>

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
  /** What is to be stored from here on. */
  readonly storing: readonly StoredGroup[]
}

export const settings = {
  initialRebalanceDelayMs: 3_000,
  newMemberJoinTimeoutMs: 300_000,
  maxSize: 1_000_000,
}

export const newGroup = { groupId: 'g', settings }

/** What can come: from a client, from a timer, or from XState itself. */
export type Sample = GroupEvent | { readonly type: string }

type Joiner = string | Partial<JoinEvent>

const pathOf = (value: Snapshot['value']): string =>
  typeof value === 'string' ? value : Object.entries(value).map((entry) => entry.join('.'))[0]!

const stepped = (snapshot: Snapshot, actions: readonly PlainAction[]): Stepped => {
  const emitted: GroupEmitted[] = []
  const started: Timer[] = []
  const cancelled: string[] = []
  const timing: { readonly do: 'start' | 'cancel'; readonly id: string }[] = []
  const storing: StoredGroup[] = []
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
    if (type === 'xstate.spawnChild') storing.push((params as { input: StoredGroup }).input)
  }
  return { snapshot, path: pathOf(snapshot.value), emitted, started, cancelled, timing, storing }
}

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

export const idsOf = ({ snapshot }: Stepped): string[] =>
  Object.values(snapshot.context.members.buckets).flatMap(Object.keys).sort()

/** A new group waits twice at most while nobody comes: the delay and what is left of it. */
const MOST_DELAYS = 3

/** A coordinator chart under test, stepped purely: the one we ship or one changed on purpose. */
export const coordinatorChart = (
  machine: GroupCoordinatorMachine = groupCoordinatorMachine,
  steps: Steps<Snapshot> = pureSteps<Snapshot>(machine, newGroup),
) => {
  const begin = (input: Partial<GroupInput> = {}): Stepped => {
    const [snapshot, actions] = steps.initial({ ...newGroup, ...input })
    return stepped(snapshot, actions)
  }

  const step = (before: Stepped, event: Sample): Stepped => {
    const [snapshot, actions] = steps.next(before.snapshot, event)
    return stepped(snapshot, actions)
  }

  const run = (before: Stepped, ...events: readonly Sample[]): Stepped =>
    events.reduce(step, before)

  const preparingGroup = (
    members: readonly Joiner[] = ['a', 'b'],
    start: Stepped = begin(),
  ): Stepped =>
    members.reduce<Stepped>(
      (group, member) =>
        step(group, join(typeof member === 'string' ? { newMemberId: member } : member)),
      start,
    )

  const completingGroup = (
    members: readonly Joiner[] = ['a', 'b'],
    start: Stepped = begin(),
  ): Stepped => {
    let group = preparingGroup(members, start)
    for (let delays = 0; delays < MOST_DELAYS; delays++) {
      if (group.path !== 'preparingRebalance.initialDelay') break
      group = step(group, internal.delayElapsed)
    }
    return group
  }

  /** Everybody sends SyncGroup, the leader last, and the assignments are stored. */
  const syncAll = (group: Stepped): Stepped => {
    const { leaderId, generation } = group.snapshot.context
    holds(leaderId !== null, `nobody leads a group in ${group.path}`)
    const followers = idsOf(group).filter((id) => id !== leaderId)
    const assignments = idsOf(group).map((memberId) => ({
      memberId,
      assignment: bytes(`${memberId}@${generation}`),
    }))
    const asked = run(group, ...followers.map((id) => sync(id, generation)))
    return run(asked, sync(leaderId, generation, { assignments }), internal.persisted())
  }

  /** Members by these ids that joined while the group was empty, all synced; the first leads. */
  const stableGroup = (
    members: readonly Joiner[] = ['a', 'b'],
    start: Stepped = begin(),
  ): Stepped => syncAll(completingGroup(members, start))

  return { machine, begin, step, run, preparingGroup, completingGroup, syncAll, stableGroup }
}

export type CoordinatorChart = ReturnType<typeof coordinatorChart>
