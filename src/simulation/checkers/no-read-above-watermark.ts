import type { Checker } from './checker.js'
import { DurableState } from './durable-state.js'

/** Invariant 11: nothing is read at or above the high watermark, nor before it is durable. */
export const noReadAboveWatermark: Checker = {
  name: 'no read above the high watermark',
  invariant: 11,
  watch: (report) => {
    const durable = new DurableState()
    return {
      ...durable.watch,
      read: ({ by, partition, last, highWatermark, seq }) => {
        if (last >= highWatermark) {
          report(seq, `${by} read ${partition} ${last}, above the high watermark ${highWatermark}`)
        }
        const end = durable.logEnds.get(partition) ?? -1
        if (last > end) report(seq, `${by} read ${partition} ${last}, durable is only ${end}`)
      },
    }
  },
}
