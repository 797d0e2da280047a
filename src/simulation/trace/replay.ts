import type { Frame } from '../../domain/trace.js'
import type { Trace } from '../../domain/trace-text.js'
import type { Outcome } from '../run/outcome.js'
import { planOf, recordPlan } from './trace-file.js'

/** A trace that was run again from its own plan. */
export interface Replay {
  readonly frames: readonly Frame[]
  readonly outcome: Outcome
  /** The first frame that is another one than recorded; undefined when all are the same. */
  readonly difference: Difference | undefined
  /** Whether the charts are those that were recorded; `unknown`: the header does not say. */
  readonly charts: 'same' | 'changed' | 'unknown'
}

export interface Difference {
  readonly seq: number
  readonly recorded: string | undefined
  readonly now: string | undefined
}

/** Errors: INVALID_TRACE. */
export const replay = (recorded: Trace, file: string): Replay => {
  const { outcome, trace } = recordPlan(planOf(recorded, file))
  return {
    frames: trace.frames,
    outcome,
    difference: firstDifference(recorded, trace),
    charts: compareCharts(recorded.header.machineHash, trace.header.machineHash),
  }
}

const compareCharts = (recorded: string | undefined, now: string | undefined): Replay['charts'] => {
  if (recorded === undefined) return 'unknown'
  return recorded === now ? 'same' : 'changed'
}

const firstDifference = (recorded: Trace, now: Trace): Difference | undefined => {
  const count = Math.max(recorded.frames.length, now.frames.length)
  for (let seq = 0; seq < count; seq++) {
    const [before, after] = [recorded, now].map(({ frames }) => JSON.stringify(frames[seq]))
    if (before !== after) return { seq, recorded: before, now: after }
  }
  return undefined
}
