import type { Frame } from '../../domain/trace.js'
import type { Plan } from '../plan/plan.js'
import { World } from '../world.js'
import { phases } from './phases.js'

/** Runs a plan to its end, synchronously. Whatever is thrown on the way is a defect in the trace. */
export const runPlan = (plan: Plan, sink: (frame: Frame) => void): World => {
  const world = new World(plan, sink)
  try {
    for (const { forMs, until } of phases(world)) {
      if (until === undefined) world.time.runFor(forMs)
      else world.time.runUntilTrue(until, forMs)
    }
  } catch (error) {
    world.tell({ fact: 'defect', what: String(error) })
  }
  return world
}
