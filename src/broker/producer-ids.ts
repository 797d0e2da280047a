import * as Effect from 'effect/Effect'
import type { Runtime } from '../runtime/runtime.js'
import type { Store } from './store/store.js'

const BLOCK_SIZE = 1000
const STORE_KEY = 'nextProducerId'

type Waiting = (producerId: bigint | undefined) => void

/**
 * Producer ids, unique for ever: they are taken from blocks of 1000 (as Kafka does), and a block is
 * durable before the first id of it is handed out. A restart skips the rest of its block.
 */
export class ProducerIds {
  readonly #runtime: Runtime
  readonly #store: Store
  #next: number
  #end: number
  #allocating = false
  readonly #waiting = new Set<Waiting>()

  constructor(runtime: Runtime, store: Store) {
    this.#runtime = runtime
    this.#store = store
    const stored = store.get('broker', STORE_KEY)
    this.#next = typeof stored === 'number' ? stored : 0
    this.#end = this.#next
  }

  /** A fresh id; undefined when the store has failed. */
  readonly take: Effect.Effect<bigint | undefined> = Effect.callback((resume) => {
    const waiting: Waiting = (producerId) => resume(Effect.succeed(producerId))
    this.#waiting.add(waiting)
    this.#serve()
    return Effect.sync(() => this.#waiting.delete(waiting))
  })

  #serve(): void {
    for (const waiting of this.#waiting) {
      if (this.#next === this.#end) break
      this.#waiting.delete(waiting)
      waiting(BigInt(this.#next++))
    }
    if (this.#waiting.size > 0 && !this.#allocating) this.#allocate()
  }

  #allocate(): void {
    this.#allocating = true
    const end = this.#end + BLOCK_SIZE
    const write = this.#store.write([{ type: 'put', table: 'broker', key: STORE_KEY, value: end }])
    this.#runtime.run(write).addObserver((exit) => {
      this.#allocating = false
      if (exit._tag === 'Success') {
        this.#end = end
        this.#serve()
        return
      }
      const refused = [...this.#waiting]
      this.#waiting.clear()
      for (const waiting of refused) waiting(undefined)
    })
  }
}
