import type { Checker } from './checker.js'

/** Times of frames are microseconds, written as milliseconds. */
const ROUNDING_MS = 0.001

/**
 * A revoke waits for the records in hand, up to drainTimeoutMs from the drain's beginning (however
 * long they were in hand by then): `onPartitionsRevoked` ends after what was delivered of the
 * partition is done. Not so after `close`, which waits for nobody, nor
 * while the process is stopped.
 */
export const handOverWaits: Checker = {
  name: 'hand-over waits',
  invariant: 2,
  watch: (report, { times }) => {
    /** The last offset that is in hand, by process and partition. */
    const inHand = new Map<string, number>()
    const drainingSince = new Map<string, number>()
    const closing = new Set<string>()
    const forget = (process: string, partitions: readonly string[]): void => {
      for (const partition of partitions) inHand.delete(`${process} ${partition}`)
    }
    return {
      transition: ({ chart, process, from, states, t }) => {
        if (chart !== 'member' || from === states || !states.endsWith('.draining')) return
        drainingSince.set(process, t)
      },
      stop: ({ process }) => closing.add(process),
      deliver: ({ process, partition, last }) => inHand.set(`${process} ${partition}`, last),
      done: ({ process, partition }) => forget(process, [partition]),
      lost: ({ process, partitions }) => forget(process, partitions),
      // The application's own word on what is in hand.
      declare: ({ process, offsets }) => forget(process, Object.keys(offsets)),
      position: ({ process, partition }) => forget(process, [partition]),
      revoke: ({ process, partitions, t, seq }) => {
        for (const partition of partitions) {
          const last = inHand.get(`${process} ${partition}`)
          if (last === undefined || closing.has(process)) continue
          if (t - (drainingSince.get(process) ?? t) >= times.drainTimeoutMs - ROUNDING_MS) continue
          report(seq, `${partition} revoked from ${process} with ${last} in hand`)
        }
        forget(process, partitions)
      },
    }
  },
}
