import type { StreamBusError } from '../domain/errors.js'
import type { CompressionName } from '../domain/record.js'
import { BATCH_HEADER_BYTES } from '../transport/protocol/records/batch-header.js'
import { type EncodableRecord, encodeBatch } from '../transport/protocol/records/batch-writer.js'
import type { Ledger } from './ledger.js'
import type { PartitionQueue } from './partition-queue.js'
import type { SendCall } from './send-call.js'

/** Who writes, as brokers see it: sequences count within one identity and partition (KIP-98). */
export interface Identity {
  readonly producerId: bigint
  readonly epoch: number
}

/** Sequences are int32 and begin again at 0. */
const SEQUENCES = 2 ** 31

export const sequenceAfter = (sequence: number, records: number): number =>
  (sequence + records) % SEQUENCES

/** Records that go to one partition together, and the calls that wait for them. */
export class Batch {
  readonly queue: PartitionQueue
  readonly createdMs: number
  /** An upper bound of the encoded size, uncompressed. */
  bytes = BATCH_HEADER_BYTES
  dueMs: number
  /** Records of the partition that were sent before it first was: its place in the order. */
  ordinal = 0
  /** Batches of the partition that were sent before it first was. */
  batchesBefore = 0
  /** How often it was sent. */
  attempts = 0
  inFlight = false
  /** When it was last sent nothing was outstanding before it. */
  wasHead = false
  /** An attempt ended without an answer: it may be in the log. */
  mayBeStored = false
  /** Its calls were told. It may still be in flight. */
  isSettled = false
  identity: Identity | undefined
  baseSequence = -1
  lastError: StreamBusError | undefined
  readonly #records: EncodableRecord[] = []
  readonly #calls: SendCall[] = []
  readonly #indexes: number[] = []
  readonly #ledger: Ledger
  #encoded: Buffer | undefined

  constructor(queue: PartitionQueue, ledger: Ledger, createdMs: number, dueMs: number) {
    this.queue = queue
    this.#ledger = ledger
    this.createdMs = createdMs
    this.dueMs = dueMs
    ledger.opened(this)
  }

  get recordBytes(): number {
    return this.bytes - BATCH_HEADER_BYTES
  }

  get count(): number {
    return this.#records.length
  }

  append(record: EncodableRecord, bytes: number, call: SendCall, index: number): void {
    this.#records.push(record)
    this.#calls.push(call)
    this.#indexes.push(index)
    this.bytes += bytes
    this.#ledger.appended(bytes)
    if (call.dueMs < this.dueMs) this.dueMs = call.dueMs
  }

  number(identity: Identity, baseSequence: number): void {
    this.identity = identity
    this.baseSequence = baseSequence
    this.#encoded = undefined
  }

  unnumber(): void {
    this.identity = undefined
    this.baseSequence = -1
    this.#encoded = undefined
  }

  /** Kept for retries. Errors: UNSUPPORTED_COMPRESSION. */
  encode(compression: CompressionName, level: number | undefined): Buffer {
    this.#encoded ??= encodeBatch(this.#records, {
      compression,
      ...(level === undefined ? {} : { level }),
      ...(this.identity === undefined
        ? {}
        : {
            producerId: this.identity.producerId,
            producerEpoch: this.identity.epoch,
            baseSequence: this.baseSequence,
          }),
    })
    return this.#encoded
  }

  /** @param baseOffset -1 when it is not known */
  delivered(baseOffset: number, logAppendTimeMs: number): void {
    if (!this.#end('delivered')) return
    const { topic, partition } = this.queue
    for (let at = 0; at < this.#records.length; at += 1) {
      this.#calls[at]!.delivered(this.#indexes[at]!, {
        topic,
        partition,
        offset: baseOffset < 0 ? -1 : baseOffset + at,
        timestampMs: logAppendTimeMs < 0 ? this.#records[at]!.timestampMs : logAppendTimeMs,
      })
    }
  }

  failed(error: StreamBusError): void {
    if (!this.#end('failed')) return
    for (let at = 0; at < this.#records.length; at += 1) {
      this.#calls[at]!.failed(this.#indexes[at]!, error)
    }
  }

  /** Two batches in place of this one, with the same sequences: what came after still fits. */
  halves(bytesOf: (record: EncodableRecord) => number): readonly [Batch, Batch] {
    const middle = this.count >> 1
    const halves = [
      this.#part(0, middle, bytesOf),
      this.#part(middle, this.count, bytesOf),
    ] as const
    if (this.identity !== undefined) {
      halves[0].number(this.identity, this.baseSequence)
      halves[1].number(this.identity, sequenceAfter(this.baseSequence, middle))
    }
    this.#end('moved')
    return halves
  }

  #part(from: number, to: number, bytesOf: (record: EncodableRecord) => number): Batch {
    const part = new Batch(this.queue, this.#ledger, this.createdMs, this.dueMs)
    for (let at = from; at < to; at += 1) {
      const record = this.#records[at]!
      part.append(record, bytesOf(record), this.#calls[at]!, this.#indexes[at]!)
    }
    part.ordinal = this.ordinal + from
    part.batchesBefore = this.batchesBefore
    part.attempts = this.attempts
    part.mayBeStored = this.mayBeStored
    part.lastError = this.lastError
    return part
  }

  #end(outcome: 'delivered' | 'failed' | 'moved'): boolean {
    if (this.isSettled) return false
    this.isSettled = true
    this.#ledger.ended(this, outcome)
    return true
  }
}
