import type { Violation } from '../checkers/checker.js'
import type { Plan } from '../plan/plan.js'
import { shrinkPlan } from './shrink-plan.js'

/** Runs that shrinking may take; most of what it gains it gains with the first hundred. */
const MOST_RUNS = 500

export interface Shrunk {
  readonly plan: Plan
  readonly violations: readonly Violation[]
  readonly runs: number
}

type Run = (plan: Plan) => readonly Violation[]

/** The least plan that still breaks the first of the rules that were broken. */
export const shrink = (plan: Plan, violations: readonly Violation[], run: Run): Shrunk => {
  const search = new Search(plan, violations)
  for (let next = search.next(); next !== undefined; next = search.next()) search.tell(run(next))
  return search.least
}

/** As `shrink`, for runs that take turns of the event loop. */
export const shrinkAsync = async (
  plan: Plan,
  violations: readonly Violation[],
  run: (plan: Plan) => Promise<readonly Violation[]>,
): Promise<Shrunk> => {
  const search = new Search(plan, violations)
  for (let next = search.next(); next !== undefined; next = search.next()) {
    search.tell(await run(next))
  }
  return search.least
}

class Search {
  readonly #rule: string
  readonly #shrinking
  #least: Shrunk
  #candidate: Plan | undefined
  #isStillBroken = false
  #runs = 0

  constructor(plan: Plan, violations: readonly Violation[]) {
    this.#rule = violations[0]!.rule
    this.#least = { plan, violations, runs: 0 }
    this.#shrinking = shrinkPlan(plan)
  }

  get least(): Shrunk {
    return { ...this.#least, runs: this.#runs }
  }

  next(): Plan | undefined {
    if (this.#runs >= MOST_RUNS) return undefined
    const step = this.#shrinking.next(this.#isStillBroken)
    this.#candidate = step.done === true ? undefined : step.value
    return this.#candidate
  }

  tell(violations: readonly Violation[]): void {
    this.#runs++
    this.#isStillBroken = violations.some(({ rule }) => rule === this.#rule)
    if (!this.#isStillBroken) return
    this.#least = { plan: this.#candidate!, violations, runs: this.#runs }
  }
}
