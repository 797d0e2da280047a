import { kindOf, moveCount, nameOf, processOf } from './moves.js'
import { enlarged } from './state-table.js'

/** A column of numbers that grows. */
export class Column {
  #block: Int32Array = new Int32Array(1024)
  length = 0

  get(index: number): number {
    return this.#block[index]!
  }

  set(index: number, value: number): void {
    this.#block[index] = value
  }

  push(value: number): void {
    if (this.length === this.#block.length) this.#block = enlarged(this.#block)
    this.#block[this.length++] = value
  }
}

/** A move that may happen or not has no fairness. */
const NO_LABEL = 255

/**
 * What leads from state to state without faults: for each state that was expanded, where to and
 * under which fairness label. Two ways for one thing to end share a label.
 */
export class StateGraph {
  readonly #firstEdge = new Column()
  readonly #edgeCount = new Column()
  readonly #targets = new Column()
  readonly #labelOf = new Column()
  readonly #labels = new Map<string, number>()
  readonly #labelOfMove = new Int16Array(moveCount).fill(-1)

  addState(): void {
    this.#firstEdge.push(0)
    this.#edgeCount.push(0)
  }

  /** All edges of one state are added together. */
  beginEdges(state: number): void {
    this.#firstEdge.set(state, this.#targets.length)
  }

  addEdge(state: number, target: number, move: number): void {
    this.#targets.push(target)
    this.#labelOf.push(this.#label(move))
    this.#edgeCount.set(state, this.#edgeCount.get(state) + 1)
  }

  first(state: number): number {
    return this.#firstEdge.get(state)
  }

  count(state: number): number {
    return this.#edgeCount.get(state)
  }

  target(edge: number): number {
    return this.#targets.get(edge)
  }

  /** Below 64 for what has to happen if it stays possible, above for what need not. */
  label(edge: number): number {
    return this.#labelOf.get(edge)
  }

  /** For messages: what a label stands for. */
  labelNames(): ReadonlyMap<number, string> {
    return new Map([...this.#labels].map(([name, label]) => [label, name]))
  }

  #label(move: number): number {
    const known = this.#labelOfMove[move]!
    return known >= 0 ? known : this.#newLabel(move)
  }

  #newLabel(move: number): number {
    let label = NO_LABEL
    if (kindOf(move) === 'progress') {
      const name = nameOf(move) === 'drainedClean' ? 'drained' : nameOf(move)
      const key = `${name} ${processOf(move)}`
      label = this.#labels.get(key) ?? this.#labels.size
      if (label >= 64) throw new Error('too many fairness labels')
      this.#labels.set(key, label)
    }
    this.#labelOfMove[move] = label
    return label
  }
}
