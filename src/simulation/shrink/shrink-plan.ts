import type { Plan } from '../plan/plan.js'
import type { Step } from '../plan/step.js'
import { simplerPlans } from './simpler-plans.js'

/** Yields plans to be tried; is told of each whether it still breaks the rule. Returns the least. */
export type Shrinking = Generator<Plan, Plan, boolean>

/**
 * Delta debugging: first fewer steps, then a simpler scene, then fewer steps again, as long as
 * anything can go. The rest keeps its times: what is left of a script comes at the same seconds.
 */
export function* shrinkPlan(plan: Plan): Shrinking {
  let least = yield* dropSteps(plan)
  for (;;) {
    const simpler = yield* simplify(least)
    if (simpler === least) return least
    least = yield* dropSteps(simpler)
  }
}

function* dropSteps(plan: Plan): Shrinking {
  let least = plan
  let size = Math.ceil(plan.steps.length / 2)
  while (size >= 1) {
    const before = least
    for (let start = 0; start < least.steps.length; ) {
      const candidate = { ...least, steps: without(least.steps, start, size) }
      if (yield candidate) least = candidate
      else start += size
    }
    if (size === 1 && least === before) break
    size = Math.max(1, Math.floor(size / 2))
    if (size === 1 && least.steps.length === 0) break
  }
  return least
}

/** What comes after what is left out keeps its time. */
const without = (steps: readonly Step[], start: number, count: number): readonly Step[] => {
  const end = Math.min(steps.length, start + count)
  const goneMs = steps.slice(start, end).reduce((sum, { afterMs }) => sum + afterMs, 0)
  const [next, ...rest] = steps.slice(end)
  const after = next === undefined ? [] : [{ ...next, afterMs: next.afterMs + goneMs }, ...rest]
  return [...steps.slice(0, start), ...after]
}

/** Goes through the list once; what comes after something that helped is tried next. */
function* simplify(plan: Plan): Shrinking {
  let least = plan
  for (let index = 0; ; ) {
    const candidate = [...simplerPlans(least)][index]
    if (candidate === undefined) return least
    if (yield candidate) least = candidate
    else index++
  }
}
