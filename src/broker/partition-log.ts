import * as Exit from 'effect/Exit'
import type { Runtime } from '../runtime/runtime.js'
import type { KafkaErrorName } from '../transport/protocol/kafka-errors.js'
import {
  type BatchHeader,
  setBaseOffset,
  setLogAppendTime,
  setPartitionLeaderEpoch,
} from '../transport/protocol/records/batch-header.js'
import { ProducerStates } from './producer-states.js'
import type { LogKey, Mutation, Store, StoredBatch } from './store/store.js'

/** A single node never changes leaders: every batch is of the first epoch. */
export const LEADER_EPOCH = 0

export type AppendResult =
  | {
      readonly type: 'appended'
      readonly baseOffset: number
      /** -1 unless the topic stamps batches with the broker's time. */
      readonly logAppendTimeMs: number
      readonly logStartOffset: number
    }
  | { readonly type: 'refused'; readonly error: KafkaErrorName; readonly message: string }

export interface PartitionLogParts {
  readonly runtime: Runtime
  readonly store: Store
  readonly producerIdExpirationMs: number
  /** A write failed: from now on this store takes none. */
  readonly onStoreFailure: (cause: unknown) => void
}

interface Waiting {
  /** Acknowledged once the high watermark is above. */
  readonly lastOffset: number
  readonly result: AppendResult
  readonly done: (result: AppendResult) => void
}

/** The key of a producer's state of one partition in the store's `producers` table. */
export const producerKey = (log: LogKey, producerId: bigint): string =>
  `${log.topicId}/${log.partition}/${producerId}`

/**
 * One partition's log. Appends are pipelined: each takes its offsets at once and is handed to the
 * store without waiting for the one before; since the store commits in order, the high watermark
 * follows and acknowledgements leave in the order of the appends. Nothing at or above the high
 * watermark can be read.
 *
 * When the store fails, every append that is not committed and every later one is refused with
 * KAFKA_STORAGE_ERROR, and what was committed stays readable.
 */
export class PartitionLog implements LogKey {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
  /** Nothing is ever removed from the front of a log. */
  readonly logStartOffset: number
  readonly #parts: PartitionLogParts
  readonly #producers: ProducerStates
  readonly #waiting: Waiting[] = []
  readonly #watchers = new Set<() => void>()
  #logEndOffset: number
  #highWatermark: number
  #committedBytes = 0
  #maxTimestamp: number | undefined
  #state: 'open' | 'failed' | 'retired' | 'deleted' | 'closed' = 'open'

  constructor(topic: string, key: LogKey, parts: PartitionLogParts) {
    this.topic = topic
    this.topicId = key.topicId
    this.partition = key.partition
    this.#parts = parts
    this.#producers = new ProducerStates(parts.producerIdExpirationMs)
    const last = parts.store.lastBatch(key)
    this.#logEndOffset = last === undefined ? 0 : last.lastOffset + 1
    this.#highWatermark = this.#logEndOffset
    this.logStartOffset = last === undefined ? 0 : (parts.store.firstBatch(key)?.baseOffset ?? 0)
  }

  get highWatermark(): number {
    return this.#highWatermark
  }

  /** Above the high watermark while appends are on their way into the store. */
  get logEndOffset(): number {
    return this.#logEndOffset
  }

  /** Bytes committed since this object was made: only differences mean something. */
  get committedBytes(): number {
    return this.#committedBytes
  }

  /** The largest timestamp committed since `knowMaxTimestamp`; undefined before. */
  get maxTimestamp(): number | undefined {
    return this.#maxTimestamp
  }

  /** There is nothing to wait for any more. */
  get isGone(): boolean {
    return this.#state === 'deleted' || this.#state === 'closed'
  }

  get isClosed(): boolean {
    return this.#state === 'closed'
  }

  restoreProducer(producerId: bigint, value: unknown): void {
    this.#producers.restore(producerId, value)
  }

  knowMaxTimestamp(timestampMs: number): void {
    this.#maxTimestamp = timestampMs
  }

  /**
   * Appends one validated batch, whose bytes become the log's own (its offset, epoch and perhaps
   * its time are written into them). `done` is called once: at once when the batch is refused or
   * the store is that fast, else when it is committed. An idempotent producer's repeated batch is
   * answered with where it was first appended, once that is committed.
   */
  append(
    bytes: Buffer,
    header: BatchHeader,
    settings: { readonly logAppendTime: boolean },
    done: (result: AppendResult) => void,
  ): void {
    const nowMs = this.#parts.runtime.clock.now()
    const mutations: Mutation[] = this.#expiredProducers(header, nowMs)
    const judged = this.#judge(header)
    if (judged !== undefined) {
      this.#acknowledge(judged.lastOffset, judged.result, done)
      return
    }
    const baseOffset = this.#logEndOffset
    const lastOffset = baseOffset + header.lastOffsetDelta
    const logAppendTimeMs = settings.logAppendTime ? nowMs : -1
    setBaseOffset(bytes, 0, baseOffset)
    setPartitionLeaderEpoch(bytes, 0, LEADER_EPOCH)
    if (settings.logAppendTime) setLogAppendTime(bytes, 0, nowMs)
    const maxTimestamp = settings.logAppendTime ? nowMs : header.maxTimestamp
    const { topicId, partition } = this
    const place = { topicId, partition, baseOffset, lastOffset, maxTimestamp }
    mutations.push({ type: 'append', ...place, bytes })
    if (header.producerId >= 0n) {
      const value = this.#producers.append(header, baseOffset, logAppendTimeMs, nowMs)
      const key = producerKey(this, header.producerId)
      mutations.push({ type: 'put', table: 'producers', key, value })
    }
    this.#logEndOffset = lastOffset + 1
    const result = this.#appended({ baseOffset, logAppendTimeMs })
    this.#acknowledge(lastOffset, result, done)
    this.#write(mutations, lastOffset, bytes.length, maxTimestamp)
  }

