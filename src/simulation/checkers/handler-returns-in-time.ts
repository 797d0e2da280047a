import type { Checker } from './checker.js'

/**
 * For handlers of the one who simulates: a handler comes back to poll within maxPollIntervalMs. One
 * that does not costs its member the partitions, and what it has in hand is done again by others.
 * Not said of a process that was stopped meanwhile, or whose timers were late, or whose handler has
 * thrown (`handler succeeds` says so).
 */
export const handlerReturnsInTime: Checker = {
  name: 'handler returns in time',
  invariant: 23,
  watch: (report, { members, times }) => {
    if (!members.some(({ style }) => style === 'handler')) return {}
    const failed = new Set<string>()
    const disturbedAt = new Map<string, number>()
    /** By process: what it polled last and is not done with. */
    const inHand = new Map<string, Map<string, string>>()
    const handOf = (process: string): Map<string, string> => {
      const hand = inHand.get(process) ?? new Map<string, string>()
      inHand.set(process, hand)
      return hand
    }
    const disturb = ({ process, t }: { readonly process: string; readonly t: number }): void => {
      disturbedAt.set(process, t)
    }
    return {
      hold: disturb,
      release: disturb,
      late: disturb,
      'handler.failed': ({ process }) => failed.add(process),
      deliver: ({ process, partition, first, last }) =>
        handOf(process).set(partition, `${partition} ${first} to ${last}`),
      done: ({ process, partition }) => handOf(process).delete(partition),
      transition: ({ chart, event, ignored, process, cause, t, seq }) => {
        if (chart !== 'member' || event !== 'poll.overdue' || ignored) return
        if (failed.has(process)) return
        const since = t - (disturbedAt.get(process) ?? Number.NEGATIVE_INFINITY)
        if (since <= times.maxPollIntervalMs) return
        const why = cause?.what ?? 'no poll in time'
        const hand = [...handOf(process).values()].join(', ')
        const records = hand === '' ? '' : `; its handler has ${hand}`
        report(seq, `${process} loses its partitions: ${why}${records}`)
      },
    }
  },
}
