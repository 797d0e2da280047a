import type { Checker } from './checker.js'
import { DurableState } from './durable-state.js'

/**
 * Invariant 14: a group's generation never falls while its coordinator lives; after a restart or a
 * move it goes on from the last durable one, and a number that members worked under is not used
 * again.
 */
export const generationsRise: Checker = {
  name: 'generations rise',
  invariant: 14,
  watch: (report) => {
    const durable = new DurableState()
    let last = 0
    return {
      ...durable.watch,
      transition: ({ chart, event }) => {
        // Another coordinator begins with what was durable.
        if (chart === 'group' && event === 'init') last = durable.group?.generation ?? 0
      },
      group: (frame) => {
        const { generation, seq } = frame
        if (generation < last) report(seq, `the generation fell from ${last} to ${generation}`)
        const isNew = generation > last && frame.state === 'completingRebalance'
        if (isNew && durable.generations.has(generation)) {
          report(seq, `generation ${generation} was worked under already`)
        }
        last = generation
      },
    }
  },
}
