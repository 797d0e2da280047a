import type { Checker, Violation } from './violation.js'

/** Invariant 16: per member and partition, assigned and then revoked or lost, by turns. */
export const callbacksAlternate: Checker = (frames) => {
  const held = new Set<string>()
  const violations: Violation[] = []
  for (const frame of frames) {
    if (frame.kind !== 'fact') continue
    const { fact, process, seq } = frame
    if (fact === 'crash' || fact === 'start') {
      for (const key of held) if (key.startsWith(`${process} `)) held.delete(key)
    }
    if (fact !== 'assign' && fact !== 'revoke' && fact !== 'lost') continue
    for (const partition of frame.partitions as readonly string[]) {
      const key = `${process} ${partition}`
      const isAssign = fact === 'assign'
      if (held.has(key) === isAssign) {
        const what = isAssign
          ? `${partition} assigned to ${process} twice`
          : `${partition} ${fact} at ${process}, which was not told that it had it`
        violations.push({ invariant: 'callbacks alternate', seq, what })
      }
      if (isAssign) held.add(key)
      else held.delete(key)
    }
  }
  return violations
}
