import { decisionsOf } from '../charts/legal-pairs.js'
import type { Checker } from './checker.js'

/**
 * Invariant 17: charts move only as their tables of legal transitions say, and an event that a
 * state has no use for is recorded, where the table says that this can be.
 */
export const legalTransitions: Checker = {
  name: 'legal transitions',
  invariant: 17,
  watch: (report) => ({
    transition: ({ chart, event, from, states, ignored, actor, seq }) => {
      if (event === 'init') return
      const decisions = decisionsOf(chart, from, event)
      const where = `${actor}: ${event} in ${from}`
      if (decisions === undefined) report(seq, `${where} is in no table (it led to ${states})`)
      else if (ignored === true) {
        if (!decisions.includes('ignored')) report(seq, `${where} was ignored`)
      } else if (!decisions.includes(states) && !(from === states && decisions.includes('stays'))) {
        report(seq, `${where} led to ${states}, not to ${decisions.join(' or ')}`)
      }
    },
  }),
}
