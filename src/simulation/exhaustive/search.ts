import type { Model, State } from './model.js'
import { costOf, kindOf } from './moves.js'
import { Column, StateGraph } from './state-graph.js'
import { stateProblem } from './state-rules.js'
import { StateTable } from './state-table.js'

export interface Violation {
  readonly problem: string
  /** The last state before it, and the move that leads to it. */
  readonly from: number
  readonly move: number
  readonly cost: number
  readonly depth: number
}

export interface SearchLimits {
  /** What faults and changes of one run may cost together, in any mixture (see `moves.ts`). */
  readonly budget: number
  /** Which problems count; all unless given. */
  readonly heeds?: ((problem: string) => boolean) | undefined
  /** Asked now and then with the number of states; false ends the search where it is. */
  readonly mayGoOn?: ((states: number) => boolean) | undefined
}

export interface SearchResult {
  readonly states: number
  readonly transitions: number
  /** The longest of the shortest ways to a state. */
  readonly depth: number
  /** Every state within the budget was visited. */
  readonly closed: boolean
  /** All states that cost so much were visited; -1 for none. */
  readonly closedBudget: number
  /** How many are reached at which cost, as far as the search came. */
  readonly statesByCost: readonly number[]
  readonly violation: Violation | null
}

const GO_ON_EVERY = 4_096

/**
 * Breadth first, the cheapest first: all that can be reached without a fault, then at a cost of
 * one, and so on. A state is expanded once, when it is reached at the least cost, since what can
 * come of it then includes what can come of it with less to spend. So the first violation that is
 * found has the least cost, and the fewest moves among those.
 */
export class Search {
  readonly model: Model
  readonly table: StateTable
  readonly graph = new StateGraph()
  readonly #limits: SearchLimits
  readonly #cost = new Column()
  readonly #depth = new Column()
  readonly #parent = new Column()
  readonly #move = new Column()
  readonly #isExpanded = new Column()
  readonly #here: State
  /** The state that is being expanded; -1 at the beginning. */
  #from = -1
  /** By depth: states of this layer that wait to be expanded. */
  #waiting: number[][] = []
  /** States that are reached at a higher cost, by that cost. */
  readonly #later: number[][] = []
  #violation: Violation | null = null
  #transitions = 0
  #expanded = 0
  #deepest = 0

  constructor(model: Model, limits: SearchLimits) {
    this.model = model
    this.#limits = limits
    const initial = model.initial()
    this.table = new StateTable(initial.length)
    this.#here = new Int32Array(initial.length)
    this.#discover(this.table.add(initial), initial, -1, 0)
  }

