import type { Checker, FactFrameOf, Report } from './checker.js'

/** How long a leader may decide by partition counts of before. */
const STALE_MS = 30_000

/**
 * Invariant 12: a target gives every partition of every subscribed topic exactly one owner, who has
 * subscribed to it. A cooperative round may withhold a partition that somebody still holds.
 */
export const completeAssignment: Checker = {
  name: 'complete assignment',
  invariant: 12,
  watch: (report) => {
    /** Every count that a topic had lately. */
    const counts = new Map<string, { t: number; partitions: number }[]>()
    let hasStarted = false
    return {
      start: () => {
        hasStarted = true
      },
      topic: ({ topic, partitions, t }) => {
        // Before it is first told of, a topic is not there; whoever starts later never saw that.
        const before = { t: Number.NEGATIVE_INFINITY, partitions: 0 }
        const known = counts.get(topic) ?? (hasStarted ? [before] : [])
        counts.set(topic, [...known, { t, partitions }])
      },
      target: (frame) => {
        const possible = (topic: string): number[] => {
          const known = counts.get(topic) ?? []
          const recent = known.filter(
            (_, index) => frame.t - (known[index + 1]?.t ?? frame.t) <= STALE_MS,
          )
          return recent.map(({ partitions }) => partitions)
        }
        checkTarget(frame, possible, report)
      },
    }
  },
}

const checkTarget = (
  { assigned, subscribed, owned, strategy, seq }: FactFrameOf<'target'>,
  possible: (topic: string) => readonly number[],
  report: Report,
): void => {
  const owners = new Map<string, string[]>()
  for (const [member, partitions] of Object.entries(assigned)) {
    const topics = new Set(subscribed[member] ?? [])
    for (const partition of partitions) {
      owners.set(partition, [...(owners.get(partition) ?? []), member])
      const topic = partition.slice(0, partition.lastIndexOf('-'))
      if (!topics.has(topic)) report(seq, `${partition} given to ${member}, not subscribed to it`)
    }
  }
  for (const [partition, of] of owners) {
    if (of.length > 1) report(seq, `${partition} given to ${of.join(' and ')}`)
  }
  const claimed = new Set(strategy === 'cooperative-sticky' ? Object.values(owned).flat() : [])
  for (const topic of new Set(Object.values(subscribed).flat())) {
    // A topic that was never there has none.
    const counts = possible(topic)
    const certain = counts.length === 0 ? 0 : Math.min(...counts)
    for (let partition = 0; partition < certain; partition++) {
      const key = `${topic}-${partition}`
      if (!owners.has(key) && !claimed.has(key)) report(seq, `${key} given to nobody`)
    }
  }
}
