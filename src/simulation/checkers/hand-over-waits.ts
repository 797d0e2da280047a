import type { Checker, Violation } from './violation.js'

/**
 * A revoke waits for records in hand: `onPartitionsRevoked` ends after what was delivered of the
 * partition is done. (Not so after `close`, which waits for nobody, and not after a loss.) The
 * simulated applications work for much less than drainTimeoutMs, so that never runs out here.
 */
export const handOverWaits: Checker = (frames) => {
  const inHand = new Map<string, number>()
  const closing = new Set<string>()
  const violations: Violation[] = []
  for (const frame of frames) {
    if (frame.kind !== 'fact') continue
    const { fact, process, seq } = frame
    if (fact === 'stop') closing.add(process)
    else if (fact === 'deliver') inHand.set(`${process} ${frame.partition}`, frame.last as number)
    else if (fact === 'done' || fact === 'lost' || fact === 'revoke') {
      const partitions = (frame.partitions ?? [frame.partition]) as readonly string[]
      for (const partition of partitions) {
        const key = `${process} ${partition}`
        if (fact === 'revoke' && inHand.has(key) && !closing.has(process)) {
          const what = `${partition} revoked from ${process} with ${inHand.get(key)} in hand`
          violations.push({ invariant: 'hand-over waits', seq, what })
        }
        inHand.delete(key)
      }
    }
  }
  return violations
}
