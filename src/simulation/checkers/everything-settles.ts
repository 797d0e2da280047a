import type { Checker } from './checker.js'

/** How long a callback of the simulated applications takes at most when it is told to be slow. */
const SLOWEST_CALLBACK_MS = 60_000

/**
 * Invariant 25: every callback ends, every `close` settles in time once the network is well, and no
 * process is left behind.
 */
export const everythingSettles: Checker = {
  name: 'everything settles',
  invariant: 25,
  watch: (report) => {
    const callbacks = new Map<string, { readonly name: string; readonly since: number }>()
    const closing = new Set<string>()
    let isHealthy = false
    const forget = (process: string): void => {
      callbacks.delete(process)
      closing.delete(process)
    }
    return {
      callback: ({ process, name, phase, t, seq }) => {
        const open = callbacks.get(process)
        if (phase === 'begin') {
          if (open !== undefined)
            report(seq, `${process} is in ${open.name} and in ${name} at once`)
          callbacks.set(process, { name, since: t })
        } else callbacks.delete(process)
      },
      stop: ({ process }) => closing.add(process),
      crash: ({ process }) => forget(process),
      left: ({ process, inTime, seq }) => {
        if (isHealthy && !inTime) report(seq, `${process} did not close in time`)
        forget(process)
      },
      unsettled: ({ what, seq }) => report(seq, what),
      phase: ({ phase, t, seq }) => {
        if (phase === 'closing') isHealthy = true
        if (phase !== 'end') return
        for (const process of closing) report(seq, `${process} never closed`)
        for (const [process, { name, since }] of callbacks) {
          if (t - since > SLOWEST_CALLBACK_MS) report(seq, `${name} of ${process} never ended`)
        }
      },
    }
  },
}
