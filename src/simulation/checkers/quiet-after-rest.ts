import type { Checker } from './checker.js'

/** Invariant 24, its end: a group that has come to rest stays as it is. */
export const quietAfterRest: Checker = {
  name: 'quiet after rest',
  invariant: 24,
  watch: (report) => {
    let isQuiet = false
    // A group that nobody knows is empty; a late request may bring it to life and leave it so.
    let last = 'empty at 0'
    return {
      phase: ({ phase }) => {
        isQuiet = phase === 'quiet'
      },
      group: ({ state, generation, seq }) => {
        const now = `${state} at ${generation}`
        if (isQuiet && now !== last) report(seq, `the group moved to ${now} for no reason`)
        last = now
      },
    }
  },
}
