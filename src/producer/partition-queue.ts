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
 * Idempotent: a broker takes a sequence only after the one before it, so a batch that is given up
 * may leave a gap. As long as nobody knows whether it was stored, those sent after it are tried
 * with their old numbers, which finds out, and nothing new is numbered. Where it is certain that
 * nothing was stored from some place on (the cut), what is left there is numbered from 0 in a
 * raised epoch (KIP-360), once all before the cut is done and nothing is in flight.
 */
export class PartitionQueue implements TopicPartition {
  readonly topic: string
  readonly partition: number
  readonly #rules: QueueRules
  /** Never sent, the last one may grow. */
  readonly #open: Batch[] = []
  /** Sent at least once, in order, not done. */
  readonly #outstanding: Batch[] = []
  /** The last batch that was given up, perhaps stored; -1: none, or it proved to be stored. */
  #gapAt = -1
  /** Nothing with this ordinal or above is stored. */
  #cut = Number.POSITIVE_INFINITY
  #identity: Identity | undefined
  #identityIsLost = false
  /** The log has a batch under the identity and epoch. */
  #isKnown = false
  #nextSequence = 0
  #startedRecords = 0
  #startedBatches = 0
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
    const { lingerMs } = this.#rules
    if (this.#mayBeginAgain()) this.#beginAgain()
    if (this.#retryAtMs > nowMs) return this.#retryAtMs
    const [head] = this.#outstanding
    if (this.#outstanding.some((batch) => !batch.inFlight)) {
      return head!.inFlight ? Number.POSITIVE_INFINITY : head!
    }
    const [next] = this.#open
    if (next === undefined || this.#hasGap || !this.#hasTurns()) return Number.POSITIVE_INFINITY
    const isClosed = this.#open.length > 1
    if (isClosed || hurry) return next
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
      batch.ordinal = this.#startedRecords
      batch.batchesBefore = this.#startedBatches
      this.#startedRecords += batch.count
      this.#startedBatches += 1
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
    if (batch.ordinal > this.#gapAt) this.#gapAt = -1
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
    if (batch.mayBeStored) this.#gapAt = Math.max(this.#gapAt, batch.ordinal)
    else this.#cutAt(batch)
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
    if (!this.#hasGap) return false
    this.#cutAt(batch)
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
    this.#cutAt(batch)
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
   * Whether one more may be numbered. A log takes any sequence from a producer that it does not
   * know: so the first batch goes alone, else it could never be stored if only the second one was.
   * A log recognises only the last five: so none goes when that many were sent after one whose
   * answer may be lost, or while one is sent again.
   */
  #hasTurns(): boolean {
    const [head] = this.#outstanding
    if (head === undefined) return true
    if (this.#rules.idempotent && !this.#isKnown) return false
    if (this.#outstanding.some((batch) => batch.attempts > 1)) return false
    return this.#startedBatches - head.batchesBefore < this.#rules.maxOutstanding
  }

  #giveUp(batch: Batch): void {
    this.#remove(batch)
    if (batch.identity !== undefined) this.#gapAt = Math.max(this.#gapAt, batch.ordinal)
  }

  get #hasGap(): boolean {
    return this.#gapAt >= 0 || Number.isFinite(this.#cut)
  }

  #cutAt(batch: Batch): void {
    if (this.#rules.idempotent) this.#cut = Math.min(this.#cut, batch.ordinal)
  }

  #mayBeginAgain(): boolean {
    if (!this.#hasGap || this.#outstanding.some((batch) => batch.inFlight)) return false
    const [head] = this.#outstanding
    return head === undefined || head.ordinal >= this.#cut
  }

  #remove(batch: Batch): void {
    batch.inFlight = false
    const at = this.#outstanding.indexOf(batch)
    if (at >= 0) this.#outstanding.splice(at, 1)
  }

  #beginAgain(): void {
    this.#gapAt = -1
    this.#cut = Number.POSITIVE_INFINITY
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
