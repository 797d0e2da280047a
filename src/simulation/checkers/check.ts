import type { Frame } from '../../domain/trace.js'
import type { CheckedPlan, Checker, Report, Violation } from './checker.js'
import { Dispatch } from './dispatch.js'

/** Runs checkers over frames as they come. */
export class Check {
  readonly violations: Violation[] = []
  readonly #dispatch: Dispatch

  constructor(checkers: readonly Checker[], plan: CheckedPlan) {
    this.#dispatch = new Dispatch(
      checkers.map(({ name: rule, watch }) => {
        const report: Report = (seq, what) => this.violations.push({ rule, seq, what })
        return watch(report, plan)
      }),
    )
  }

  see(frame: Frame): void {
    this.#dispatch.see(frame)
  }
}
