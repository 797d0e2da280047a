import {
  legalOutcomes,
  legalTransitions,
  type MemberHappening,
  type MemberPath,
} from '../../../../src/machines/member/legal-transitions.js'
import type { Rule } from '../../rule.js'
import type { Edge } from '../exploration.js'
import { inEveryStep } from '../graph-rule.js'
import type { MemberChart } from '../member-chart.js'
import { pathOf } from '../member-snapshot.js'

type Rows = Readonly<Record<string, Readonly<Record<string, readonly string[]>> | undefined>>

const eventRows: Rows = legalTransitions
const outcomeRows = legalOutcomes as Rows

const isOutcome = (happening: string): boolean =>
  happening.includes(': ') || happening === 'backoff.elapsed'

/** What was seen in the reachable graph, in the words of the table. */
const decided = (edge: Edge): string => {
  const to = pathOf(edge.to.value)
  if (edge.isIgnored) return 'ignored'
  return to === pathOf(edge.from.value) && !isOutcome(edge.happening) ? 'stays' : to
}

const isListed = (edge: Edge): boolean => {
  const rows = isOutcome(edge.happening) ? outcomeRows : eventRows
  return rows[pathOf(edge.from.value)]?.[edge.happening]?.includes(decided(edge)) ?? false
}

type Seen = ReadonlyMap<string, ReadonlySet<string>>

const memory = new WeakMap<MemberChart, Seen>()

/** By `state + happening`; gathered once for all rows of the table. */
const seenIn = (chart: MemberChart): Seen => {
  const known = memory.get(chart)
  if (known !== undefined) return known
  const seen = new Map<string, Set<string>>()
  for (const edge of chart.explored.edges) {
    const key = `${pathOf(edge.from.value)} + ${edge.happening}`
    seen.set(key, (seen.get(key) ?? new Set()).add(decided(edge)))
  }
  memory.set(chart, seen)
  return seen
}

const difference = (
  what: string,
  seen: ReadonlySet<string> | undefined,
  listed: readonly string[] | undefined,
): string[] => {
  const [is, shall] = [seen, listed].map((list) => [...(list ?? [])].sort().join(', '))
  return is === shall ? [] : [`${what}: the table says ${shall || 'nothing'}, seen: ${is}`]
}

const transientStates = [
  'joining.identityRejected',
  'syncing.entering',
  'rebalancing.planning',
  'leaving.planning',
  'leaving.deciding',
  'failed.planning',
  'failed.deciding',
]

const chartPaths = ({ machine }: MemberChart): string[] =>
  Object.entries(machine.states).flatMap(([name, node]) => {
    const inner = Object.keys(node.states)
    return inner.length === 0 ? [name] : inner.map((one) => `${name}.${one}`)
  })

const rowOf = (path: MemberPath): readonly Rule<MemberChart>[] => [
  {
    name: `${path}: every event does what the table says, and all of it occurs`,
    faults: (chart) =>
      Object.entries(legalTransitions[path]).flatMap(([event, decisions]) =>
        difference(event, seenIn(chart).get(`${path} + ${event}`), decisions),
      ),
  },
  {
    name: `${path}: every outcome does what the table says, and all of it occurs`,
    faults: (chart) => {
      const expected = outcomeRows[path] ?? {}
      const happened = [...seenIn(chart).keys()]
        .filter((key) => key.startsWith(`${path} + `))
        .map((key) => key.slice(`${path} + `.length) as MemberHappening)
        .filter(isOutcome)
      return [...new Set([...happened, ...Object.keys(expected)])].flatMap((happening) =>
        difference(happening, seenIn(chart).get(`${path} + ${happening}`), expected[happening]),
      )
    },
  },
]

/** The chart beside its table of legal transitions, over every pair of state and event. */
export const table: readonly Rule<MemberChart>[] = [
  inEveryStep('every step is one that the table lists', () => true, isListed),
  inEveryStep(
    'what comes out of place is recorded, and nothing else is done',
    ({ isIgnored }) => isIgnored,
    ({ from, to, actions }) => pathOf(to.value) === pathOf(from.value) && actions.length === 1,
  ),
  {
    name: 'the table names exactly the states in which the chart can rest',
    faults: (chart) => {
      const listed = Object.keys(legalTransitions)
      const rests = chartPaths(chart).filter((path) => !transientStates.includes(path))
      const reached = new Set<string>(chart.explored.nodes.map(({ value }) => pathOf(value)))
      return [
        ...difference('states', new Set(rests), listed),
        ...difference('reached states', reached, listed),
      ]
    },
  },
  ...(Object.keys(legalTransitions) as MemberPath[])
    .filter((path) => path !== 'left')
    .flatMap(rowOf),
]
