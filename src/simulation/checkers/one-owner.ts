import type { Checker } from './checker.js'
import { Owners } from './owners.js'

/**
 * Invariant 1: no two current members hold a partition at once. Who cannot know yet that the group
 * goes on without it is no current member any more, and `no zombie` sees to it that it hands out
 * nothing: a process that is stopped or whose timers are late; a member whose JoinGroup or
 * SyncGroup did not arrive within the rebalance timeout (cooperative: it holds its partitions
 * meanwhile), until its next heartbeat; one whose application does not come back from
 * `onPartitionsRevoked` within the rebalance timeout. Such a timeout has to have passed: whoever
 * has only just begun to rejoin or to revoke is waited for. And who is stable again has heard.
 */
export const oneOwner: Checker = {
  name: 'one owner',
  invariant: 1,
  watch: (report, { times }) => {
    const owners = new Owners()
    const unaware = new Map<string, Set<string>>()
    /** When each member was last seen to leave its rest, until it is stable again. */
    const restless = new Map<string, number>()
    // It heard of the rebalance later than it began, by a heartbeat and its way.
    const leastMs = Math.min(times.sessionTimeoutMs, times.rebalanceTimeoutMs) / 2
    const note = (process: string, why: string, isSo: boolean): void => {
      const reasons = unaware.get(process) ?? new Set()
      unaware.set(process, reasons)
      if (isSo) reasons.add(why)
      else reasons.delete(why)
    }
    const isUnaware = (process: string, t: number): boolean => {
      const reasons = unaware.get(process) ?? NOTHING
      if (reasons.has('held') || reasons.has('late')) return true
      return reasons.size > 0 && t - (restless.get(process) ?? t) >= leastMs
    }
    return {
      ...owners.watch,
      hold: ({ process }) => note(process, 'held', true),
      release: ({ process }) => note(process, 'held', false),
      late: ({ process, ms }) => note(process, 'late', ms > 0),
      callback: ({ process, name, phase }) =>
        note(process, 'revoking', name === 'revoked' && phase === 'begin'),
      transition: ({ chart, process, states, t, seq }) => {
        if (chart !== 'member') return
        note(process, 'rejoining', states.startsWith('joining') || states === 'syncing.requesting')
        if (states !== 'stable') {
          if (!restless.has(process)) restless.set(process, t)
          return
        }
        restless.delete(process)
        for (const partition of owners.of(process)) {
          const { generation } = owners.holds(process, partition)!
          for (const [other, theirs] of owners.holdersOf(partition)) {
            if (theirs.generation <= generation) continue
            report(seq, `${process} is stable and keeps ${partition}, which ${other} was given`)
          }
        }
      },
      assign: (frame) => {
        for (const partition of frame.partitions) {
          for (const [owner] of owners.holdersOf(partition)) {
            if (owner === frame.process || isUnaware(owner, frame.t)) continue
            const what = `${partition} assigned to ${frame.process} while ${owner} holds it`
            report(frame.seq, what)
          }
        }
        owners.watch.assign(frame)
      },
    }
  },
}

const NOTHING: ReadonlySet<string> = new Set()