  /**
   * Whole batches from the one that holds `fromOffset`, below the high watermark, up to
   * `maxBytes`; the first one even when it alone is larger.
   */
  read(fromOffset: number, maxBytes: number): readonly StoredBatch[] {
    if (fromOffset >= this.#highWatermark) return []
    const batches = this.#parts.store.readBatches(this, fromOffset, maxBytes)
    // The store may have committed more than it has told us.
    const beyond = batches.findIndex((batch) => batch.lastOffset >= this.#highWatermark)
    return beyond < 0 ? batches : batches.slice(0, beyond)
  }

  /** Calls back whenever the high watermark has moved or the partition is gone. */
  watch(listener: () => void): () => void {
    this.#watchers.add(listener)
    return () => this.#watchers.delete(listener)
  }

  /** The topic's deletion has begun: appends are refused, reads go on until `retired`. */
  retire(): void {
    this.#state = 'retired'
  }

  /** The deletion has ended, or the broker closes: whoever waits for records is told. */
  retired(outcome: 'deleted' | 'failed' | 'closed'): void {
    this.#state = outcome
    this.#notify()
  }

  /** What the store must forget along with the log. */
  producerDeletions(): Mutation[] {
    return [...this.#producers.ids()].map((producerId) => ({
      type: 'delete',
      table: 'producers',
      key: producerKey(this, producerId),
    }))
  }

  #appended(batch: { baseOffset: number; logAppendTimeMs: number }): AppendResult {
    return {
      type: 'appended',
      baseOffset: batch.baseOffset,
      logAppendTimeMs: batch.logAppendTimeMs,
      logStartOffset: this.logStartOffset,
    }
  }

  #expiredProducers(header: BatchHeader, nowMs: number): Mutation[] {
    if (header.producerId < 0n) return []
    return this.#producers.sweep(nowMs).map((producerId) => ({
      type: 'delete',
      table: 'producers',
      key: producerKey(this, producerId),
    }))
  }

  /** The answer to a batch that is not to be appended; undefined when it is. */
  #judge(header: BatchHeader): { lastOffset: number; result: AppendResult } | undefined {
    if (this.#state !== 'open') return { lastOffset: -1, result: refusals[this.#state] }
    if (header.producerId < 0n) return undefined
    const verdict = this.#producers.check(header)
    if (verdict.type === 'refused') return { lastOffset: -1, result: verdict }
    if (verdict.type === 'next') return undefined
    return { lastOffset: verdict.batch.lastOffset, result: this.#appended(verdict.batch) }
  }

  #acknowledge(lastOffset: number, result: AppendResult, done: Waiting['done']): void {
    if (lastOffset < this.#highWatermark) done(result)
    else this.#waiting.push({ lastOffset, result, done })
  }

  #write(
    mutations: readonly Mutation[],
    lastOffset: number,
    sizeInBytes: number,
    maxTimestamp: number,
  ): void {
    // Run on its own: a producer that goes away must not take back what is already in line.
    const fiber = this.#parts.runtime.run(this.#parts.store.write(mutations))
    fiber.addObserver((exit) => {
      if (Exit.isSuccess(exit)) this.#committed(lastOffset, sizeInBytes, maxTimestamp)
      else this.#failed(exit.cause)
    })
  }

  #committed(lastOffset: number, sizeInBytes: number, maxTimestamp: number): void {
    this.#highWatermark = Math.max(this.#highWatermark, lastOffset + 1)
    this.#committedBytes += sizeInBytes
    if (this.#maxTimestamp !== undefined && maxTimestamp > this.#maxTimestamp) {
      this.#maxTimestamp = maxTimestamp
    }
    let ready = 0
    while (ready < this.#waiting.length && this.#waiting[ready]!.lastOffset < this.#highWatermark) {
      ready++
    }
    for (const { done, result } of this.#waiting.splice(0, ready)) done(result)
    this.#notify()
  }

  #failed(cause: unknown): void {
    if (this.#state === 'open') {
      this.#state = 'failed'
      this.#parts.onStoreFailure(cause)
    }
    this.#logEndOffset = this.#highWatermark
    for (const { done } of this.#waiting.splice(0)) done(STORAGE_ERROR)
  }

  #notify(): void {
    for (const watcher of [...this.#watchers]) watcher()
  }
}

const STORAGE_ERROR: AppendResult = {
  type: 'refused',
  error: 'KAFKA_STORAGE_ERROR',
  message:
    'the store of this broker has failed and takes no more writes; see the log of the broker',
}

const UNKNOWN_PARTITION: AppendResult = {
  type: 'refused',
  error: 'UNKNOWN_TOPIC_OR_PARTITION',
  message: 'the topic is being deleted',
}

const CLOSED: AppendResult = {
  type: 'refused',
  error: 'NOT_LEADER_OR_FOLLOWER',
  message: 'this broker is closing',
}

const refusals = {
  failed: STORAGE_ERROR,
  retired: UNKNOWN_PARTITION,
  deleted: UNKNOWN_PARTITION,
  closed: CLOSED,
} as const
