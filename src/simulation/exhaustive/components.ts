import type { StateGraph } from './state-graph.js'

/**
 * Tarjan's strongly connected components without recursion. A component is given once all that it
 * leads to has been given; `componentOf` tells of those the number, of others -1.
 */
export const forEachComponent = (
  graph: StateGraph,
  states: number,
  isIncluded: (state: number) => boolean,
  give: Give,
): void => new Components(graph, states, give).run(isIncluded)

type Give = (members: Int32Array, componentOf: Int32Array) => void

class Components {
  readonly #graph: StateGraph
  readonly #states: number
  readonly #give: Give
  /** In the order of the visit, from 1; 0 for what was not visited. */
  readonly #order: Int32Array
  readonly #lowest: Int32Array
  readonly #componentOf: Int32Array
  /** Visited, and not yet in a component. */
  readonly #open: Int32Array
  #openCount = 0
  /** The way to the present state, with the next edge to follow of each. */
  readonly #path: Int32Array
  readonly #edge: Int32Array
  #pathLength = 0
  #visited = 0
  #components = 0

  constructor(graph: StateGraph, states: number, give: Give) {
    this.#graph = graph
    this.#states = states
    this.#give = give
    this.#order = new Int32Array(states)
    this.#lowest = new Int32Array(states)
    this.#componentOf = new Int32Array(states).fill(-1)
    this.#open = new Int32Array(states)
    this.#path = new Int32Array(states)
    this.#edge = new Int32Array(states)
  }

  run(isIncluded: (state: number) => boolean): void {
    for (let state = 0; state < this.#states; state++) {
      if (this.#order[state] !== 0 || !isIncluded(state)) continue
      this.#enter(state)
      while (this.#pathLength > 0) this.#goOn(this.#path[this.#pathLength - 1]!)
    }
  }

  #enter(state: number): void {
    this.#order[state] = this.#lowest[state] = ++this.#visited
    this.#open[this.#openCount++] = state
    this.#edge[this.#pathLength] = this.#graph.first(state)
    this.#path[this.#pathLength++] = state
  }

  #goOn(state: number): void {
    const end = this.#graph.first(state) + this.#graph.count(state)
    const top = this.#pathLength - 1
    while (this.#edge[top]! < end) {
      const target = this.#graph.target(this.#edge[top]!++)
      if (this.#order[target] === 0) {
        this.#enter(target)
        return
      }
      if (this.#componentOf[target] === -1) this.#lower(state, this.#order[target]!)
    }
    this.#pathLength--
    if (this.#pathLength > 0) this.#lower(this.#path[top - 1]!, this.#lowest[state]!)
    if (this.#lowest[state] === this.#order[state]) this.#close(state)
  }

  #lower(state: number, order: number): void {
    if (order < this.#lowest[state]!) this.#lowest[state] = order
  }

  #close(root: number): void {
    const end = this.#openCount
    const number = this.#components++
    do {
      this.#componentOf[this.#open[--this.#openCount]!] = number
    } while (this.#open[this.#openCount] !== root)
    this.#give(this.#open.subarray(this.#openCount, end), this.#componentOf)
  }
}
