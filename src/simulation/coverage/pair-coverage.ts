import type { TransitionFrame } from '../../domain/trace.js'
import { legalPairs } from '../charts/legal-pairs.js'

/** How often each (state, event) pair of the charts' tables came up: `chart|state|event`. */
export type PairCounts = Readonly<Record<string, number>>

interface Counter {
  count: number
}

type Events = Map<string, Counter>
type States = Map<string, Events>

/** Counts which events came in which states of which charts. */
export class PairCoverage {
  readonly #charts = new Map<string, States>()

  see({ chart, from, event }: TransitionFrame): void {
    if (event === 'init') return
    const states = entry(this.#charts, chart, (): States => new Map())
    const events = entry(states, from, (): Events => new Map())
    entry(events, event, () => ({ count: 0 })).count++
  }

  get counts(): PairCounts {
    const counts: Record<string, number> = {}
    for (const [chart, states] of this.#charts) {
      for (const [state, events] of states) {
        for (const [event, { count }] of events) counts[`${chart}|${state}|${event}`] = count
      }
    }
    return counts
  }
}

const entry = <K, V>(map: Map<K, V>, key: K, make: () => V): V => {
  const known = map.get(key)
  if (known !== undefined) return known
  const fresh = make()
  map.set(key, fresh)
  return fresh
}

/** Every pair of the tables, in their order. */
export const allPairs: readonly string[] = Object.entries(legalPairs).flatMap(([chart, table]) =>
  Object.entries(table).flatMap(([state, row]) =>
    Object.keys(row).map((event) => `${chart}|${state}|${event}`),
  ),
)

const NO_MOVE = new Set(['stays', 'ignored'])

const isDefect = (event: string): boolean => event === 'fail' || event.endsWith(': defect')

/** Those that lead to another state. What only a bug of ours brings about is not among them. */
export const movingPairs: readonly string[] = allPairs.filter((pair) => {
  const [chart, state, event] = pair.split('|') as [string, string, string]
  const decisions = legalPairs[chart]?.[state]?.[event] ?? []
  return !isDefect(event) && decisions.some((next) => !NO_MOVE.has(next) && next !== state)
})

export const addCounts = (all: Map<string, number>, counts: PairCounts): void => {
  for (const [key, count] of Object.entries(counts)) all.set(key, (all.get(key) ?? 0) + count)
}
