import type { Checker } from './checker.js'
import { Owners } from './owners.js'

/**
 * Invariant 1: no two current members hold a partition at once. Who cannot know yet that the group
 * goes on without it is no current member any more, and `no zombie` sees to it that it hands out
 * nothing: a process that is stopped or whose timers are late; a member whose JoinGroup or
 * SyncGroup did not arrive within the rebalance timeout (cooperative: it holds its partitions
 * meanwhile), until its next heartbeat; one whose application does not come back from
 * `onPartitionsRevoked` within the rebalance timeout.
 */
export const oneOwner: Checker = {
  name: 'one owner',
  invariant: 1,
  watch: (report) => {
    const owners = new Owners()
    const unaware = new Map<string, Set<string>>()
    const note = (process: string, why: string, isSo: boolean): void => {
      const reasons = unaware.get(process) ?? new Set()
      unaware.set(process, reasons)
      if (isSo) reasons.add(why)
      else reasons.delete(why)
    }
    const isUnaware = (process: string): boolean => (unaware.get(process)?.size ?? 0) > 0
    return {
      ...owners.watch,
      hold: ({ process }) => note(process, 'held', true),
      release: ({ process }) => note(process, 'held', false),
      late: ({ process, ms }) => note(process, 'late', ms > 0),
      callback: ({ process, name, phase }) =>
        note(process, 'revoking', name === 'revoked' && phase === 'begin'),
      transition: ({ chart, process, states }) => {
        if (chart !== 'member') return
        note(process, 'rejoining', states.startsWith('joining') || states === 'syncing.requesting')
      },
      assign: (frame) => {
        for (const partition of frame.partitions) {
          for (const [owner] of owners.holdersOf(partition)) {
            if (owner === frame.process || isUnaware(owner)) continue
            const what = `${partition} assigned to ${frame.process} while ${owner} holds it`
            report(frame.seq, what)
          }
        }
        owners.watch.assign(frame)
      },
    }
  },
}
