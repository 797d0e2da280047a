import type { Checker } from './checker.js'
import { isOf } from './commits-only-what-was-done.js'

/**
 * Invariant 20: whatever crashed, acknowledged records stay. That accepted commits do is seen by
 * `offsets never expire`.
 */
export const recovery: Checker = {
  name: 'recovery keeps what was acknowledged',
  invariant: 20,
  watch: (report) => {
    const acknowledged = new Map<string, number>()
    return {
      ack: ({ partition, last }) => {
        acknowledged.set(partition, Math.max(last, acknowledged.get(partition) ?? -1))
      },
      topic: ({ topic, partitions }) => {
        if (partitions > 0) return
        for (const partition of [...acknowledged.keys()]) {
          if (isOf(partition, topic)) acknowledged.delete(partition)
        }
      },
      read: ({ by, partition, highWatermark, seq }) => {
        const end = acknowledged.get(partition) ?? -1
        if (highWatermark > end) return
        report(seq, `${by} sees ${partition} end at ${highWatermark}; ${end} was acknowledged`)
      },
    }
  },
}
