import type { Checker, Violation } from './violation.js'

/** Invariant 3: the coordinator accepts no commit of another generation than its own. */
export const commitsOfThisGeneration: Checker = (frames) => {
  const violations: Violation[] = []
  for (const frame of frames) {
    if (frame.kind !== 'fact' || frame.fact !== 'commit' || frame.accepted !== true) continue
    const { generation, coordinatorGeneration } = frame as unknown as Commit
    if (generation === coordinatorGeneration) continue
    const what = `${frame.process} committed under generation ${generation} at ${coordinatorGeneration}`
    violations.push({ invariant: 'commits of this generation', seq: frame.seq, what })
  }
  return violations
}

/** Invariant 5: a committed offset never goes back. */
export const commitsNeverGoBack: Checker = (frames) => {
  const committed = new Map<string, number>()
  const violations: Violation[] = []
  for (const frame of frames) {
    if (frame.kind !== 'fact' || frame.fact !== 'commit' || frame.accepted !== true) continue
    const { offsets } = frame as unknown as Commit
    for (const [partition, offset] of Object.entries(offsets)) {
      const before = committed.get(partition) ?? 0
      if (offset < before) {
        const what = `${partition} went from ${before} back to ${offset}, by ${frame.process}`
        violations.push({ invariant: 'commits never go back', seq: frame.seq, what })
      }
      committed.set(partition, offset)
    }
  }
  return violations
}

/** Invariant 4, auto-commit: nothing is committed that the application was not done with. */
export const commitsOnlyWhatWasDone: Checker = (frames) => {
  const done = new Map<string, number>()
  const violations: Violation[] = []
  for (const frame of frames) {
    if (frame.kind !== 'fact') continue
    if (frame.fact === 'done') {
      const { partition, last } = frame as unknown as { partition: string; last: number }
      done.set(partition, Math.max(done.get(partition) ?? 0, last + 1))
    }
    if (frame.fact !== 'commit' || frame.accepted !== true) continue
    for (const [partition, offset] of Object.entries((frame as unknown as Commit).offsets)) {
      if (offset <= (done.get(partition) ?? 0)) continue
      const what = `${partition} committed at ${offset}, done to ${done.get(partition) ?? 0}`
      violations.push({ invariant: 'commits only what was done', seq: frame.seq, what })
    }
  }
  return violations
}

interface Commit {
  readonly generation: number
  readonly coordinatorGeneration: number
  readonly offsets: Readonly<Record<string, number>>
}
