import type { Checker } from './checker.js'
import { Owners } from './owners.js'

/** Invariant 2: records reach a member only while it holds their partition. */
export const deliveryWhileOwned: Checker = {
  name: 'delivery while owned',
  invariant: 2,
  watch: (report) => {
    const owners = new Owners()
    return {
      ...owners.watch,
      deliver: ({ process, partition, first, last, seq }) => {
        if (owners.holds(process, partition) !== undefined) return
        report(
          seq,
          `${partition} ${first}..${last} delivered to ${process}, which does not hold it`,
        )
      },
    }
  },
}
