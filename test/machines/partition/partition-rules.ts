import { isDeepStrictEqual } from 'node:util'
import {
  legalTransitions,
  type PartitionState,
} from '../../../src/machines/partition/legal-transitions.js'
import type { PartitionMachine } from '../../../src/machines/partition/partition-machine.js'
import {
  allFaults,
  type Checks,
  type Fault,
  firstFault,
  type Rule,
  type RuleBook,
  same,
  story,
  thrownFault,
} from '../rule.js'
import { at, type Edge, error, events, PartitionChart, type Snapshot } from './partition-chart.js'

const show = ({ from, event, to }: Edge): string =>
  [from, event, to].map((one) => JSON.stringify('value' in one ? one.value : one)).join(' ')

const stepsAgainst = (name: string, holds: (edge: Edge) => boolean): Rule<PartitionChart> => ({
  name,
  faults: ({ edges }) => edges.filter((edge) => !holds(edge)).map(show),
})

const listOf = (values: Iterable<string>): string => [...new Set(values)].sort().join(', ')

const table: readonly Rule<PartitionChart>[] = [
  {
    name: 'the table names exactly the states of the chart, and all are reached',
    faults: ({ machine, nodes }) => {
      const listed = listOf(Object.keys(legalTransitions))
      return [Object.keys(machine.states), nodes.map(({ value }) => value)]
        .map(listOf)
        .filter((states) => states !== listed)
    },
  },
  ...(Object.keys(legalTransitions) as PartitionState[]).map((state) => ({
    name: `${state}: every event does what the table says, and all of it occurs`,
    faults: ({ edges }: PartitionChart) =>
      [...new Set(events.map(({ type }) => type))].flatMap((type) => {
        const seen = edges.filter(({ from, event }) => from.value === state && event.type === type)
        const did = listOf(seen.map(({ decision }) => decision))
        const isEnd = state === 'released' || state === 'lost'
        const shall = isEnd ? '' : listOf(legalTransitions[state][type])
        return did === shall ? [] : [`${type}: the table says ${shall}, seen: ${did}`]
      }),
  })),
  stepsAgainst(
    'what is out of place is recorded and changes nothing',
    ({ from, to, decision }) =>
      decision !== 'ignored' ||
      isDeepStrictEqual([to.value, to.context], [from.value, from.context]),
  ),
  {
    name: 'a context is plain JSON',
    faults: ({ nodes }) =>
      nodes
        .map(({ context }) => context)
        .filter((context) => !isDeepStrictEqual(JSON.parse(JSON.stringify(context)), context))
        .map((context) => String(context)),
  },
]

const endings: readonly Rule<PartitionChart>[] = [
  story('from everywhere a revoke ends in release and a loss in loss', (chart) => {
    for (const node of chart.nodes) {
      if (node.status !== 'active') continue
      const draining = chart.step(node, { type: 'revoke' })
      same(draining.value, 'draining')
      same(chart.step(draining, { type: 'release' }).value, 'released')
      same(chart.step(draining, { type: 'lose' }).value, 'lost')
      same(chart.step(node, { type: 'lose' }).value, 'lost')
    }
  }),
  stepsAgainst(
    'nothing wakes a partition that is being revoked',
    ({ from, event, to }) =>
      from.value !== 'draining' ||
      event.type === 'release' ||
      event.type === 'lose' ||
      to.value === 'draining',
  ),
  stepsAgainst(
    'an end is an end: the actor has stopped',
    ({ to }) => (to.status === 'done') === (to.value === 'released' || to.value === 'lost'),
  ),
]

const startOf = ({ context }: Snapshot): unknown[] => [context.startOffset, context.startedFrom]

const isAt = (node: Snapshot, ...states: readonly PartitionState[]): boolean =>
  states.includes(node.value)

const pauses: readonly Rule<PartitionChart>[] = [
  stepsAgainst(
    'what the application asked for last holds, until the partition goes',
    ({ from, event, to }) =>
      isAt(from, 'draining') ||
      (event.type !== 'pause' && event.type !== 'resume') ||
      to.context.paused === (event.type === 'pause'),
  ),
  stepsAgainst(
    'whoever is resumed hands out what waits, else fetches',
    ({ from, event, to }) =>
      !isAt(from, 'paused') ||
      event.type !== 'resume' ||
      isAt(to, event.buffered ? 'buffered' : 'fetching'),
  ),
  stepsAgainst(
    'what is fetched and handed out was not asked to pause, what is paused was',
    ({ to }) =>
      isAt(to, 'fetching', 'buffered')
        ? !to.context.paused
        : !isAt(to, 'paused') || to.context.paused,
  ),
  story('a pause is never forgotten: it is paused again wherever a position comes', (chart) => {
    const pause = { type: 'pause' } as const
    same(chart.through(pause, at(0)).value, 'paused')
    same(chart.through(pause, { type: 'resume', buffered: false }, at(0)).value, 'fetching')
    same(chart.through(at(0), pause, { type: 'fail', error }, at(10)).value, 'paused')
    same(chart.through(at(0), pause, { type: 'position.lost' }, at(0)).value, 'paused')
  }),
]

const places: readonly Rule<PartitionChart>[] = [
  stepsAgainst(
    'an error is there as long as it holds, and a seek past it takes it away',
    ({ to }) =>
      isAt(to, 'failed')
        ? isDeepStrictEqual(to.context.error, error)
        : to.status !== 'active' || isAt(to, 'draining') || to.context.error === null,
  ),
  stepsAgainst(
    'it says where it started last and why, wherever the position comes',
    ({ from, event, to }) =>
      isAt(from, 'draining') ||
      event.type !== 'position.resolved' ||
      isDeepStrictEqual(startOf(to), [event.offset, event.from]),
  ),
  story('it says where it started and why', (chart) => {
    same(startOf(chart.through(at(5))), [5, 'seek'])
    same(startOf(chart.through(at(9, 'committed'))), [9, 'committed'])
  }),
]

export const partitionTable: RuleBook<PartitionChart> = {
  'the legal transitions of the partition chart': table,
}

export const partitionRules: RuleBook<PartitionChart> = {
  'the end of a partition': endings,
  'a pause': pauses,
  'what a partition says': places,
}

const checks: Checks<PartitionChart> = { table: partitionTable, rules: partitionRules }

/** Goes all the ways that the checks go. */
export const walkPartitionChart = (chart: PartitionChart): void => {
  allFaults(checks, chart)
}

/** The first one: enough to tell that the chart is wrong. */
export const firstPartitionFault = (machine: PartitionMachine): Fault | undefined => {
  try {
    return firstFault(checks, new PartitionChart(machine))
  } catch (error) {
    return thrownFault(error)
  }
}
