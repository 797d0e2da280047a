import type { Checker } from './checker.js'

/**
 * For handlers of the one who simulates: a handler comes back to poll within maxPollIntervalMs. One
 * that does not costs its member the partitions, and what it has in hand is done again by others.
 * Not said of a process that was stopped meanwhile, or whose timers were late.
 */
export const handlerReturnsInTime: Checker = {
  name: 'handler returns in time',
  invariant: 23,
  watch: (report, { members, times }) => {
    const disturbedAt = new Map<string, number>()
    const disturb = ({ process, t }: { readonly process: string; readonly t: number }): void => {
      disturbedAt.set(process, t)
    }
    const hasHandlers = members.some(({ style }) => style === 'handler')
    return {
      hold: disturb,
      release: disturb,
      late: disturb,
      transition: ({ chart, event, ignored, process, cause, t, seq }) => {
        if (!hasHandlers || chart !== 'member' || event !== 'poll.overdue' || ignored) return
        const since = t - (disturbedAt.get(process) ?? Number.NEGATIVE_INFINITY)
        if (since <= times.maxPollIntervalMs) return
        report(seq, `${process} loses its partitions: ${cause?.what ?? 'no poll in time'}`)
      },
    }
  },
}
