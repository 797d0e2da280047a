import type { Frame } from '../domain/trace.js'
import { traceText } from '../domain/trace-text.js'
import type { Violation } from './checkers/checker.js'
import { Handlers } from './members/handler.js'
import type { Plan } from './plan/plan.js'
import { Judge, judgePlan, type RunStats } from './run/outcome.js'
import { runPlanAsync } from './run/run-plan-async.js'
import { planFor, type SimulateOptions } from './simulate-options.js'
import { headerOf } from './trace/trace-file.js'
import { storedRecords } from './workload/stored-records.js'

export interface Simulation {
  readonly seed: number
  readonly plan: Plan
  /** Broken rules, in order of appearance; empty when all is well. */
  readonly violations: readonly Violation[]
  readonly stats: RunStats
  /** The whole run as JSON Lines (docs/trace.md). */
  readonly trace: () => string
}

/**
 * Runs a whole group in virtual time: members that join, work, fail and come back, with faults of
 * every kind, and judges what happened by every rule. Errors: INVALID_CONFIG.
 */
export const simulate = async (options: SimulateOptions): Promise<Simulation> => {
  const plan = planFor(options)
  const frames: Frame[] = []
  const { violations, stats } = await runFor(options, plan, (frame) => frames.push(frame))
  const trace = (): string => traceText({ header: headerOf(plan), frames })
  return { seed: plan.seed, plan, violations, stats, trace }
}

/** One run of a plan with the options' handler and check. */
export const runFor = async (
  options: Omit<SimulateOptions, 'seed'>,
  plan: Plan,
  onFrame?: (frame: Frame) => void,
): Promise<Pick<Simulation, 'violations' | 'stats'>> => {
  const { handler, check, workload } = options
  await options.setUp?.()
  if (handler === undefined && check === undefined && workload?.record === undefined) {
    return judgePlan(plan, onFrame)
  }
  const judge = new Judge(plan)
  const handlers = new Handlers(handler ?? (() => undefined))
  const sink = (frame: Frame): void => {
    judge.see(frame)
    onFrame?.(frame)
  }
  const makeRecord = workload?.record
  const world = await runPlanAsync(
    plan,
    handlers,
    sink,
    makeRecord === undefined ? {} : { makeRecord },
  )
  const { violations, stats } = judge.outcome()
  if (check === undefined) return { violations, stats }
  try {
    await check({ records: storedRecords(world), plan })
    return { violations, stats }
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error)
    return { violations: [...violations, { rule: 'check', seq: stats.events - 1, what }], stats }
  }
}
