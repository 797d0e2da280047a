import type { SnapshotFrom } from 'xstate'
import type { MemberHappening, MemberPath } from '../../../src/machines/member/legal-transitions.js'
import type { MemberMachine } from '../../../src/machines/member/member-machine.js'
import type { PlainAction } from '../pure-steps.js'
import { type AnyEvent, backoffElapsed, defect, done, outcomes } from './member-events.js'

export type Snapshot = SnapshotFrom<MemberMachine>

export interface Step {
  readonly snapshot: Snapshot
  readonly actions: readonly PlainAction[]
}

export const pathOf = (value: Snapshot['value']): MemberPath => {
  if (typeof value === 'string') return value as MemberPath
  const [top, inner] = Object.entries(value)[0]!
  return `${top}.${inner as string}` as MemberPath
}

export const topOf = (snapshot: Snapshot): string => pathOf(snapshot.value).split('.')[0]!

/** What a step starts, with which input. */
export const spawned = (
  actions: readonly PlainAction[],
): readonly { src: string; input: object }[] =>
  actions.flatMap(({ type, params }) =>
    type === 'xstate.spawnChild' ? [params as { src: string; input: object }] : [],
  )

/** The actors that the state waits for; the heartbeat never ends by itself. */
export const invoked = (snapshot: Snapshot): string[] =>
  Object.keys(snapshot.children).filter((id) => id !== 'heartbeat')

export const hasHeartbeat = (snapshot: Snapshot): boolean => 'heartbeat' in snapshot.children

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

/** How long the step makes the member wait before it looks for its coordinator again. */
export const retryDelay = (actions: readonly PlainAction[]): number | undefined =>
  actions.flatMap(({ type, params }) =>
    type === 'xstate.raise' ? [(params as { readonly delay?: number }).delay] : [],
  )[0]
