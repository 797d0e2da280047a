import type { Checker } from './checker.js'
import { DurableState } from './durable-state.js'

/** Invariant 18: what was answered is durable: commits and records. */
export const repliesFollowDurability: Checker = {
  name: 'replies follow durability',
  invariant: 18,
  watch: (report) => {
    const durable = new DurableState()
    return {
      ...durable.watch,
      commit: ({ by, accepted, seq }) => {
        for (const [partition, offset] of Object.entries(accepted)) {
          if (durable.offsetsEver.get(partition)?.has(offset)) continue
          report(
            seq,
            `${by} was told that ${partition} is committed at ${offset}; it is not durable`,
          )
        }
      },
      ack: ({ by, partition, last, seq }) => {
        const end = durable.logEnds.get(partition) ?? -1
        if (last > end) report(seq, `${by} was told of ${partition} ${last}; durable is ${end}`)
      },
    }
  },
}
