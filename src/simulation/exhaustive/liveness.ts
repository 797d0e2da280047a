import { forEachComponent } from './components.js'
import type { Search } from './search.js'
import { hasConverged } from './state-rules.js'

/** States among which a fair run can stay for ever without having converged. */
export interface Trap {
  /** One that has not converged, the first to be reached. */
  readonly state: number
  readonly size: number
  /** What goes on in it; empty: nothing does. */
  readonly moves: readonly string[]
}

export interface LivenessResult {
  readonly components: number
  /** In how many of them a fair run can stay: all of these have converged if there is no trap. */
  readonly fairComponents: number
  readonly trap: Trap | null
}

/**
 * From here on no more faults. A run is fair when no move stays possible for ever without being
 * made. A fair run stays, from some time on, in one strongly connected component; it can do so
 * exactly where each move that is possible in all of the component's states is also made within it
 * (of a part of the component that asks only more). So liveness holds if every such component
 * consists of converged states.
 */
export const checkLiveness = (search: Search, closedBudget: number): LivenessResult => {
  let components = 0
  let fairComponents = 0
  let trap = null as Trap | null
  const isIncluded = (state: number): boolean =>
    search.isExpanded(state) && search.costOf(state) <= closedBudget
  forEachComponent(search.graph, search.table.count, isIncluded, (states, componentOf) => {
    components++
    const within = movesOfFairStay(search, states, componentOf)
    if (within === null) return
    fairComponents++
    const found = trapIn(search, states, within)
    if (found !== null && (trap === null || isEarlier(search, found.state, trap.state))) {
      trap = found
    }
  })
  return { components, fairComponents, trap }
}

const isEarlier = (search: Search, a: number, b: number): boolean =>
  search.costOf(a) === search.costOf(b)
    ? search.depthOf(a) < search.depthOf(b)
    : search.costOf(a) < search.costOf(b)

/** Fairness labels as bits: the first 32 and the others. */
interface Labels {
  low: number
  high: number
}

const note = (labels: Labels, label: number): void => {
  if (label < 32) labels.low |= 1 << label
  else if (label < 64) labels.high |= 1 << (label - 32)
}

/**
 * The moves that are made within a component where a fair run can stay; else null. Where states
 * stand for their mirror images too, a label may be one process' in one round and another's in the
 * next: fairness is not asked then, and any circle counts.
 */
const movesOfFairStay = (
  { graph, model }: Search,
  states: Int32Array,
  componentOf: Int32Array,
): Labels | null => {
  const always: Labels = { low: -1, high: -1 }
  const within: Labels = { low: 0, high: 0 }
  let isCircle = false
  for (const state of states) {
    const possible: Labels = { low: 0, high: 0 }
    const end = graph.first(state) + graph.count(state)
    for (let edge = graph.first(state); edge < end; edge++) {
      const label = graph.label(edge)
      note(possible, label)
      if (componentOf[graph.target(edge)] !== componentOf[state]) continue
      note(within, label)
      isCircle = true
    }
    always.low &= possible.low
    always.high &= possible.high
  }
  if (isCircle && model.options.usesSymmetry) return within
  return (always.low & ~within.low) === 0 && (always.high & ~within.high) === 0 ? within : null
}

const trapIn = (search: Search, states: Int32Array, within: Labels): Trap | null => {
  const at = new Int32Array(1 + search.model.options.members)
  let first = -1
  for (const state of states) {
    if (hasConverged(search.model, search.table.read(state, at))) continue
    if (first < 0 || isEarlier(search, state, first)) first = state
  }
  if (first < 0) return null
  const moves: string[] = []
  for (const [label, name] of search.graph.labelNames()) {
    const bits = label < 32 ? within.low : within.high
    if ((bits & (1 << (label % 32))) !== 0) moves.push(name)
  }
  return { state: first, size: states.length, moves }
}
