import type { Frame } from '../../domain/trace.js'
import { Check } from '../checkers/check.js'
import type { Violation } from '../checkers/checker.js'
import { checkers } from '../checkers/index.js'
import type { Plan } from '../plan/plan.js'
import { runPlan } from './run-plan.js'

/** How much happened in a run. */
export interface RunStats {
  /** Frames of the trace. */
  readonly events: number
  readonly rebalances: number
  readonly faults: number
  readonly simulatedMs: number
  readonly members: number
  readonly partitions: number
}

export interface Outcome {
  readonly plan: Plan
  /** Broken rules, in order of appearance. */
  readonly violations: readonly Violation[]
  readonly stats: RunStats
}

/** Counts what happens in a run, frame by frame, and asks every rule. */
export class Judge {
  readonly #plan: Plan
  readonly #check: Check
  #events = 0
  #rebalances = 0
  #faults = 0
  #endMs = 0

  constructor(plan: Plan) {
    this.#plan = plan
    this.#check = new Check(checkers, plan)
  }

  see(frame: Frame): void {
    this.#events++
    this.#endMs = frame.t
    if (frame.kind === 'fact') {
      if (frame.fact === 'rebalanced') this.#rebalances++
      else if (frame.fact === 'fault') this.#faults++
    }
    this.#check.see(frame)
  }

  outcome(): Outcome {
    const { members, partitions } = this.#plan
    return {
      plan: this.#plan,
      violations: this.#check.violations,
      stats: {
        events: this.#events,
        rebalances: this.#rebalances,
        faults: this.#faults,
        simulatedMs: this.#endMs,
        members: members.length,
        partitions: partitions.reduce((sum, count) => sum + count, 0),
      },
    }
  }
}

/** Runs a plan and judges it as it goes; `onFrame` sees each frame, too. */
export const judgePlan = (plan: Plan, onFrame?: (frame: Frame) => void): Outcome => {
  const judge = new Judge(plan)
  runPlan(plan, (frame) => {
    judge.see(frame)
    onFrame?.(frame)
  })
  return judge.outcome()
}

/** What the rules say of a run that was recorded. */
export const judgeFrames = (plan: Plan, frames: readonly Frame[]): readonly Violation[] => {
  const judge = new Judge(plan)
  for (const frame of frames) judge.see(frame)
  return judge.outcome().violations
}
