import type { Checker, Violation } from './violation.js'

/**
 * Invariant 1: no two current members hold a partition at once. A member holds from
 * `onPartitionsAssigned` to the end of `onPartitionsRevoked`, the start of `onPartitionsLost`, or
 * its crash.
 */
export const oneOwner: Checker = (frames) => {
  const owners = new Map<string, string>()
  const violations: Violation[] = []
  for (const frame of frames) {
    if (frame.kind !== 'fact') continue
    const { fact, process, seq } = frame
    if (fact === 'crash') {
      for (const [partition, owner] of owners) if (owner === process) owners.delete(partition)
      continue
    }
    if (fact !== 'assign' && fact !== 'revoke' && fact !== 'lost') continue
    for (const partition of frame.partitions as readonly string[]) {
      const owner = owners.get(partition)
      if (fact === 'assign') {
        if (owner !== undefined && owner !== process) {
          const what = `${partition} assigned to ${process} while ${owner} holds it`
          violations.push({ invariant: 'one owner', seq, what })
        }
        owners.set(partition, process)
      } else if (owner === process) owners.delete(partition)
    }
  }
  return violations
}
