import type { Checker } from './checker.js'
import { Owners } from './owners.js'

/**
 * Invariants 1 and 2: nothing is handed out of a partition that a later generation has given to
 * somebody else, not even by a process that was stopped and does not know it yet.
 */
export const noZombie: Checker = {
  name: 'no zombie',
  invariant: 1,
  watch: (report) => {
    const owners = new Owners()
    return {
      ...owners.watch,
      deliver: ({ process, partition, first, last, seq }) => {
        const mine = owners.holds(process, partition)
        if (mine === undefined) return
        for (const [other, { generation }] of owners.holdersOf(partition)) {
          if (other === process || generation <= mine.generation) continue
          const what =
            `${partition} ${first}..${last} handed out by ${process} of generation ` +
            `${mine.generation} while ${other} holds it in generation ${generation}`
          report(seq, what)
        }
      },
    }
  },
}
