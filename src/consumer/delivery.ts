import * as Effect from 'effect/Effect'
import { isStreamBusError, type StreamBusError } from '../domain/errors.js'
import type { DrainOutcome, ErrorInfo } from '../domain/membership.js'
import type { ConsumerRecord } from '../domain/record.js'
import {
  keyOf,
  partitionKey,
  type TopicPartition,
  type TopicPartitionOffset,
} from '../domain/topic-partition.js'
import type { Clock } from '../runtime/clock.js'
import type { PartitionSlot } from './partition-slot.js'

/** In iteration one partition is read on for this many records before the next has its turn. */
const TURN_RECORDS = 500

export interface DeliveryParts {
  readonly slots: ReadonlyMap<string, PartitionSlot>
  readonly clock: Clock
  /** False while the coordinator may have given the partitions to somebody else. */
  readonly mayHandOut: () => boolean
  readonly onTaken: () => void
  readonly onError: (error: StreamBusError) => void
}

/**
 * Hands records to the application, partition by partition in turn, and knows what it has in
 * hand: revoke waits here until that is done.
 */
export class Delivery {
  readonly #parts: DeliveryParts
  readonly #waiters = new Set<() => void>()
  readonly #settleListeners = new Set<() => void>()
  /**
   * Slots that may have something in hand, so that settling does not look at every partition. One
   * that has just been settled may stay in it: its `outstanding` is null.
   */
  readonly #inHand = new Set<PartitionSlot>()
  #turn = 0
  #current: PartitionSlot | undefined
  #currentLeft = 0
  readonly #one: ConsumerRecord[] = []
  recordsHandedOut = 0
  /** Closing: nothing is handed out any more, and no drain waits for the application. */
  isClosing = false

  constructor(parts: DeliveryParts) {
    this.#parts = parts
  }

  /** Up to `max` records from the partitions in turn; empty when none wait. */
  take(max: number): ConsumerRecord[] {
    const records: ConsumerRecord[] = []
    if (this.isClosing) return records
    const ready = this.#readySlots()
    const start = ready.length === 0 ? 0 : this.#turn++ % ready.length
    for (let index = 0; index < ready.length && records.length < max; index++) {
      this.#handOut(ready[(start + index) % ready.length]!, max - records.length, records)
    }
    if (records.length > 0) this.#parts.onTaken()
    return records
  }

