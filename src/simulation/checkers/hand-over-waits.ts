import type { Checker } from './checker.js'

/**
 * A revoke waits for the records in hand, up to drainTimeoutMs: `onPartitionsRevoked` ends after
 * what was delivered of the partition is done. Not so after `close`, which waits for nobody, nor
 * while the process is stopped.
 */
export const handOverWaits: Checker = {
  name: 'hand-over waits',
  invariant: 2,
  watch: (report, { times }) => {
    const inHand = new Map<string, { readonly last: number; readonly since: number }>()
    const closing = new Set<string>()
    const forget = (process: string, partitions: readonly string[]): void => {
      for (const partition of partitions) inHand.delete(`${process} ${partition}`)
    }
    return {
      stop: ({ process }) => closing.add(process),
      deliver: ({ process, partition, last, t }) =>
        inHand.set(`${process} ${partition}`, { last, since: t }),
      done: ({ process, partition }) => forget(process, [partition]),
      lost: ({ process, partitions }) => forget(process, partitions),
      // The application's own word on what is in hand.
      declare: ({ process, offsets }) => forget(process, Object.keys(offsets)),
      position: ({ process, partition }) => forget(process, [partition]),
      revoke: ({ process, partitions, t, seq }) => {
        for (const partition of partitions) {
          const held = inHand.get(`${process} ${partition}`)
          if (held === undefined || closing.has(process)) continue
          if (t - held.since >= times.drainTimeoutMs) continue
          report(seq, `${partition} revoked from ${process} with ${held.last} in hand`)
        }
        forget(process, partitions)
      },
    }
  },
}
