import type { Checker } from './checker.js'

/**
 * Invariant 24: after the last fault there are at most k rebalances for each change of the
 * membership (k is 1 for an eager strategy, 2 for a cooperative one), then none. A change is a
 * member that comes back, a ghost that goes, a topic that is seen anew.
 */
export const rebalancesEnd: Checker = {
  name: 'rebalances end',
  invariant: 24,
  watch: (report, { strategies }) => {
    const k = strategies.every((name) => name === 'cooperative-sticky') ? 2 : 1
    const live = new Set<string>()
    /** Of them each may have to rejoin once, after what happened to it before. */
    let liveAtHeal = 0
    const known = new Set<string>()
    let isHealed = false
    let changes = 0
    let rebalances = 0
    return {
      start: ({ process }) => live.add(process),
      crash: ({ process }) => live.delete(process),
      left: ({ process }) => live.delete(process),
      group: ({ members }) => {
        for (const member of members) {
          if (!known.has(member) && isHealed) changes++
          known.add(member)
        }
        for (const member of [...known]) {
          if (members.includes(member)) continue
          known.delete(member)
          if (isHealed) changes++
        }
      },
      rebalanced: ({ causes, seq }) => {
        if (!isHealed) return
        rebalances++
        // Causes that are no change of members: a topic, a subscription, a rejoin after trouble.
        changes += causes.filter((cause) => otherCauses.has(cause)).length
        const most = k * (changes + liveAtHeal) + 2
        if (rebalances === most + 1) {
          report(seq, `${rebalances} rebalances for ${changes} changes since the last fault`)
        }
      },
      phase: ({ phase }) => {
        if (phase === 'liveness') {
          isHealed = true
          liveAtHeal = live.size
        }
        if (phase === 'closing') isHealed = false
      },
    }
  },
}

const otherCauses = new Set(['subscription changed', 'static member returned'])
