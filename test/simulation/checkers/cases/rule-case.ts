import type { Checker } from '../../../../src/simulation/checkers/checker.js'
import type { Plan } from '../../../../src/simulation/plan/plan.js'
import type { Told } from '../../fixtures/story.js'

/** A rule, stories that keep it, and stories that break it with what the rule says to them. */
export interface RuleCase {
  readonly rule: Checker
  readonly plan?: Plan
  readonly keeps: Readonly<Record<string, readonly Told[]>>
  readonly breaks: Readonly<Record<string, readonly [says: RegExp, ...story: readonly Told[]]>>
}
