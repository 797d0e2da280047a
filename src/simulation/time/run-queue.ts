import type { Gate } from './gate.js'
import { Runaway } from './runaway.js'

/** More than this in one moment is a loop. */
const MOST_TASKS_AT_ONCE = 200_000

interface Bucket {
  readonly priority: number
  readonly gates: Gate[]
  readonly tasks: (() => void)[]
  next: number
}

/** Fibers that are ready, by priority and then in order. What is behind a shut gate is dropped. */
export class RunQueue {
  readonly #buckets: Bucket[] = []
  #count = 0

  get isEmpty(): boolean {
    return this.#count === 0
  }

  add(gate: Gate, task: () => void, priority: number): void {
    let index = 0
    while (index < this.#buckets.length && this.#buckets[index]!.priority < priority) index++
    let bucket = this.#buckets[index]
    if (bucket?.priority !== priority) {
      bucket = { priority, gates: [], tasks: [], next: 0 }
      this.#buckets.splice(index, 0, bucket)
    }
    bucket.gates.push(gate)
    bucket.tasks.push(task)
    this.#count++
  }

  /** Throws Runaway when fibers keep each other ready for ever. */
  drain(): void {
    for (let tasks = 0; this.#count > 0; tasks++) {
      if (tasks > MOST_TASKS_AT_ONCE) throw new Runaway(`${tasks} tasks without a pause`)
      this.#runNext()
    }
  }

  #runNext(): void {
    for (const bucket of this.#buckets) {
      if (bucket.next >= bucket.tasks.length) continue
      const gate = bucket.gates[bucket.next]!
      const task = bucket.tasks[bucket.next++]!
      if (bucket.next === bucket.tasks.length) {
        bucket.gates.length = 0
        bucket.tasks.length = 0
        bucket.next = 0
      }
      this.#count--
      if (gate.state !== 'shut') task()
      return
    }
  }
}
