import type { Checker } from './checker.js'
import { Owners } from './owners.js'

/**
 * Invariant 16: an application is told of a partition by turns that it has come and that it has
 * gone, and nothing is committed of what it does not hold.
 */
export const callbacksAlternate: Checker = {
  name: 'callbacks alternate',
  invariant: 16,
  watch: (report) => {
    const owners = new Owners()
    const left = new Set<string>()
    const gone = (frame: { process: string; partitions: readonly string[]; seq: number }): void => {
      // A callback that outlasted `close`.
      if (left.has(frame.process)) return
      for (const partition of frame.partitions) {
        if (owners.holds(frame.process, partition) !== undefined) continue
        report(
          frame.seq,
          `${partition} taken from ${frame.process}, which was not told that it had it`,
        )
      }
    }
    return {
      ...owners.watch,
      left: (frame) => {
        left.add(frame.process)
        owners.watch.left(frame)
      },
      assign: (frame) => {
        for (const partition of frame.partitions) {
          if (owners.holds(frame.process, partition) === undefined) continue
          report(frame.seq, `${partition} assigned to ${frame.process} twice`)
        }
        owners.watch.assign(frame)
      },
      revoke: (frame) => {
        gone(frame)
        owners.watch.revoke(frame)
      },
      lost: (frame) => {
        gone(frame)
        owners.watch.lost(frame)
      },
      'commit.sent': ({ process, offsets, seq }) => {
        for (const partition of Object.keys(offsets)) {
          if (owners.holds(process, partition) !== undefined) continue
          report(seq, `${process} commits ${partition}, which it does not hold`)
        }
      },
    }
  },
}
