import type { StreamBusError } from '../domain/errors.js'
import type { TopicPartition } from '../domain/topic-partition.js'
import {
  type EncodableRecord,
  estimateRecordBytes,
} from '../transport/protocol/records/batch-writer.js'
import { Batch, type Identity, sequenceAfter } from './batch.js'
import type { Ledger } from './ledger.js'
import type { SendCall } from './send-call.js'

export interface QueueRules {
  readonly idempotent: boolean
  /** Batches of the partition that may be under way at once: the order must survive retries. */
  readonly maxOutstanding: number
  readonly lingerMs: number
  readonly ledger: Ledger
}

/** A batch to send now, or when to ask again (infinite: after an answer or an append). */
export type Turn = Batch | number

const MAX_EPOCH = 32_767

/**
 * Batches of one partition in the order in which they were given, and the rules that keep it.
 * While a batch waits to be sent again, nothing else of the partition is sent but the first one
 * outstanding (Kafka's RecordAccumulator.shouldStopDrainBatchesForPartition).
 *
 * Idempotent: a broker takes a sequence only after the one before it. A batch that is given up
 * leaves a gap. If nobody knows whether it was stored, the gap is `suspected`: those after it are
 * tried with their old numbers, which finds out, and nothing new is numbered. If it was surely not
 * stored, the gap is `certain`: once nothing is in flight the epoch is raised (KIP-360) and what
 * is left is numbered from 0.
 */
export class PartitionQueue implements TopicPartition {
  readonly topic: string
  readonly partition: number
  readonly #rules: QueueRules
  /** Never sent, the last one may grow. */
  readonly #open: Batch[] = []
  /** Sent at least once, in order, not done. */
  readonly #outstanding: Batch[] = []
  #gap: 'none' | 'suspected' | 'certain' = 'none'
  #identity: Identity | undefined
  #identityIsLost = false
  /** The log has a batch under the identity and epoch. */
  #isKnown = false
  #nextSequence = 0
  #started = 0
  /** What was started up to here is before the gap, or is the gap. */
  #gapUpTo = 0
  #retryAtMs = 0

  constructor(place: TopicPartition, rules: QueueRules) {
    this.topic = place.topic
    this.partition = place.partition
    this.#rules = rules
  }

  /** Whether there is anything to send, now or later; what is in flight comes back by itself. */
  get hasWork(): boolean {
    return this.#open.length > 0 || this.#outstanding.some((batch) => !batch.inFlight)
  }

  get identity(): Identity | undefined {
    return this.#identity
  }

  /** Whether there is room for so much in the batch that is being filled. */
  hasRoom(bytes: number, maxBatchBytes: number): boolean {
    const last = this.#open.at(-1)
    return last !== undefined && last.bytes + bytes <= maxBatchBytes
  }

