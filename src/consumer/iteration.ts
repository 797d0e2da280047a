import type { ConsumerRecord } from '../domain/record.js'
import type { Runtime } from '../runtime/runtime.js'
import type { ConsumerCore } from './consumer-core.js'
import { EndOfPartitions, type Reading } from './reading.js'

export interface RecordsOptions {
  readonly signal?: AbortSignal
  /** `'end'`: stop when what was in the assigned partitions at the start has been read. */
  readonly until?: 'end'
}

export interface IterationParts {
  readonly core: ConsumerCore
  readonly reading: Reading
  readonly runtime: Runtime
  /** Claims the consumer for this iterator alone; CONSUMER_IN_USE while another one lives. */
  readonly acquire: () => void
  readonly release: () => void
  /** Subscribes if needed; false when the consumer was closed meanwhile. */
  readonly begin: (signal: AbortSignal) => Promise<boolean>
  readonly options: RecordsOptions
}

type Next = IteratorResult<ConsumerRecord, undefined>

/**
 * An iterator over records as they come. Asking for the next record says that the one before is
 * done; `break` and `throw` leave it not done, and it will be handed out again.
 */
export const recordIterator = (parts: IterationParts): AsyncIterableIterator<ConsumerRecord> =>
  new RecordIterator(parts)

class RecordIterator implements AsyncIterableIterator<ConsumerRecord> {
  readonly #parts: IterationParts
  /** Ends what `next` waits for when the iterator is left. */
  readonly #left = new AbortController()
  readonly #signal: AbortSignal
  #phase: 'new' | 'begun' | 'over' = 'new'
  #isAcquired = false
  #end: EndOfPartitions | null = null
  /** Calls of `next` that overlap are answered one after the other. */
  #pending: Promise<unknown> | undefined

  constructor(parts: IterationParts) {
    this.#parts = parts
    const { signal } = parts.options
    this.#signal = signal ? AbortSignal.any([signal, this.#left.signal]) : this.#left.signal
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<Next> {
    if (this.#pending !== undefined) return this.#queue(() => this.#step())
    const next = this.#now()
    return next === undefined ? this.#queue(() => this.#wait()) : Promise.resolve(next)
  }

  return(): Promise<Next> {
    this.#leave()
    return Promise.resolve(OVER)
  }

  throw(error: unknown): Promise<Next> {
    this.#leave()
    return Promise.reject(error)
  }

  /** What can be said without waiting. */
  #now(): Next | undefined {
    if (this.#phase === 'over') return OVER
    if (this.#phase !== 'begun' || this.#end !== null || this.#signal.aborted) return undefined
    const value = this.#parts.reading.takeOneNow()
    return value === undefined ? undefined : { done: false, value }
  }

  async #step(): Promise<Next> {
    return this.#now() ?? this.#wait()
  }

  #queue(run: () => Promise<Next>): Promise<Next> {
    const before = this.#pending ?? Promise.resolve()
    const mine = before.then(run, run)
    const settled = mine.then(
      () => undefined,
      () => undefined,
    )
    this.#pending = settled
    void settled.then(() => {
      if (this.#pending === settled) this.#pending = undefined
    })
    return mine
  }

  async #wait(): Promise<Next> {
    const { core, reading, runtime, options } = this.#parts
    if (this.#phase === 'over') return OVER
    try {
      options.signal?.throwIfAborted()
      if (this.#phase === 'new') await this.#begin()
      if (this.#hasEnded()) return OVER
      const record = await runtime.promise(reading.next(this.#end), this.#signal)
      if (this.#hasEnded()) {
        // It was left in the very step in which a record came: nobody saw that one.
        core.delivery.abandon()
        return OVER
      }
      if (record !== undefined) return { done: false, value: record }
      this.#finish()
      return OVER
    } catch (error) {
      if (this.#hasEnded()) return OVER
      this.#finish()
      throw options.signal?.aborted ? options.signal.reason : error
    }
  }

  async #begin(): Promise<void> {
    const { core, acquire, begin, options } = this.#parts
    acquire()
    this.#isAcquired = true
    const isOpen = await begin(this.#signal)
    if (this.#hasEnded()) return
    if (!isOpen) {
      this.#finish()
      return
    }
    this.#phase = 'begun'
    if (options.until === 'end') this.#end = new EndOfPartitions(core)
  }

  #hasEnded(): boolean {
    return this.#phase === 'over'
  }

  #leave(): void {
    if (this.#phase === 'begun') this.#parts.core.delivery.abandon()
    this.#finish()
    this.#left.abort()
  }

  #finish(): void {
    this.#phase = 'over'
    if (this.#isAcquired) this.#parts.release()
    this.#isAcquired = false
  }
}

const OVER: Next = { done: true, value: undefined }
