import { CoverageSum } from '../../simulation/coverage/coverage.js'
import type { RunStats } from '../../simulation/run/outcome.js'
import type { BatchResult, FailedSeed } from './batch.js'

const HOUR_MS = 3_600_000

/** All that was run so far. */
export class Totals {
  readonly coverage = new CoverageSum()
  readonly failed: FailedSeed[] = []
  readonly #stats: RunStats[] = []
  events = 0
  rebalances = 0
  simulatedMs = 0

  add({ stats, failed, coverage }: BatchResult): void {
    for (const run of stats) {
      this.#stats.push(run)
      this.events += run.events
      this.rebalances += run.rebalances
      this.simulatedMs += run.simulatedMs
    }
    this.failed.push(...failed)
    this.coverage.add(coverage)
  }

  get runs(): number {
    return this.#stats.length
  }

  get simulatedHours(): number {
    return Math.round((this.simulatedMs / HOUR_MS) * 100) / 100
  }

  /** Of a run. */
  median(of: keyof RunStats): number {
    const sorted = this.#stats.map((stats) => stats[of]).sort((a, b) => a - b)
    return sorted[Math.floor(sorted.length / 2)] ?? 0
  }
}
