import { failureOf } from './failure.js'
import type { Plan } from './plan/plan.js'
import type { RunStats } from './run/outcome.js'
import { planFor } from './simulate-options.js'
import { recordPlan, traceFileOf, whyNotWritten } from './trace/trace-file.js'

/** A rule was broken; the message is the whole story. */
export class SimulationFailed extends Error {
  override readonly name = 'SimulationFailed'
}

/**
 * For properties: runs a plan and throws SimulationFailed, with its trace written, when a rule is
 * broken. Shrinking is left to whoever calls. Errors: INVALID_CONFIG, also for a plan that needs a
 * handler.
 */
export const checkPlan = (given: Plan): RunStats => {
  const plan = planFor({ seed: given.seed, plan: given })
  const { outcome, trace } = recordPlan(plan)
  const { violations, stats } = outcome
  if (violations.length === 0) return stats
  const traceFile = traceFileOf(plan.seed)
  const why = whyNotWritten(traceFile, trace)
  const shrunk = { plan, violations, runs: 0 }
  const parts = { original: plan, shrunk, traceFile, whyNotWritten: why, isOwn: false }
  throw new SimulationFailed(failureOf(parts).text)
}
