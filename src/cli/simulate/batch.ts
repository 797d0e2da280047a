import type { Violation } from '../../simulation/checkers/checker.js'
import { Coverage, type CoverageCounts } from '../../simulation/coverage/coverage.js'
import { type DrawOptions, drawPlan } from '../../simulation/plan/draw-plan.js'
import { judgePlan, type RunStats } from '../../simulation/run/outcome.js'

/** What a seed does not decide by itself. */
export type SeedOptions = Omit<DrawOptions, 'seed'>

export interface Batch {
  readonly firstSeed: number
  readonly count: number
  readonly options: SeedOptions
}

export interface FailedSeed {
  readonly seed: number
  readonly violations: readonly Violation[]
}

export interface BatchResult {
  readonly stats: readonly RunStats[]
  readonly failed: readonly FailedSeed[]
  readonly coverage: CoverageCounts
}

/** Runs seeds one after the other. */
export const runBatch = ({ firstSeed, count, options }: Batch): BatchResult => {
  const coverage = new Coverage()
  const stats: RunStats[] = []
  const failed: FailedSeed[] = []
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const outcome = judgePlan(drawPlan({ ...options, seed }), coverage.run())
    stats.push(outcome.stats)
    if (outcome.violations.length > 0) failed.push({ seed, violations: outcome.violations })
  }
  return { stats, failed, coverage: coverage.counts }
}
