import type { MemberContext } from '../../../src/machines/member/context.js'
import type { MemberHappening } from '../../../src/machines/member/legal-transitions.js'
import type { PlainAction } from '../pure-steps.js'
import type { Fault } from '../rule.js'
import type { MemberChart } from './member-chart.js'
import { type AnyEvent, cause, outsideEvents } from './member-events.js'
import { inwardEvents, type Snapshot } from './member-snapshot.js'

export interface Edge {
  readonly from: Snapshot
  readonly happening: MemberHappening
  readonly event: AnyEvent
  readonly to: Snapshot
  readonly actions: readonly PlainAction[]
  readonly isIgnored: boolean
}

export interface Exploration {
  readonly nodes: readonly Snapshot[]
  readonly edges: readonly Edge[]
  /** There were more places than any sane chart of this kind has. */
  readonly isCutOff: boolean
}

/** Looks at what is found while it is found; what it returns ends the exploration. */
export interface Watch {
  readonly place: (node: Snapshot) => Fault | undefined
  readonly edge: (edge: Edge) => Fault | undefined
}

/** The chart as it is has 5,891 places. */
const MOST_NODES = 20_000

/** What a reason that is kept for later is called while the chart is explored. */
export const keptCause = { what: 'a reason from before', evidence: 'observed' } as const

/** Counters and texts that no guard reads are evened out, so that the graph is finite. */
const normalised = (snapshot: Snapshot): Snapshot => {
  const { context } = snapshot
  return {
    ...snapshot,
    context: {
      ...context,
      generation: Math.min(context.generation, 5),
      attempt: 0,
      rebalances: 0,
      trouble: null,
      cause: context.cause === null ? null : cause,
      pendingCause: context.pendingCause === null ? null : keptCause,
    } satisfies MemberContext,
  } as Snapshot
}

/** Snapshots of one key count as one place. */
type KeyOf = (snapshot: Snapshot) => string

const fineKey: KeyOf = ({ context, value, children }) => {
  const { memberId, generation, owned, adding, revoking, closing, pendingCause, topics } = context
  const { isLeader, skipAssignment, error } = context
  return JSON.stringify([
    value,
    Object.keys(children).sort(),
    [memberId, generation < 0, owned, adding, revoking, closing, pendingCause, topics],
    [isLeader, skipAssignment, error !== null, context.rebalanceProtocol, context.groupId],
  ])
}

/** Only how much there is, not what: fewer places, of which all kinds are left. */
const coarseKey: KeyOf = ({ context, value, children }) => {
  const { owned, revoking, closing, pendingCause, error, rebalanceProtocol, groupId } = context
  const { memberId, isLeader } = context
  return JSON.stringify([
    value,
    'heartbeat' in children,
    [owned.length, revoking.length, closing, pendingCause !== null, error !== null],
    [memberId, isLeader, rebalanceProtocol, groupId],
  ])
}

export type Detail = 'coarse' | 'fine'

const keys: Readonly<Record<Detail, KeyOf>> = { coarse: coarseKey, fine: fineKey }

/** Every event that can come in this place, by the name that the table of the chart uses. */
const eventsIn = (node: Snapshot): readonly (readonly [MemberHappening, AnyEvent])[] => [
  ...outsideEvents(node.context).map(
    (event) => [event.type, event as unknown as AnyEvent] as const,
  ),
  ...inwardEvents(node),
]

/**
 * Every reachable place of the chart, by every event that can come, with every edge between; or
 * the first thing that the watch found.
 */
export const explore = (
  chart: Pick<MemberChart, 'step'>,
  from: readonly Snapshot[],
  detail: Detail,
  watch?: Watch,
): Exploration | Fault => {
  const nodes: Snapshot[] = []
  const edges: Edge[] = []
  const seen = new Set<string>()
  const visit = (snapshot: Snapshot): Fault | undefined => {
    const flat = normalised(snapshot)
    const key = keys[detail](flat)
    if (seen.has(key)) return undefined
    seen.add(key)
    nodes.push(flat)
    return watch?.place(flat)
  }
  for (const snapshot of from) {
    const found = visit(snapshot)
    if (found !== undefined) return found
  }
  for (let index = 0; index < Math.min(nodes.length, MOST_NODES); index++) {
    const node = nodes[index]!
    if (node.status !== 'active') continue
    for (const [happening, event] of eventsIn(node)) {
      const { snapshot, actions } = chart.step(node, event)
      const isIgnored = actions.some(({ type }) => type === 'recordIgnored')
      const edge = { from: node, happening, event, to: snapshot, actions, isIgnored }
      edges.push(edge)
      const found = watch?.edge(edge) ?? visit(snapshot)
      if (found !== undefined) return found
    }
  }
  return { nodes, edges, isCutOff: nodes.length > MOST_NODES }
}
