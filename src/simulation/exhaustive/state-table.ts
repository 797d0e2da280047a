import type { State } from './model.js'

const MULTIPLIER = 0x9e3779b1

/** A set of states, each with the number in which it came: a hash table over one block of memory. */
export class StateTable {
  readonly #width: number
  #states: Int32Array
  #slots: Int32Array
  #mask: number
  #count = 0

  constructor(width: number) {
    this.#width = width
    this.#states = new Int32Array(width * 1024)
    this.#slots = new Int32Array(4096)
    this.#mask = this.#slots.length - 1
  }

  get count(): number {
    return this.#count
  }

  /** The state's number; a new one is added with the next number. */
  add(state: State): number {
    if (this.#count * 2 > this.#mask) this.#grow()
    let slot = this.#hash(state, 0) & this.#mask
    for (;;) {
      const place = this.#slots[slot]!
      if (place === 0) break
      if (this.#isAt(place - 1, state)) return place - 1
      slot = (slot + 1) & this.#mask
    }
    this.#slots[slot] = this.#count + 1
    const end = (this.#count + 1) * this.#width
    if (end > this.#states.length) this.#states = enlarged(this.#states)
    this.#states.set(state, this.#count * this.#width)
    return this.#count++
  }

  /** Copies a state out. */
  read(number: number, into: State): State {
    const start = number * this.#width
    for (let index = 0; index < this.#width; index++) into[index] = this.#states[start + index]!
    return into
  }

  #isAt(number: number, state: State): boolean {
    const start = number * this.#width
    for (let index = 0; index < this.#width; index++) {
      if (this.#states[start + index] !== state[index]) return false
    }
    return true
  }

  #hash(source: Int32Array, start: number): number {
    let hash = 0
    for (let index = 0; index < this.#width; index++) {
      hash = Math.imul(hash ^ source[start + index]!, MULTIPLIER)
      hash ^= hash >>> 15
    }
    return hash ^ (hash >>> 13)
  }

  #grow(): void {
    this.#slots = new Int32Array(this.#slots.length * 2)
    this.#mask = this.#slots.length - 1
    for (let number = 0; number < this.#count; number++) {
      let slot = this.#hash(this.#states, number * this.#width) & this.#mask
      while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask
      this.#slots[slot] = number + 1
    }
  }
}

export const enlarged = (block: Int32Array): Int32Array => {
  const larger = new Int32Array(block.length * 2)
  larger.set(block)
  return larger
}
