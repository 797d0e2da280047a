import type { AnyStateMachine } from 'xstate'
import { type ChartName, charts, type TestedChart } from './charts.js'
import { firstKill, type Kill } from './killers.js'
import type { Operator } from './mutant.js'
import { type Mutant, machineOf, mutantsOf } from './mutants.js'

/** What became of a mutant. */
export interface Verdict {
  readonly id: string
  readonly chart: string
  readonly operator: Operator
  readonly fate: 'killed' | 'survived' | 'not constructible'
  readonly kill?: Kill
  /** Of one that survived: where it differs from the chart all the same. */
  readonly difference?: string | undefined
}

export const chartNames = Object.keys(charts) as ChartName[]

export const mutantsOfCharts = (names: readonly ChartName[]): Mutant[] =>
  names.flatMap((name) => [...mutantsOf(charts[name]).all])

/** Makes the machine of a mutant and asks all killers about it. */
export const tryMutant = async (mutant: Mutant): Promise<Verdict> => {
  const { id, chart: name, operator } = mutant
  const chart = charts[name as ChartName]
  const machine = machineOf(chart, mutant.apply())
  if (machine === undefined) return { id, chart: name, operator, fate: 'not constructible' }
  const kill = await firstKill(chart, machine)
  if (kill !== undefined) return { id, chart: name, operator, fate: 'killed', kill }
  return { id, chart: name, operator, fate: 'survived', difference: differenceOf(chart, machine) }
}

const differenceOf = (
  chart: TestedChart<AnyStateMachine>,
  machine: AnyStateMachine,
): string | undefined => {
  try {
    return chart.firstDifference(machine)
  } catch (error) {
    return `thrown: ${error instanceof Error ? error.message : String(error)}`
  }
}
