import type { TopicPartition } from '../../../src/domain/topic-partition.js'
import type { MemberContext } from '../../../src/machines/member/context.js'
import type { MemberEvent } from '../../../src/machines/member/events.js'

/** An event as XState sees it; done events of actors are not in the machine's own union. */
export interface AnyEvent {
  readonly type: string
  readonly [field: string]: unknown
}

export const done = (actor: string, output: object): AnyEvent => ({
  type: `xstate.done.actor.${actor}`,
  actorId: actor,
  output,
})

const bug = new Error('bug')

export const defect = (actor: string): AnyEvent => ({
  type: `xstate.error.actor.${actor}`,
  actorId: actor,
  error: bug,
})

export const backoffElapsed: AnyEvent = {
  type: 'xstate.after.retryBackoff.member.joining.backingOff',
}

export const trouble = { code: 'BROKER_ERROR', message: 'trouble' } as const
export const replaced = { code: 'MEMBER_FENCED', message: 'another took its place' } as const
export const failure = { code: 'INVALID_CONFIG', message: 'it cannot go on' } as const
export const refusal = { code: 'GROUP_REFUSED', message: 'refused' } as const
export const cause = { what: 'a reason', evidence: 'observed' } as const
const told = (what: string) => ({ what: `told: ${what}`, evidence: 'observed' }) as const
const unknown = (kafkaError: 'UNKNOWN_MEMBER_ID' | 'ILLEGAL_GENERATION', generation: number) =>
  ({ type: 'member.unknown', kafkaError, generation }) as const

/** Every event from outside, in each variant that a guard or an action tells apart. */
export const outsideEvents = (context: MemberContext): readonly MemberEvent[] => [
  { type: 'subscribe', topics: ['a', 'b'] },
  { type: 'subscription.changed', topics: ['a'] },
  { type: 'metadata.changed', cause: told('topics changed') },
  { type: 'group.rebalancing', cause: told('the group rebalances') },
  unknown('UNKNOWN_MEMBER_ID', context.generation),
  unknown('ILLEGAL_GENERATION', context.generation),
  unknown('UNKNOWN_MEMBER_ID', context.generation - 1),
  { type: 'member.replaced', error: replaced },
  { type: 'session.expired', cause: told('no answer') },
  { type: 'poll.overdue', cause: told('no poll') },
  { type: 'poll.resumed' },
  { type: 'fail', error: failure },
  { type: 'close', leaveGroup: true },
  { type: 'close', leaveGroup: false },
]

const a0 = { topic: 'a', partition: 0 }
const b0 = { topic: 'b', partition: 0 }
export const unavailable = { tag: 'unavailable', error: trouble }
const refused = { tag: 'refused', error: refusal }
const forgotten = { tag: 'memberUnknown', kafkaError: 'UNKNOWN_MEMBER_ID' }
const outdated = { tag: 'memberUnknown', kafkaError: 'ILLEGAL_GENERATION' }

export const joined = (generation: number, more: object = {}): object => ({
  tag: 'joined',
  memberId: 'm',
  generation,
  protocol: 'range',
  isLeader: false,
  skipAssignment: false,
  memberCount: 2,
  ...more,
})

/** Every way in which each invoked actor can end. */
export const outcomes: Readonly<Record<string, (context: MemberContext) => readonly object[]>> = {
  findCoordinator: () => [{ tag: 'found' }, unavailable, refused],
  joinGroup: ({ generation }) => [
    joined(generation + 1),
    joined(generation + 1, { isLeader: true }),
    joined(generation + 1, { isLeader: true, skipAssignment: true }),
    { tag: 'memberIdRequired', memberId: 'm' },
    forgotten,
    outdated,
    unavailable,
    refused,
  ],
  computeAssignment: () => [{ tag: 'computed' }, unavailable, refused],
  syncGroup: () => [
    { tag: 'synced', assigned: [] },
    { tag: 'synced', assigned: [a0] },
    { tag: 'synced', assigned: [b0] },
    { tag: 'synced', assigned: [b0, a0] },
    { tag: 'rebalancing' },
    forgotten,
    outdated,
    unavailable,
    refused,
  ],
  assignPartitions: () => [{ tag: 'called' }],
  drainPartitions: () => [{ tag: 'drained' }, { tag: 'timedOut' }],
  commitOffsets: () => [
    { tag: 'committed' },
    { tag: 'rebalancing' },
    forgotten,
    outdated,
    unavailable,
    refused,
  ],
  revokePartitions: () => [{ tag: 'called' }],
  losePartitions: () => [{ tag: 'called' }],
  leaveGroup: () => [{ tag: 'left' }, unavailable],
}

export const subscribe: AnyEvent = { type: 'subscribe', topics: ['a'] }
export const found = done('findCoordinator', { tag: 'found' })
export const synced = (...assigned: readonly object[]): AnyEvent =>
  done('syncGroup', { tag: 'synced', assigned })
export const called = (actor: string): AnyEvent => done(actor, { tag: 'called' })
export const rebalance: AnyEvent = { type: 'group.rebalancing', cause }
export const partition = (number: number): TopicPartition => ({ topic: 'a', partition: number })
export const drained = done('drainPartitions', { tag: 'drained' })
export const committed = done('commitOffsets', { tag: 'committed' })
