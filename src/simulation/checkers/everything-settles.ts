import type { Checker } from './checker.js'

/** How long a callback of the simulated applications takes at most when it is told to be slow. */
const SLOWEST_CALLBACK_MS = 60_000

/** Of the rebalance timeout, how much the commit before a hand-over may take. */
const COMMIT_SHARE = 1 / 4
const GRACE_MS = 100

/**
 * Invariant 25: every callback ends, every `close` settles in time once the network is well, and no
 * process is left behind. A commit before a hand-over that does not get through is given up in time:
 * it must not cost the member its place in the group (KAFKA-14024).
 */
export const everythingSettles: Checker = {
  name: 'everything settles',
  invariant: 25,
  watch: (report, { times }) => {
    const callbacks = new Map<string, { readonly name: string; readonly since: number }>()
    const closing = new Set<string>()
    /** Since when each process commits before a hand-over; not of those that slept meanwhile. */
    const committing = new Map<string, number>()
    const late = new Set<string>()
    const longestCommitMs = Math.ceil(times.rebalanceTimeoutMs * COMMIT_SHARE) + GRACE_MS
    let isHealthy = false
    const forget = (process: string): void => {
      callbacks.delete(process)
      closing.delete(process)
      committing.delete(process)
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
      hold: ({ process }) => committing.delete(process),
      late: ({ process, ms }) => {
        if (ms > 0) late.add(process)
        else late.delete(process)
        committing.delete(process)
      },
      transition: ({ chart, process, from, states, t, seq }) => {
        if (chart !== 'member' || from === states) return
        const since = committing.get(process)
        committing.delete(process)
        if (since !== undefined && t - since > longestCommitMs) {
          report(seq, `${process} committed for ${Math.round(t - since)} ms before a hand-over`)
        }
        if (states === 'rebalancing.committing' && !late.has(process)) committing.set(process, t)
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
