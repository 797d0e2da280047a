import type { Checker } from './checker.js'
import { isOf } from './commits-only-what-was-done.js'
import { OffsetSet } from './offset-set.js'

interface Log {
  readonly acknowledged: OffsetSet
  readonly delivered: OffsetSet
  /** Passed over by an application's own wish. */
  readonly skipped: OffsetSet
}

/**
 * Invariant 9: a record that was acknowledged and that somebody has read beyond is read by
 * somebody. Judged at the end, when every member has had its chance.
 */
export const noLostRecord: Checker = {
  name: 'no record lost',
  invariant: 9,
  watch: (report) => {
    const logs = new Map<string, Log>()
    const logOf = (partition: string): Log => {
      const known = logs.get(partition)
      if (known !== undefined) return known
      const log = {
        acknowledged: new OffsetSet(),
        delivered: new OffsetSet(),
        skipped: new OffsetSet(),
      }
      logs.set(partition, log)
      return log
    }
    return {
      ack: ({ partition, first, last }) => logOf(partition).acknowledged.add(first, last),
      deliver: ({ partition, first, last }) => logOf(partition).delivered.add(first, last),
      position: ({ partition, offset, from }) => {
        if (from === 'seek') logOf(partition).skipped.add(0, offset - 1)
      },
      declare: ({ offsets }) => {
        for (const [partition, offset] of Object.entries(offsets)) {
          logOf(partition).skipped.add(0, offset - 1)
        }
      },
      topic: ({ topic, partitions }) => {
        if (partitions > 0) return
        for (const partition of [...logs.keys()]) if (isOf(partition, topic)) logs.delete(partition)
      },
      phase: ({ phase, seq }) => {
        if (phase !== 'end') return
        for (const [partition, { acknowledged, delivered, skipped }] of logs) {
          const end = Math.min(delivered.last, acknowledged.last)
          for (let offset = 0; offset <= end; offset++) {
            if (!acknowledged.has(offset) || delivered.has(offset) || skipped.has(offset)) continue
            report(seq, `${partition} ${offset} was acknowledged and never delivered`)
            break
          }
        }
      },
    }
  },
}
