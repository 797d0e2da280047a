import type { Checker } from './checker.js'

/** Over this long, at most so many requests by one process: more is a loop without a pause. */
const WINDOW_MS = 5_000
const MOST_REQUESTS = 400

/** Invariant 21: requests, timers, connections and members stay within what the world can need. */
export const boundedResources: Checker = {
  name: 'bounded resources',
  invariant: 21,
  watch: (report) => {
    const windows = new Map<string, { since: number; requests: number }>()
    return {
      message: ({ process, way, is, api, t, seq }) => {
        if (way !== 'send' || is !== 'request') return
        const window = windows.get(process)
        if (window === undefined || t - window.since > WINDOW_MS) {
          windows.set(process, { since: t, requests: 1 })
        } else if (++window.requests === MOST_REQUESTS) {
          report(
            seq,
            `${process} sent ${MOST_REQUESTS} requests within ${WINDOW_MS} ms, last ${api}`,
          )
        }
      },
      resources: ({ counts, seq }) => {
        for (const [name, count] of Object.entries(counts)) {
          const most = counts[`most ${name}`]
          if (most === undefined || count <= most) continue
          report(seq, `${count} ${name}, of which ${most} can be needed`)
        }
      },
    }
  },
}
