import type { Checker } from './checker.js'
import { DurableState } from './durable-state.js'

/** Invariant 19: what the coordinator says is committed is the last durable commit, however old. */
export const offsetsNeverExpire: Checker = {
  name: 'offsets never expire',
  invariant: 19,
  watch: (report) => {
    const durable = new DurableState()
    return {
      ...durable.watch,
      offsets: ({ by, committed, seq }) => {
        for (const [partition, offset] of Object.entries(committed)) {
          const stored = durable.offsets.get(partition) ?? -1
          if (offset === stored || durable.fading.get(partition)?.has(offset)) continue
          report(
            seq,
            `${by} was told that ${partition} is committed at ${offset}; it is at ${stored}`,
          )
        }
      },
    }
  },
}
