import type { Checker } from './checker.js'
import { isOf } from './commits-only-what-was-done.js'
import { DurableState } from './durable-state.js'

/** Invariant 20: whatever crashed, an acknowledged record and an accepted commit stay durable. */
export const recovery: Checker = {
  name: 'recovery keeps what was acknowledged',
  invariant: 20,
  watch: (report) => {
    const durable = new DurableState()
    const acknowledged = new Map<string, number>()
    return {
      ...durable.watch,
      ack: ({ partition, last }) => {
        acknowledged.set(partition, Math.max(last, acknowledged.get(partition) ?? -1))
      },
      topic: (frame) => {
        durable.watch.topic(frame)
        if (frame.partitions > 0) return
        for (const partition of [...acknowledged.keys()]) {
          if (isOf(partition, frame.topic)) acknowledged.delete(partition)
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
