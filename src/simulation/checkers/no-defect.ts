import type { Checker } from './checker.js'

/**
 * A consumer fails only for what nobody here does to it (authorization, configuration), and nothing
 * says INTERNAL_ERROR: that is a defect of ours.
 */
export const noDefect: Checker = {
  name: 'no defect',
  invariant: 17,
  watch: (report) => ({
    defect: ({ what, seq }) => report(seq, what),
    failed: ({ process, code, seq }) => report(seq, `${process} failed: ${code}`),
    error: ({ process, code, seq }) => {
      if (code === 'INTERNAL_ERROR') report(seq, `${process} reports a defect`)
    },
    transition: ({ actor, event, seq }) => {
      if (event.endsWith(': defect')) report(seq, `${actor}: ${event}`)
    },
  }),
}