  /** One record, for iteration: stays with a partition for a while, then turns to the next. */
  takeOne(): ConsumerRecord | undefined {
    if (this.isClosing || !this.#parts.mayHandOut()) return undefined
    for (;;) {
      if (this.#current === undefined || this.#currentLeft === 0 || !this.#current.isReady) {
        const ready = this.#readySlots()
        if (ready.length === 0) return undefined
        this.#current = ready[this.#turn++ % ready.length]!
        this.#currentLeft = TURN_RECORDS
      }
      this.#one.length = 0
      this.#currentLeft--
      this.#handOut(this.#current, 1, this.#one)
      if (this.#one.length === 1) {
        if (!this.#current.isReady) this.#parts.onTaken()
        return this.#one[0]
      }
    }
  }

  /** Everything in hand is done. */
  settle(): void {
    if (this.#inHand.size === 0) return
    for (const slot of this.#inHand) slot.settle()
    // Iteration comes here for each record, mostly with one slot: clearing a Set allocates, which
    // costs more than the rest of the record's way.
    if (this.#inHand.size > 1) this.#inHand.clear()
    if (this.#settleListeners.size > 0) this.#tellSettled()
  }

  /** An explicit commit covers what is in hand up to its offset. */
  settleUpTo(offsets: readonly TopicPartitionOffset[]): void {
    for (const { topic, partition, offset } of offsets) {
      const slot = this.#parts.slots.get(partitionKey(topic, partition))
      if (slot === undefined || slot.outstanding === null || offset < slot.outstanding) continue
      slot.settle()
      this.#inHand.delete(slot)
    }
    this.#tellSettled()
  }

  /** The application let go of what it has in hand without finishing it. */
  abandon(): void {
    for (const slot of this.#inHand) {
      if (slot.outstanding === null) continue
      slot.outstanding = null
      // What was not done is handed out again, by this member if it still owns the partition.
      if (slot.isOpen && slot.offsets.done >= 0) slot.startAt(slot.offsets.done, 'seek')
    }
    this.#inHand.clear()
    this.#tellSettled()
    this.#parts.onTaken()
  }

  /** Resumes when there may be something new to take, or when the time is up. */
  wait(timeoutMs: number): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      const finish = (): void => {
        this.#waiters.delete(finish)
        this.#parts.clock.clearTimeout(timer)
        resume(Effect.void)
      }
      const timer = Number.isFinite(timeoutMs)
        ? this.#parts.clock.setTimeout(finish, timeoutMs)
        : undefined
      this.#waiters.add(finish)
      return Effect.sync(() => {
        this.#waiters.delete(finish)
        this.#parts.clock.clearTimeout(timer)
      })
    })
  }

  wake(): void {
    for (const finish of [...this.#waiters]) finish()
  }

  /** Waits until nothing of these partitions is in hand, or the time is up, or closing begins. */
  drain(partitions: readonly TopicPartition[], timeoutMs: number): Effect.Effect<DrainOutcome> {
    const keys = new Set(partitions.map(keyOf))
    const isDrained = (): boolean => {
      for (const slot of this.#inHand) {
        if (keys.has(slot.key) && slot.outstanding !== null) return false
      }
      return true
    }
    return Effect.callback<DrainOutcome>((resume) => {
      if (isDrained()) return resume(Effect.succeed({ tag: 'drained' }))
      if (this.isClosing) return resume(Effect.succeed({ tag: 'timedOut' }))
      const finish = (outcome: DrainOutcome): void => {
        this.#settleListeners.delete(check)
        this.#parts.clock.clearTimeout(timer)
        resume(Effect.succeed(outcome))
      }
      const check = (): void => {
        if (isDrained()) finish({ tag: 'drained' })
        else if (this.isClosing) finish({ tag: 'timedOut' })
      }
      const timer = this.#parts.clock.setTimeout(() => finish({ tag: 'timedOut' }), timeoutMs)
      this.#settleListeners.add(check)
      return Effect.sync(() => {
        this.#settleListeners.delete(check)
        this.#parts.clock.clearTimeout(timer)
      })
    })
  }

  /** No more records; drains and waiting polls end. */
  beginClosing(): void {
    this.isClosing = true
    this.#tellSettled()
    this.wake()
  }

  /** What stopped a partition, once each: the application must know that it stands still. */
  takeError(): ErrorInfo | undefined {
    for (const slot of this.#parts.slots.values()) {
      const error = slot.unreportedError
      if (error === null) continue
      slot.unreportedError = null
      return error
    }
    return undefined
  }

  forget(slot: PartitionSlot): void {
    this.#inHand.delete(slot)
    if (this.#current === slot) this.#current = undefined
  }

  #tellSettled(): void {
    for (const listener of [...this.#settleListeners]) listener()
  }

  #handOut(slot: PartitionSlot, max: number, into: ConsumerRecord[]): void {
    const before = into.length
    try {
      slot.handOut(max, into)
    } catch (error) {
      if (!isStreamBusError(error)) throw error
      slot.failWith(error)
      this.#parts.onError(error)
    }
    const count = into.length - before
    this.recordsHandedOut += count
    if (count > 0) this.#inHand.add(slot)
  }

  #readySlots(): PartitionSlot[] {
    const ready: PartitionSlot[] = []
    if (!this.#parts.mayHandOut()) return ready
    for (const slot of this.#parts.slots.values()) if (slot.isReady) ready.push(slot)
    return ready
  }
}
