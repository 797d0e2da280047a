import { equivalents, reasonFor } from './equivalent.js'
import type { Verdict } from './trial.js'

export interface Judgement {
  readonly tried: number
  readonly killed: readonly Verdict[]
  /** Survivors that are listed as equivalent. */
  readonly equivalent: readonly Verdict[]
  readonly survived: readonly Verdict[]
  readonly notConstructible: readonly Verdict[]
  /** Listed as equivalent, but killed. */
  readonly stale: readonly string[]
  /** Listed as equivalent, but there is no such mutant any more. */
  readonly unknown: readonly string[]
  /** Of the mutants that differ from the chart, as a fraction. */
  readonly killRate: number
}

/** The least part of the mutants that has to be killed. */
export const LEAST_KILL_RATE = 0.95

/** What the verdicts say, beside the list of equivalent mutants. */
export const judge = (verdicts: readonly Verdict[], isWhole: boolean): Judgement => {
  const by = (fate: Verdict['fate']) => verdicts.filter((verdict) => verdict.fate === fate)
  const [killed, alive] = [by('killed'), by('survived')]
  const equivalent = alive.filter(({ id }) => reasonFor(id) !== undefined)
  const different = killed.length + alive.length - equivalent.length
  const tried = new Set(verdicts.map(({ id }) => id))
  const listed = equivalents.flatMap(({ mutants }) => mutants)
  return {
    tried: verdicts.length,
    killed,
    equivalent,
    survived: alive.filter(({ id }) => reasonFor(id) === undefined),
    notConstructible: by('not constructible'),
    stale: killed.filter(({ id }) => reasonFor(id) !== undefined).map(({ id }) => id),
    unknown: isWhole ? listed.filter((id) => !tried.has(id)) : [],
    killRate: different === 0 ? 1 : killed.length / different,
  }
}

/** Everything that makes the run a failure, in words. */
export const complaints = (judgement: Judgement): string[] => {
  const { killRate, equivalent, survived, stale, unknown } = judgement
  return [
    ...(killRate < LEAST_KILL_RATE ? [`only ${percent(killRate)} of the mutants are killed`] : []),
    ...survived.map(({ id }) => `neither killed nor listed as equivalent: ${id}`),
    ...equivalent
      .filter(({ difference }) => difference !== undefined)
      .map(({ id, difference }) => `listed as equivalent, but it differs: ${id}: ${difference}`),
    ...stale.map((id) => `listed as equivalent, but killed: ${id}`),
    ...unknown.map((id) => `listed as equivalent, but there is no such mutant: ${id}`),
  ]
}

export const percent = (fraction: number): string => `${(fraction * 100).toFixed(1)} %`
