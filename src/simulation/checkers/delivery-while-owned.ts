import type { Checker, Violation } from './violation.js'

/**
 * Invariants 2 and 7: records of a partition reach a member only while it holds it, and in one
 * ownership their offsets strictly increase.
 */
export const deliveryWhileOwned: Checker = (frames) => {
  const next = new Map<string, number>()
  const violations: Violation[] = []
  for (const frame of frames) {
    if (frame.kind !== 'fact') continue
    const { fact, process, seq } = frame
    if (fact === 'crash') {
      for (const key of next.keys()) if (key.startsWith(`${process} `)) next.delete(key)
    } else if (fact === 'assign') {
      for (const partition of frame.partitions as readonly string[]) {
        next.set(`${process} ${partition}`, -1)
      }
    } else if (fact === 'revoke' || fact === 'lost') {
      for (const partition of frame.partitions as readonly string[]) {
        next.delete(`${process} ${partition}`)
      }
    } else if (fact === 'deliver') {
      const { partition, first, last } = frame as unknown as Delivered
      const key = `${process} ${partition}`
      const expected = next.get(key)
      if (expected === undefined) {
        const what = `${partition} ${first}..${last} delivered to ${process}, which does not hold it`
        violations.push({ invariant: 'delivery while owned', seq, what })
      } else if (first < expected) {
        const what = `${partition} ${first} delivered to ${process} after ${expected - 1}`
        violations.push({ invariant: 'offsets increase', seq, what })
      }
      if (expected !== undefined) next.set(key, last + 1)
    }
  }
  return violations
}

interface Delivered {
  readonly partition: string
  readonly first: number
  readonly last: number
}
