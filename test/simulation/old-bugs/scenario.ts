import type { Frame } from '../../../src/domain/trace.js'
import type { Plan } from '../../../src/simulation/plan/plan.js'

/** The history of an old bug, as a short script. */
export interface Scenario {
  /** Its id in the catalogue. */
  readonly bug: string
  readonly name: string
  readonly plan: Plan
  /** What makes the history that of the bug: each has to have occurred. */
  readonly happened: Readonly<Record<string, (frames: readonly Frame[]) => boolean>>
  /** Mutants under which the same script breaks a rule. */
  readonly breaksUnder: readonly string[]
}
