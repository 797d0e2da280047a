import { initialTransition, type SnapshotFrom, transition } from 'xstate'
import type { MemberContext, MemberInput } from '../../../src/machines/member/context.js'
import type { MemberEvent } from '../../../src/machines/member/events.js'
import type { MemberHappening, MemberPath } from '../../../src/machines/member/legal-transitions.js'
import { type MemberMachine, memberMachine } from '../../../src/machines/member/member-machine.js'

export type Snapshot = SnapshotFrom<MemberMachine>

export interface Action {
  readonly type: string
  readonly params?: unknown
}

export interface Step {
  readonly snapshot: Snapshot
  readonly actions: readonly Action[]
}

export const baseInput: MemberInput = {
  groupId: 'group',
  groupInstanceId: null,
  rebalanceProtocol: 'cooperative',
  topics: ['a', 'b'],
  assign: [],
  jitter: 0.5,
  retryBackoffMs: 100,
  retryBackoffMaxMs: 1_000,
}

export const start = (input: Partial<MemberInput> = {}): Snapshot =>
  initialTransition(memberMachine, { ...baseInput, ...input })[0]

/** An event as XState sees it; done events of actors are not in the machine's own union. */
export interface AnyEvent {
  readonly type: string
  readonly [field: string]: unknown
}

export const step = (snapshot: Snapshot, event: AnyEvent): Step => {
  const [next, actions] = transition(memberMachine, snapshot, event as unknown as MemberEvent)
  return { snapshot: next, actions: actions as readonly Action[] }
}

export const pathOf = (value: Snapshot['value']): MemberPath => {
  if (typeof value === 'string') return value as MemberPath
  const [top, inner] = Object.entries(value)[0]!
  return `${top}.${inner as string}` as MemberPath
}

export const done = (actor: string, output: object): AnyEvent => ({
  type: `xstate.done.actor.${actor}`,
  actorId: actor,
  output,
})

export const defect = (actor: string): AnyEvent => ({
  type: `xstate.error.actor.${actor}`,
  actorId: actor,
  error: new Error('bug'),
})

export const backoffElapsed: AnyEvent = {
  type: 'xstate.after.retryBackoff.member.joining.backingOff',
}

export const trouble = { code: 'BROKER_ERROR', message: 'trouble' } as const
const cause = { what: 'a reason', evidence: 'observed' } as const
const unknown = (kafkaError: 'UNKNOWN_MEMBER_ID' | 'ILLEGAL_GENERATION', generation: number) =>
  ({ type: 'member.unknown', kafkaError, generation }) as const

/** Every event from outside, in each variant that a guard or an action tells apart. */
export const outsideEvents = (context: MemberContext): readonly MemberEvent[] => [
  { type: 'subscribe', topics: ['a', 'b'] },
  { type: 'subscription.changed', topics: ['a'] },
  { type: 'metadata.changed', cause },
  { type: 'group.rebalancing', cause },
  unknown('UNKNOWN_MEMBER_ID', context.generation),
  unknown('ILLEGAL_GENERATION', context.generation),
  unknown('UNKNOWN_MEMBER_ID', context.generation - 1),
  { type: 'member.replaced', error: trouble },
  { type: 'session.expired', cause },
  { type: 'poll.overdue', cause },
  { type: 'poll.resumed' },
  { type: 'fail', error: trouble },
  { type: 'close', leaveGroup: true },
  { type: 'close', leaveGroup: false },
]

const a0 = { topic: 'a', partition: 0 }
const b0 = { topic: 'b', partition: 0 }
const unavailable = { tag: 'unavailable', error: trouble }
const refused = { tag: 'refused', error: trouble }
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
const outcomes: Readonly<Record<string, (context: MemberContext) => readonly object[]>> = {
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

/** What a step starts, with which input. */
export const spawned = (actions: readonly Action[]): readonly { src: string; input: object }[] =>
  actions.flatMap(({ type, params }) =>
    type === 'xstate.spawnChild' ? [params as { src: string; input: object }] : [],
  )

/** The actors that the state waits for; the heartbeat never ends by itself. */
export const invoked = (snapshot: Snapshot): string[] =>
  Object.keys(snapshot.children).filter((id) => id !== 'heartbeat')

/** What may come by itself: the ends of invoked actors and the timer. */
export const inwardEvents = (snapshot: Snapshot): readonly [MemberHappening, AnyEvent][] => {
  const events: [MemberHappening, AnyEvent][] = []
  for (const actor of invoked(snapshot)) {
    for (const outcome of outcomes[actor]!(snapshot.context)) {
      const { tag } = outcome as { tag: string }
      events.push([`${actor}: ${tag}` as MemberHappening, done(actor, outcome)])
    }
    events.push([`${actor}: defect` as MemberHappening, defect(actor)])
  }
  if (snapshot.matches({ joining: 'backingOff' })) events.push(['backoff.elapsed', backoffElapsed])
  return events
}

export interface Edge {
  readonly from: Snapshot
  readonly happening: MemberHappening
  readonly event: AnyEvent
  readonly to: Snapshot
  readonly actions: readonly Action[]
  readonly isIgnored: boolean
}

/** Counters and texts that no guard reads are evened out, so that the graph is finite. */
const normalised = (snapshot: Snapshot): Snapshot => {
  const { context } = snapshot
  const flat = (one: MemberContext['cause']): MemberContext['cause'] =>
    one === null ? null : cause
  return {
    ...snapshot,
    context: {
      ...context,
      generation: Math.min(context.generation, 5),
      attempt: 0,
      rebalances: 0,
      trouble: null,
      cause: flat(context.cause),
      pendingCause: flat(context.pendingCause),
    },
  } as Snapshot
}

const keyOfSnapshot = (snapshot: Snapshot): string => {
  const { context, value, children } = snapshot
  const { memberId, generation, owned, adding, revoking, closing, pendingCause, topics } = context
  const { isLeader, skipAssignment, error } = context
  return JSON.stringify([
    value,
    Object.keys(children).sort(),
    [memberId, generation < 0, owned, adding, revoking, closing, pendingCause, topics],
    [isLeader, skipAssignment, error !== null, context.rebalanceProtocol, context.groupId],
  ])
}

/** Every reachable place of the chart, by every event that can come, with every edge between. */
export const explore = (from: readonly Snapshot[]): { nodes: Snapshot[]; edges: Edge[] } => {
  const nodes: Snapshot[] = []
  const edges: Edge[] = []
  const seen = new Map<string, Snapshot>()
  const visit = (snapshot: Snapshot): Snapshot => {
    const flat = normalised(snapshot)
    const key = keyOfSnapshot(flat)
    const known = seen.get(key)
    if (known !== undefined) return known
    seen.set(key, flat)
    nodes.push(flat)
    return flat
  }
  for (const snapshot of from) visit(snapshot)
  for (let index = 0; index < nodes.length; index++) {
    const node = nodes[index]!
    if (node.status !== 'active') continue
    const outside = outsideEvents(node.context).map(
      (event) => [event.type, event as unknown as AnyEvent] as const,
    )
    for (const [happening, event] of [...outside, ...inwardEvents(node)]) {
      const { snapshot, actions } = step(node, event)
      const isIgnored = actions.some(({ type }) => type === 'recordIgnored')
      visit(snapshot)
      edges.push({ from: node, happening, event, to: snapshot, actions, isIgnored })
    }
  }
  return { nodes, edges }
}
