import type { Checker } from './checker.js'

/**
 * Invariant 6: an ownership begins at what the coordinator said was committed, or at a reset that
 * has a reason: nothing was committed, or the offset was not in the log (and that was reported).
 */
export const firstDelivery: Checker = {
  name: 'begins where it was committed',
  invariant: 6,
  watch: (report) => {
    const told = new Map<string, number>()
    const outOfRange = new Set<string>()
    const keyOf = (process: string, partition: string): string => `${process} ${partition}`
    return {
      assign: ({ process, partitions }) => {
        for (const partition of partitions) {
          told.delete(keyOf(process, partition))
          outOfRange.delete(keyOf(process, partition))
        }
      },
      offsets: ({ by, committed }) => {
        for (const [partition, offset] of Object.entries(committed)) {
          told.set(keyOf(by, partition), offset)
        }
      },
      error: ({ process, code, where }) => {
        if (code === 'OFFSET_OUT_OF_RANGE' && where !== undefined) {
          outOfRange.add(keyOf(process, where))
        }
      },
      position: ({ process, partition, offset, from, seq }) => {
        const key = keyOf(process, partition)
        const committed = told.get(key)
        if (from === 'committed' && committed !== offset) {
          report(
            seq,
            `${process} begins ${partition} at ${offset}, told ${committed} was committed`,
          )
        }
        if (from !== 'reset' || outOfRange.has(key) || committed === -1) return
        report(
          seq,
          `${process} reset ${partition} to ${offset}, although ${committed} is committed`,
        )
      },
    }
  },
}
