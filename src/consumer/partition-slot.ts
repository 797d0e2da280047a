import type { Actor } from 'xstate'
import type { StreamBusError } from '../domain/errors.js'
import type { ErrorInfo } from '../domain/membership.js'
import type { ConsumerRecord } from '../domain/record.js'
import { partitionKey, type TopicPartition } from '../domain/topic-partition.js'
import type { PartitionEvent } from '../machines/partition/events.js'
import type { PartitionMachine } from '../machines/partition/partition-machine.js'
import { PartitionBuffer } from './partition-buffer.js'

/** Offsets of one owned partition; -1 is unknown. They move in plain loops, beside the actor. */
export interface PartitionOffsets {
  /** Next to ask the broker for. */
  fetch: number
  /** Next to hand out. */
  position: number
  /** Next to process: everything below is done. What a commit stores. */
  done: number
  committed: number
  highWatermark: number
  lastStable: number
  logStart: number
}

/**
 * One owned partition beside its actor: buffer, offsets, and what the application has in hand.
 * Lives from before `onPartitionsAssigned` until release or loss.
 */
export class PartitionSlot implements TopicPartition {
  readonly topic: string
  readonly partition: number
  readonly key: string
  readonly actor: Actor<PartitionMachine>
  readonly buffer = new PartitionBuffer()
  readonly offsets: PartitionOffsets = {
    fetch: -1,
    position: -1,
    done: -1,
    committed: -1,
    highWatermark: -1,
    lastStable: -1,
    logStart: -1,
  }
  /** The end of what was handed out and is not done yet. */
  outstanding: number | null = null
  /** Grows with each seek or reset: an answer to an older fetch is thrown away. */
  incarnation = 0
  /** The incarnation that a fetch under way was asked for; -1 without one. */
  fetchedIncarnation = -1
  /** False until `onPartitionsAssigned` returned, and again from the first word of revoke or loss. */
  isOpen = false
  /** `onPartitionsAssigned` was called with it, so revoke or loss must be told too. */
  isAnnounced = false
  /** Not fetched before this moment of the runtime's elapsed clock: a retriable error. */
  retryAt = 0
  /** An error for the next poll to throw: this partition cannot be read on. */
  unreportedError: ErrorInfo | null = null
  recordsHandedOut = 0

  constructor(tp: TopicPartition, actor: Actor<PartitionMachine>) {
    this.topic = tp.topic
    this.partition = tp.partition
    this.key = partitionKey(tp.topic, tp.partition)
    this.actor = actor
  }

  get state(): string {
    return this.actor.getSnapshot().value
  }

  send(event: PartitionEvent): void {
    this.actor.send(event)
  }

  /** A fetch that was asked for before a seek does not count: its answer is thrown away. */
  get isBeingFetched(): boolean {
    return this.fetchedIncarnation === this.incarnation
  }

  get isPaused(): boolean {
    return this.actor.getSnapshot().context.paused
  }

  /** Records wait, and the application may have them. */
  get isReady(): boolean {
    return this.isOpen && !this.buffer.isEmpty && this.state === 'buffered'
  }

  /** A new place to read from: what was buffered or in hand no longer counts. */
  startAt(offset: number, from: 'committed' | 'reset' | 'seek'): void {
    this.#forgetPosition()
    this.offsets.fetch = offset
    this.offsets.position = offset
    this.offsets.done = offset
    if (from === 'committed') this.offsets.committed = offset
    this.send({ type: 'position.resolved', offset, from })
  }

  /** The position is open: it has to be looked up again. */
  losePosition(): void {
    this.#forgetPosition()
    this.offsets.fetch = -1
    this.send({ type: 'position.lost' })
  }

  /** Buffered records go; they are fetched again from the position when wanted. */
  dropBuffer(): void {
    this.buffer.clear()
    this.offsets.fetch = this.offsets.position
    this.incarnation++
  }

  /** Hands out up to `max` records; they are outstanding until `settle`. */
  handOut(max: number, into: ConsumerRecord[]): number {
    const before = into.length
    try {
      this.offsets.position = this.buffer.take(max, into, this.offsets.position)
    } finally {
      this.#noteHandedOut(into, before)
    }
    return into.length - before
  }

  /** It cannot be read on: nothing is skipped, a seek past the place starts it anew. */
  failWith(error: StreamBusError): void {
    const { code, message } = error
    this.buffer.clear()
    this.unreportedError = { code, message }
    this.send({ type: 'fail', error: { code, message } })
  }

  #noteHandedOut(into: readonly ConsumerRecord[], before: number): void {
    const count = into.length - before
    // Records before a corrupt one were handed out although `take` could not say so.
    if (count > 0) {
      const last = into[into.length - 1]!
      this.offsets.position = Math.max(this.offsets.position, last.offset + 1)
    }
    this.recordsHandedOut += count
    if (count > 0) this.outstanding = this.offsets.position
    else if (this.outstanding === null) {
      this.offsets.done = Math.max(this.offsets.done, this.offsets.position)
    }
    if (this.buffer.isEmpty) this.send({ type: 'buffer.emptied' })
  }

  /** What was handed out is done. */
  settle(): void {
    if (this.outstanding === null) return
    // An explicit commit may have gone beyond it.
    this.offsets.done = Math.max(this.offsets.done, this.outstanding)
    this.outstanding = null
  }

  /** No more records leave: revoke or loss begins. */
  shut(): void {
    this.isOpen = false
    this.buffer.clear()
    this.incarnation++
  }

  #forgetPosition(): void {
    this.buffer.clear()
    this.outstanding = null
    this.incarnation++
    this.retryAt = 0
    this.unreportedError = null
  }
}
