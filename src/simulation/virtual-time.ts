import type * as Scheduler from 'effect/Scheduler'
import type { Clock } from '../runtime/clock.js'
import { makeRuntime, type Runtime } from '../runtime/runtime.js'
import { seededRandom } from './seeded-random.js'
import { TimerHeap, type VirtualTimer } from './timer-heap.js'

/** A wall-clock start for virtual worlds: 2026-01-01T00:00:00Z, the same in every run. */
const VIRTUAL_EPOCH_MS = 1_767_225_600_000

/** A fiber that never waits would hang a synchronous world: past this many steps it yields. */
const STEPS_BEFORE_YIELD = 2048

/**
 * One virtual clock for XState and Effect. Timers wait in a heap, fibers in a run queue, and
 * both run synchronously: nothing happens unless `step` or `runUntil` makes it happen. Timers due
 * at the same time fire in the order of a seeded draw, so that a seed explores orders too.
 */
export class VirtualTime {
  readonly runtime: Runtime
  readonly clock: Clock
  readonly random: () => number
  #now = 0
  #sequence = 0
  readonly #timers = new TimerHeap()
  readonly #ready: { readonly priority: number; readonly tasks: (() => void)[]; next: number }[] =
    []
  #readyCount = 0

  constructor(seed: string | number) {
    this.random = seededRandom(String(seed))
    const order = seededRandom(`${seed}/timer-order`)
    this.clock = {
      now: () => VIRTUAL_EPOCH_MS + this.#now,
      elapsed: () => this.#now,
      setTimeout: (run, delayMs) => {
        const delay = Number.isFinite(delayMs) ? Math.max(0, delayMs) : Number.MAX_SAFE_INTEGER
        const timer: VirtualTimer = {
          at: this.#now + delay,
          draw: order(),
          sequence: this.#sequence++,
          run,
          cancelled: false,
        }
        this.#timers.push(timer)
        return timer
      },
      clearTimeout: (timer) => {
        if (timer !== undefined) (timer as VirtualTimer).cancelled = true
      },
    }
    this.runtime = makeRuntime({
      clock: this.clock,
      random: this.random,
      scheduler: this.#scheduler(),
    })
  }

  /** Milliseconds since the world began. */
  get now(): number {
    return this.#now
  }

  /** Runs every ready fiber until none is left, without moving the clock. */
  settle(): void {
    while (this.#readyCount > 0) this.#runNextTask()
  }

  /** Fires the next timer and settles. False when there is none up to `limitMs`. */
  step(limitMs = Number.POSITIVE_INFINITY): boolean {
    this.settle()
    const timer = this.#timers.peek()
    if (timer === undefined || timer.at > limitMs) return false
    this.#timers.pop()
    this.#now = timer.at
    timer.run()
    this.settle()
    return true
  }

  /** Runs the world up to a time, which the clock then shows. */
  runUntil(timeMs: number): void {
    while (this.step(timeMs)) {
      // Each step fires one timer.
    }
    this.#now = Math.max(this.#now, timeMs)
  }

  runFor(durationMs: number): void {
    this.runUntil(this.#now + durationMs)
  }

  /** Runs until the condition holds; false when the time is up first. */
  runUntilTrue(condition: () => boolean, limitMs: number): boolean {
    const end = this.#now + limitMs
    this.settle()
    while (!condition()) {
      if (!this.step(end)) {
        this.#now = Math.max(this.#now, end)
        return condition()
      }
    }
    return true
  }

  #scheduler(): Scheduler.Scheduler {
    return {
      executionMode: 'sync',
      shouldYield: (fiber) => fiber.currentOpCount >= STEPS_BEFORE_YIELD,
      makeDispatcher: () => ({
        scheduleTask: (task, priority) => this.#schedule(task, priority),
        flush: () => this.settle(),
      }),
    }
  }

  #schedule(task: () => void, priority: number): void {
    let index = 0
    while (index < this.#ready.length && this.#ready[index]!.priority < priority) index++
    const bucket = this.#ready[index]
    if (bucket?.priority === priority) bucket.tasks.push(task)
    else this.#ready.splice(index, 0, { priority, tasks: [task], next: 0 })
    this.#readyCount++
  }

  #runNextTask(): void {
    for (const bucket of this.#ready) {
      if (bucket.next >= bucket.tasks.length) continue
      const task = bucket.tasks[bucket.next++]!
      if (bucket.next === bucket.tasks.length) {
        bucket.tasks.length = 0
        bucket.next = 0
      }
      this.#readyCount--
      task()
      return
    }
  }
}
