import type { Checker } from './checker.js'

/**
 * Invariant 7: within one ownership offsets strictly increase, from where reading began, without a
 * gap: the simulated logs hold no control, aborted or compacted batches that would explain one.
 */
export const deliveryInOrder: Checker = {
  name: 'delivery in order',
  invariant: 7,
  watch: (report) => {
    const next = new Map<string, number>()
    const keyOf = (process: string, partition: string): string => `${process} ${partition}`
    return {
      assign: ({ process, partitions }) => {
        for (const partition of partitions) next.delete(keyOf(process, partition))
      },
      position: ({ process, partition, offset }) => next.set(keyOf(process, partition), offset),
      deliver: ({ process, partition, first, last, ids, seq }) => {
        const key = keyOf(process, partition)
        const expected = next.get(key)
        next.set(key, last + 1)
        const records = ids.reduce((sum, [from, to]) => sum + to - from + 1, 0)
        if (expected === undefined) {
          report(seq, `${partition} ${first} delivered to ${process} before its position was known`)
        } else if (first !== expected) {
          report(seq, `${partition} ${first} delivered to ${process} where ${expected} was due`)
        } else if (records !== last - first + 1) {
          report(
            seq,
            `${partition} ${first}..${last} delivered to ${process} as ${records} records`,
          )
        }
      },
    }
  },
}
