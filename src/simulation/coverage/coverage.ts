import type { Frame } from '../../domain/trace.js'
import { Dispatch } from '../checkers/dispatch.js'
import { addCounts, type PairCounts, PairCoverage } from './pair-coverage.js'
import { sometimes } from './sometimes.js'

/** What runs have gone through; plain data, to be added up. */
export interface CoverageCounts {
  readonly pairs: PairCounts
  /** In how many runs each thing that must happen sometimes did. */
  readonly sometimes: Readonly<Record<string, number>>
}

/** Looks at runs one after the other. */
export class Coverage {
  readonly #pairs = new PairCoverage()
  readonly #sometimes = new Map<string, number>()

  /** Of one run: give it each frame. */
  run(): (frame: Frame) => void {
    const hits = new Set<string>()
    const dispatch = new Dispatch(
      sometimes.map(({ name, watch }) =>
        watch(() => {
          if (hits.has(name)) return
          hits.add(name)
          this.#sometimes.set(name, (this.#sometimes.get(name) ?? 0) + 1)
        }),
      ),
    )
    return (frame) => {
      if (frame.kind === 'transition') this.#pairs.see(frame)
      dispatch.see(frame)
    }
  }

  get counts(): CoverageCounts {
    return { pairs: this.#pairs.counts, sometimes: Object.fromEntries(this.#sometimes) }
  }
}

/** Adds up what several `Coverage`s have counted. */
export class CoverageSum {
  readonly pairs = new Map<string, number>()
  readonly sometimes = new Map<string, number>()

  add(counts: CoverageCounts): void {
    addCounts(this.pairs, counts.pairs)
    addCounts(this.sometimes, counts.sometimes)
  }
}
