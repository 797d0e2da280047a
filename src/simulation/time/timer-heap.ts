import type { Gate } from './gate.js'

export interface VirtualTimer {
  at: number
  /** A seeded draw: the order among timers due at the same time. */
  draw: number
  readonly sequence: number
  readonly gate: Gate
  readonly run: () => void
  cancelled: boolean
}

const before = (a: VirtualTimer, b: VirtualTimer): boolean =>
  a.at !== b.at ? a.at < b.at : a.draw !== b.draw ? a.draw < b.draw : a.sequence < b.sequence

/** A binary heap of timers; cancelled ones are dropped when they reach the top. */
export class TimerHeap {
  readonly #items: VirtualTimer[] = []

  /** The cancelled ones that have not reached the top are counted, too. */
  get size(): number {
    return this.#items.length
  }

  push(timer: VirtualTimer): void {
    const items = this.#items
    let index = items.push(timer) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!before(items[index]!, items[parent]!)) break
      ;[items[index], items[parent]] = [items[parent]!, items[index]!]
      index = parent
    }
  }

  peek(): VirtualTimer | undefined {
    while (this.#items[0]?.cancelled) this.#removeTop()
    return this.#items[0]
  }

  pop(): VirtualTimer | undefined {
    const top = this.peek()
    if (top !== undefined) this.#removeTop()
    return top
  }

  /** Those that may still fire, in no particular order. */
  *live(): IterableIterator<VirtualTimer> {
    for (const timer of this.#items) if (!timer.cancelled) yield timer
  }

  #removeTop(): void {
    const items = this.#items
    const last = items.pop()!
    if (items.length === 0) return
    items[0] = last
    let index = 0
    for (;;) {
      const left = 2 * index + 1
      const right = left + 1
      let least = index
      if (left < items.length && before(items[left]!, items[least]!)) least = left
      if (right < items.length && before(items[right]!, items[least]!)) least = right
      if (least === index) return
      ;[items[index], items[least]] = [items[least]!, items[index]!]
      index = least
    }
  }
}
