import * as Effect from 'effect/Effect'
import type { ConsumerRecord } from '../../domain/record.js'
import { keyOf } from '../../domain/topic-partition.js'
import { withVirtualSource } from '../../runtime/virtual-globals.js'
import { HandlerClock } from './handler-clock.js'
import type { SimulatedProcess } from './process.js'

/** What a handler is told beside the record. */
export interface HandlerContext {
  /** The number of the member, from 0; it keeps it over restarts. */
  readonly member: number
  /** One run of its process: `member-0.3`. */
  readonly process: string
  /** Virtual milliseconds. Never resolves when the process ends meanwhile. */
  readonly sleep: (ms: number) => Promise<void>
}

/**
 * Work on one record, as in a service. Inside, `Date`, timers (`node:timers/promises`, too),
 * `performance.now` and `Math.random` are virtual. It must wait for nothing outside of the world:
 * no socket, no file.
 */
export type Handler = (record: ConsumerRecord, context: HandlerContext) => void | Promise<void>

/** Handlers of one world: how many are under way, so that their promises are waited for. */
export class Handlers {
  readonly #handler: Handler
  readonly #clocks = new Map<SimulatedProcess, HandlerClock>()
  /** Those handled so far, each once however often it was delivered. */
  readonly #handled = new Set<string>()
  #running = 0

  constructor(handler: Handler) {
    this.#handler = handler
  }

  /** A promise of a handler may be settled, or have been. */
  get areRunning(): boolean {
    return this.#running > 0
  }

  /** How many different records were handled. */
  get recordsHandled(): number {
    return this.#handled.size
  }

  /** Fails with what the handler throws. */
  call(
    record: ConsumerRecord,
    member: number,
    process: SimulatedProcess,
  ): Effect.Effect<void, unknown> {
    const clock = this.#clockOf(process)
    const context: HandlerContext = {
      member,
      process: process.name,
      sleep: (ms) => new Promise((resolve) => void clock.setTimeout(resolve, ms)),
    }
    const source = { clock, random: process.random }
    return Effect.tryPromise({
      try: async () => {
        this.#running++
        try {
          await withVirtualSource(source, () => this.#handler(record, context))
          this.#handled.add(`${keyOf(record)} ${record.offset}`)
        } finally {
          this.#running--
        }
      },
      catch: (error) => error,
    })
  }

  /** The process has closed its consumer and goes. */
  end(process: SimulatedProcess): void {
    this.#clockOf(process).end()
  }

  #clockOf(process: SimulatedProcess): HandlerClock {
    const known = this.#clocks.get(process)
    if (known !== undefined) return known
    const clock = new HandlerClock(process.runtime.clock)
    this.#clocks.set(process, clock)
    return clock
  }
}
