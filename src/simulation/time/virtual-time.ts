import type * as Scheduler from 'effect/Scheduler'
import type { Clock } from '../../runtime/clock.js'
import { makeRuntime, type Runtime } from '../../runtime/runtime.js'
import { Gate } from './gate.js'
import { RunQueue } from './run-queue.js'
import { Runaway } from './runaway.js'
import { seededRandom } from './seeded-random.js'
import { TimerHeap, type VirtualTimer } from './timer-heap.js'

/** A wall-clock start for virtual worlds: 2026-01-01T00:00:00Z, the same in every run. */
const VIRTUAL_EPOCH_MS = 1_767_225_600_000

/** A fiber that never waits would hang a synchronous world: past this many steps it yields. */
const STEPS_BEFORE_YIELD = 2048

const GRID_MS = 0.001

/** Upwards, if only by the last bit: a timer that is early would be set again, and again. */
const toMicroseconds = (ms: number): number => {
  const rounded = Math.round(ms * 1_000)
  return rounded / 1_000 < ms ? (rounded + 1) / 1_000 : rounded / 1_000
}

/** Timers are counted over this long; more than the limit is a loop that hardly takes time. */
const WINDOW_MS = 5_000
const MOST_TIMERS = 20_000

export interface TimeLimits {
  /** Of one gate, within 5 s. Default 20,000. */
  readonly mostTimers?: number
}

/**
 * One virtual clock for XState and Effect. Timers wait in a heap, fibers in a run queue, and
 * both run synchronously: nothing happens unless `step` or `runUntil` makes it happen. Timers due
 * at the same time fire in the order of a seeded draw, so that a seed explores orders too. Time is
 * kept to the microsecond.
 */
export class VirtualTime {
  /** Of the world itself: the test, the script; never stopped. */
  readonly clock: Clock
  readonly runtime: Runtime
  readonly random: () => number
  readonly #seed: string
  readonly #mostTimers: number
  readonly #order: () => number
  readonly #timers = new TimerHeap()
  readonly #queue = new RunQueue()
  readonly #ownGate = new Gate('world')
  #now = 0
  #sequence = 0
  /** Timers fired so far. */
  fired = 0

  /** Throws Runaway from `step` when a limit is passed. */
  constructor(seed: string | number, { mostTimers = MOST_TIMERS }: TimeLimits = {}) {
    this.#mostTimers = mostTimers
    this.#seed = String(seed)
    this.random = seededRandom(this.#seed)
    this.#order = seededRandom(`${seed}/timer-order`)
    this.clock = this.clockOf(this.#ownGate)
    this.runtime = this.runtimeOf(this.#ownGate, this.random)
  }

  /** Milliseconds since the world began. */
  get now(): number {
    return this.#now
  }

  /** Timers that may still fire. */
  get pending(): IterableIterator<VirtualTimer> {
    return this.#timers.live()
  }

  /** A stream of draws of its own: leaving one thing out of a world leaves the others' alone. */
  randomFor(purpose: string): () => number {
    return seededRandom(`${this.#seed}/${purpose}`)
  }

  clockOf(gate: Gate): Clock {
    const late = seededRandom(`${this.#seed}/late/${gate.name}`)
    return {
      now: () => VIRTUAL_EPOCH_MS + Math.floor(this.#now) + gate.wallOffsetMs,
      elapsed: () => this.#now,
      setTimeout: (run, delayMs) =>
        this.schedule(gate, gate.lateMs === 0 ? delayMs : delayMs + late() * gate.lateMs, run),
      clearTimeout: (timer) => {
        if (timer !== undefined) (timer as VirtualTimer).cancelled = true
      },
    }
  }

  runtimeOf(gate: Gate, random: () => number): Runtime {
    return makeRuntime({ clock: this.clockOf(gate), random, scheduler: this.#schedulerOf(gate) })
  }

  /** Something that happens to what is behind the gate: a timer of it, or bytes that arrive. */
  schedule(gate: Gate, delayMs: number, run: () => void): VirtualTimer {
    const delay = Number.isFinite(delayMs) ? Math.max(0, delayMs) : Number.MAX_SAFE_INTEGER
    // Later than now, if only by a microsecond: a rest of 1e-12 ms must not stand still.
    const at =
      delay > 0 ? Math.max(toMicroseconds(this.#now + delay), this.#now + GRID_MS) : this.#now
    const timer: VirtualTimer = {
      at: toMicroseconds(at),
      draw: this.#order(),
      sequence: this.#sequence++,
      gate,
      run,
      cancelled: false,
    }
    this.#timers.push(timer)
    return timer
  }

  hold(gate: Gate): void {
    if (gate.state === 'open') gate.state = 'held'
  }

  /** What waited falls due now: in its order, or (timers before I/O, or not) in any. */
  release(gate: Gate, inOrder = true): void {
    if (gate.state !== 'held') return
    gate.state = 'open'
    for (const [index, timer] of gate.waiting.splice(0).entries()) {
      timer.at = this.#now
      if (inOrder) timer.draw = index - Number.MAX_SAFE_INTEGER
      this.#timers.push(timer)
    }
  }

  shut(gate: Gate): void {
    gate.state = 'shut'
    gate.waiting.length = 0
  }

  /** Runs every ready fiber until none is left, without moving the clock. */
  settle(): void {
    this.#queue.drain()
  }

  get isSettled(): boolean {
    return this.#queue.isEmpty
  }

  /** Fires the next timer and settles. False when there is none up to `limitMs`. */
  step(limitMs = Number.POSITIVE_INFINITY): boolean {
    this.settle()
    const timer = this.#timers.peek()
    if (timer === undefined || timer.at > limitMs) return false
    this.#timers.pop()
    this.#now = timer.at
    if (timer.gate.state === 'held') timer.gate.waiting.push(timer)
    else if (timer.gate.state === 'open') {
      this.fired++
      this.#count(timer.gate)
      timer.run()
      this.settle()
    }
    return true
  }

  /** Runs the world up to a time, which the clock then shows. */
  runUntil(timeMs: number): void {
    while (this.step(timeMs)) {
      // Each step fires one timer.
    }
    this.#now = Math.max(this.#now, toMicroseconds(timeMs))
  }

  runFor(durationMs: number): void {
    this.runUntil(this.#now + durationMs)
  }

  /** Runs until the condition holds; false when the time is up first. */
  runUntilTrue(condition: () => boolean, limitMs: number): boolean {
    const end = toMicroseconds(this.#now + limitMs)
    this.settle()
    while (!condition()) {
      if (!this.step(end)) {
        this.#now = Math.max(this.#now, end)
        return condition()
      }
    }
    return true
  }

  #count(gate: Gate): void {
    if (this.#now - gate.countedSinceMs >= WINDOW_MS) {
      gate.countedSinceMs = this.#now
      gate.timersFired = 0
    }
    if (++gate.timersFired <= this.#mostTimers) return
    const when = `from ${Math.floor(gate.countedSinceMs)} to ${Math.floor(this.#now)} ms`
    throw new Runaway(`${gate.name} fired ${this.#mostTimers} timers ${when}`)
  }

  #schedulerOf(gate: Gate): Scheduler.Scheduler {
    return {
      executionMode: 'sync',
      shouldYield: (fiber) => fiber.currentOpCount >= STEPS_BEFORE_YIELD,
      makeDispatcher: () => ({
        scheduleTask: (task, priority) => this.#queue.add(gate, task, priority),
        flush: () => this.settle(),
      }),
    }
  }
}