  run(): SearchResult {
    const statesByCost: number[] = []
    let closedBudget = -1
    for (let cost = 0; cost <= this.#limits.budget; cost++) {
      const before = this.#expanded
      const isDone = this.#layer(cost)
      statesByCost.push(this.#expanded - before)
      if (!isDone) break
      closedBudget = cost
      this.#beginLayer(cost + 1)
    }
    return {
      states: this.#expanded,
      transitions: this.#transitions,
      depth: this.#deepest,
      closed: closedBudget === this.#limits.budget,
      closedBudget,
      statesByCost,
      violation: this.#violation,
    }
  }

  costOf(state: number): number {
    return this.#cost.get(state)
  }

  depthOf(state: number): number {
    return this.#depth.get(state)
  }

  isExpanded(state: number): boolean {
    return this.#isExpanded.get(state) === 1
  }

  /** The shortest way to a state: pairs of a move and the state it leads to. */
  pathTo(state: number): readonly { readonly move: number; readonly state: number }[] {
    const path: { move: number; state: number }[] = []
    for (let at = state; this.#parent.get(at) >= 0; at = this.#parent.get(at)) {
      path.push({ move: this.#move.get(at), state: at })
    }
    return path.reverse()
  }

  #layer(cost: number): boolean {
    for (let depth = 0; depth < this.#waiting.length; depth++) {
      const violation = this.#violation
      if (violation?.cost === cost && violation.depth <= depth) return false
      // Those that are added meanwhile are deeper, except for what was waiting already.
      const states = this.#waiting[depth] ?? []
      for (const state of states) {
        if (this.isExpanded(state) || this.depthOf(state) !== depth) continue
        this.#expand(state)
        if (this.#expanded % GO_ON_EVERY === 0 && !this.#goesOn()) return false
      }
      this.#waiting[depth] = []
    }
    return this.#violation === null || this.#violation.cost > cost
  }

  #goesOn(): boolean {
    return this.#limits.mayGoOn?.(this.#expanded) ?? true
  }

  #beginLayer(cost: number): void {
    this.#waiting = []
    for (const state of this.#later[cost] ?? []) {
      if (!this.isExpanded(state) && this.costOf(state) === cost) this.#wait(state)
    }
    this.#later[cost] = []
  }

  #wait(state: number): void {
    const depth = this.depthOf(state)
    while (this.#waiting.length <= depth) this.#waiting.push([])
    this.#waiting[depth]!.push(state)
  }

  #expand(state: number): void {
    this.#isExpanded.set(state, 1)
    this.#expanded++
    this.#from = state
    if (this.depthOf(state) > this.#deepest) this.#deepest = this.depthOf(state)
    this.table.read(state, this.#here)
    this.graph.beginEdges(state)
    this.model.successors(this.#here, this.#visit)
  }

  readonly #visit = (move: number, next: State, problem: string | null): void => {
    const kind = kindOf(move)
    const cost = costOf(move)
    if (this.costOf(this.#from) + cost > this.#limits.budget) return
    this.#transitions++
    if (problem !== null && this.#heeds(problem)) {
      this.#violate(problem, move, cost)
      return
    }
    // A move that changes nothing is none; one that swaps two alike clients is.
    if (isSame(next, this.#here)) return
    this.model.normalise(next)
    const state = this.table.add(next)
    if (state === this.#cost.length) this.#discover(state, next, move, cost)
    else if (state !== this.#from && !this.isExpanded(state)) this.#improve(state, move, cost)
    if (kind === 'progress' || kind === 'chance') this.graph.addEdge(this.#from, state, move)
  }

  #discover(state: number, next: State, move: number, cost: number): void {
    this.graph.addState()
    this.#cost.push(0)
    this.#depth.push(0)
    this.#parent.push(this.#from)
    this.#move.push(move)
    this.#isExpanded.push(0)
    this.#reach(state, move, cost)
    const problem = stateProblem(this.model, next)
    if (problem !== null && this.#heeds(problem)) this.#violate(problem, move, cost)
  }

  /** Another way to a state that waits: it may be the better one. */
  #improve(state: number, move: number, cost: number): void {
    const total = this.costOf(this.#from) + cost
    const known = this.costOf(state)
    if (known < total) return
    if (known === total && this.depthOf(state) <= this.depthOf(this.#from) + 1) return
    this.#reach(state, move, cost)
  }

  #reach(state: number, move: number, cost: number): void {
    const isFirst = this.#from < 0
    this.#cost.set(state, isFirst ? 0 : this.costOf(this.#from) + cost)
    this.#depth.set(state, isFirst ? 0 : this.depthOf(this.#from) + 1)
    this.#parent.set(state, this.#from)
    this.#move.set(state, move)
    if (cost === 0) {
      this.#wait(state)
      return
    }
    const total = this.costOf(state)
    while (this.#later.length <= total) this.#later.push([])
    this.#later[total]!.push(state)
  }

  #heeds(problem: string): boolean {
    return this.#limits.heeds?.(problem) ?? true
  }

  #violate(problem: string, move: number, cost: number): void {
    const from = this.#from
    const total = this.costOf(from) + cost
    const depth = this.depthOf(from) + 1
    const known = this.#violation
    const isBetter =
      known === null || total < known.cost || (total === known.cost && depth < known.depth)
    if (isBetter) this.#violation = { problem, from, move, cost: total, depth }
  }
}

const isSame = (a: State, b: State): boolean => {
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false
  return true
}
