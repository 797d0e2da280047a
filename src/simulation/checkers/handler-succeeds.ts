import type { Checker } from './checker.js'

/** For handlers of the one who simulates: they do not throw. */
export const handlerSucceeds: Checker = {
  name: 'handler succeeds',
  invariant: 25,
  watch: (report) => ({
    'handler.failed': ({ process, where, what, seq }) =>
      report(seq, `${process} threw at ${where}: ${what}`),
  }),
}
