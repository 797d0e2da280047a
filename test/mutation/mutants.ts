import { type ChartConfig, fingerprint, normalised } from './chart-config.js'
import type { Change } from './mutant.js'
import { stateChanges } from './state-operators.js'
import { transitionChanges } from './transition-operators.js'

/** A chart as it is mutated: its config, and how a machine is made of a changed one. */
export interface ChartKind<Machine = unknown> {
  readonly name: string
  readonly config: object
  /** The events that reach it from outside. */
  readonly events: readonly string[]
  readonly make: (config: object) => Machine
}

export interface Mutant extends Omit<Change, 'apply'> {
  readonly chart: string
  readonly apply: () => ChartConfig
}

/** Mutants are made and stepped with a bound: a circle of `always` would never end. */
const MOST_MICROSTEPS = 1_000

export interface Mutants {
  readonly all: readonly Mutant[]
  /** Left out: their config is the one of the chart as it is. */
  readonly identical: readonly string[]
}

/** Every mutant of a chart, in a stable order. */
export const mutantsOf = ({ name, config, events }: ChartKind): Mutants => {
  const original = normalised(config)
  const before = fingerprint(original)
  const identical: string[] = []
  const all: Mutant[] = []
  const changes = [...transitionChanges(original), ...stateChanges(original, events)]
  for (const { id, operator, apply } of changes) {
    const mutated = (): ChartConfig => {
      const copy = normalised(config)
      apply(copy)
      return copy
    }
    const fullId = `${name}/${id}`
    if (fingerprint(mutated()) === before) identical.push(fullId)
    else all.push({ id: fullId, chart: name, operator, apply: mutated })
  }
  return { all, identical }
}

/** The machine of a changed config, or undefined where XState refuses it. */
export const machineOf = <Machine>(
  { make }: ChartKind<Machine>,
  config: ChartConfig,
): Machine | undefined => {
  try {
    return make({ ...config, options: { maxIterations: MOST_MICROSTEPS } })
  } catch {
    return undefined
  }
}
