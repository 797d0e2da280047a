import type { Checker } from './checker.js'
import { DurableState } from './durable-state.js'

/** Invariant 18: a coordinator that begins anew is the one that was durable, members included. */
export const restartRebuilds: Checker = {
  name: 'restart rebuilds the coordinator',
  invariant: 18,
  watch: (report) => {
    const durable = new DurableState()
    let begins = false
    return {
      ...durable.watch,
      transition: ({ chart, event }) => {
        if (chart === 'group' && event === 'init') begins = true
      },
      group: ({ generation, members, seq }) => {
        if (!begins) return
        begins = false
        const stored = durable.group ?? { generation: 0, members: [] }
        const [now, then] = [members, stored.members].map((list) => [...list].sort().join())
        if (generation !== stored.generation || now !== then) {
          const was = `generation ${stored.generation} of ${then || 'nobody'}`
          report(
            seq,
            `it begins as generation ${generation} of ${now || 'nobody'}, stored is ${was}`,
          )
        }
      },
    }
  },
}
