import * as Schema from 'effect/Schema'
import type { Frame } from '../domain/trace.js'
import { CountFrom, validateOptions } from '../domain/validate.js'
import { nextTurn } from '../runtime/virtual-globals.js'
import type { Violation } from './checkers/checker.js'
import { failureOf, type SimulationFailure } from './failure.js'
import type { Plan } from './plan/plan.js'
import type { RunStats } from './run/outcome.js'
import { shrinkAsync } from './shrink/shrink.js'
import { runFor } from './simulate.js'
import { planFor, type SimulateOptions } from './simulate-options.js'
import { headerOf, traceFileOf, whyNotWritten } from './trace/trace-file.js'

export interface SimulateManyOptions extends Omit<SimulateOptions, 'seed' | 'plan'> {
  /** How many seeds, one after the other. */
  readonly runs: number
  /** The first one. Default 1. */
  readonly seed?: number
}

export interface Simulations {
  /** Runs made: fewer than asked for when one failed. */
  readonly runs: number
  readonly stats: readonly RunStats[]
  /** Undefined when every rule held in every run. */
  readonly failure: SimulationFailure | undefined
}

/**
 * Runs seed after seed until a rule is broken. That run is shrunk to the least script that still
 * breaks the rule, and its trace is written to `.streambus/traces/<seed>.jsonl`. Errors:
 * INVALID_CONFIG.
 */
export const simulateMany = async (options: SimulateManyOptions): Promise<Simulations> => {
  const { runs, seed: first = 1, ...each } = options
  validateOptions('simulateMany', Seeds, { runs, seed: first })
  const stats: RunStats[] = []
  for (let seed = first; seed < first + runs; seed++) {
    // Runs without a handler are synchronous: timers and signals of the caller get their turn here.
    await nextTurn()
    const plan = planFor({ ...each, seed })
    const run = await runFor(each, plan)
    stats.push(run.stats)
    if (run.violations.length === 0) continue
    const failure = await explain(each, plan, run.violations)
    return { runs: stats.length, stats, failure }
  }
  return { runs: stats.length, stats, failure: undefined }
}

const Seeds = Schema.Struct({ runs: CountFrom(1), seed: CountFrom(0) })

const explain = async (
  options: Omit<SimulateOptions, 'seed'>,
  original: Plan,
  violations: readonly Violation[],
): Promise<SimulationFailure> => {
  const run = async (plan: Plan) => (await runFor(options, plan)).violations
  const shrunk = await shrinkAsync(original, violations, run)
  const frames: Frame[] = []
  await runFor(options, shrunk.plan, (frame) => frames.push(frame))
  const traceFile = traceFileOf(original.seed)
  const why = whyNotWritten(traceFile, { header: headerOf(shrunk.plan), frames })
  const isOwn = options.handler !== undefined || options.check !== undefined
  return failureOf({ original, shrunk, traceFile, whyNotWritten: why, isOwn })
}