  /** Begins a batch: what is appended goes there from now on. */
  open(nowMs: number, dueMs: number): Batch {
    const batch = new Batch(this, this.#rules.ledger, nowMs, dueMs)
    this.#open.push(batch)
    return batch
  }

  append(record: EncodableRecord, bytes: number, call: SendCall, index: number): void {
    this.#open.at(-1)!.append(record, bytes, call, index)
  }

  /** `hurry`: what is there goes, full or not (flush, close, no memory left). */
  turn(nowMs: number, hurry: boolean): Turn {
    const [head] = this.#outstanding
    const inFlight = this.#outstanding.some((batch) => batch.inFlight)
    if (this.#gap === 'certain' || (this.#gap === 'suspected' && head === undefined)) {
      if (inFlight) return Number.POSITIVE_INFINITY
      this.#beginAgain()
    }
    if (this.#retryAtMs > nowMs) return this.#retryAtMs
    if (this.#outstanding.some((batch) => !batch.inFlight)) {
      return head!.inFlight ? Number.POSITIVE_INFINITY : head!
    }
    const [next] = this.#open
    if (next === undefined || this.#gap !== 'none') return Number.POSITIVE_INFINITY
    if (this.#outstanding.length >= this.#mostOutstanding()) return Number.POSITIVE_INFINITY
    const isClosed = this.#open.length > 1
    if (isClosed || hurry) return next
    const { lingerMs } = this.#rules
    if (lingerMs === 0) return head === undefined ? next : Number.POSITIVE_INFINITY
    return next.createdMs + lingerMs <= nowMs ? next : next.createdMs + lingerMs
  }

  /** Whether the batch cannot be sent without an identity from the broker. */
  needsIdentity(batch: Batch): boolean {
    return this.#rules.idempotent && batch.identity === undefined && this.#identity === undefined
  }

  /** `identity` is used by a partition that has none yet. */
  start(batch: Batch, identity: Identity | undefined): void {
    if (this.#open[0] === batch) {
      this.#open.shift()
      this.#outstanding.push(batch)
      batch.ordinal = ++this.#started
    }
    if (this.#rules.idempotent && batch.identity === undefined) {
      if (this.#identity === undefined) {
        this.#identity = identity
        this.#isKnown = false
        this.#nextSequence = 0
      }
      batch.number(this.#identity!, this.#nextSequence)
      this.#nextSequence = sequenceAfter(this.#nextSequence, batch.count)
    }
    batch.inFlight = true
    batch.attempts += 1
    batch.wasHead = this.#outstanding[0] === batch
  }

  /** Stored. Brokers take no sequence after a gap: those before it were stored as well. */
  acknowledged(batch: Batch): void {
    this.#remove(batch)
    this.#isKnown = true
    this.#retryAtMs = 0
    if (this.#gap === 'suspected' && batch.ordinal > this.#gapUpTo) this.#gap = 'none'
  }

  /** Not stored now, or unknown: it goes again, in its place. */
  retry(batch: Batch, atMs: number): void {
    batch.inFlight = false
    if (batch.isSettled) this.#giveUp(batch)
    else this.#retryAtMs = Math.max(this.#retryAtMs, atMs)
  }

  /** The broker will never take it. */
  refused(batch: Batch): void {
    this.#remove(batch)
    if (batch.identity === undefined) return
    // An earlier attempt may have succeeded unheard; then those after it must keep their numbers.
    this.#noteGap(batch.mayBeStored ? 'suspected' : 'certain', batch)
  }

  /** The records were failed before they were done (deliveryTimeoutMs). In flight it stays. */
  expired(batch: Batch): void {
    if (batch.inFlight) return
    const at = this.#open.indexOf(batch)
    if (at >= 0) this.#open.splice(at, 1)
    else this.#giveUp(batch)
  }

  /**
   * The broker expects another sequence. What was sent behind something else waits for that; the
   * first one learns that a suspected gap is there. Else the log has lost what it acknowledged:
   * false, and `lose` has to follow.
   */
  outOfOrder(batch: Batch): boolean {
    if (!batch.wasHead) {
      this.retry(batch, 0)
      return true
    }
    if (this.#gap === 'none') return false
    this.#noteGap('certain', batch)
    this.retry(batch, 0)
    return true
  }

  /** All that has a number fails. `identityToo`: the broker does not know the identity any more. */
  lose(batch: Batch, error: StreamBusError, identityToo: boolean): Batch[] {
    const lost = [...this.#outstanding]
    batch.inFlight = false
    for (const each of lost) {
      each.failed(error)
      if (!each.inFlight) this.#remove(each)
    }
    this.#noteGap('certain', batch)
    this.#identityIsLost ||= identityToo
    return lost
  }

  /** Takes a batch apart that is too large for the broker, and returns what replaces it. */
  split(batch: Batch): readonly [Batch, Batch] {
    const halves = batch.halves(estimateRecordBytes)
    this.#outstanding.splice(this.#outstanding.indexOf(batch), 1, ...halves)
    return halves
  }

  /** Everything fails; what is in flight stays until it is answered. */
  failAll(error: StreamBusError): Batch[] {
    const all = [...this.#outstanding, ...this.#open]
    for (const batch of all) {
      batch.failed(error)
      this.expired(batch)
    }
    return all
  }

  /**
   * A log takes any sequence from a producer that it does not know. So the first batch goes alone:
   * if it failed and the second one did not, the first could never be stored any more.
   */
  #mostOutstanding(): number {
    return this.#rules.idempotent && !this.#isKnown ? 1 : this.#rules.maxOutstanding
  }

  #giveUp(batch: Batch): void {
    this.#remove(batch)
    if (batch.identity !== undefined) this.#noteGap('suspected', batch)
  }

  #noteGap(gap: 'suspected' | 'certain', batch: Batch): void {
    if (!this.#rules.idempotent) return
    if (this.#gap !== 'certain') this.#gap = gap
    this.#gapUpTo = Math.max(this.#gapUpTo, batch.ordinal)
  }

  #remove(batch: Batch): void {
    batch.inFlight = false
    const at = this.#outstanding.indexOf(batch)
    if (at >= 0) this.#outstanding.splice(at, 1)
  }

  #beginAgain(): void {
    this.#gap = 'none'
    this.#isKnown = false
    this.#retryAtMs = 0
    this.#nextSequence = 0
    for (const batch of this.#outstanding) batch.unnumber()
    const identity = this.#identity
    const isSpent = this.#identityIsLost || identity === undefined || identity.epoch >= MAX_EPOCH
    this.#identityIsLost = false
    this.#identity = isSpent ? undefined : { ...identity, epoch: identity.epoch + 1 }
  }
}
