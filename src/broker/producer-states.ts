import type { BatchHeader } from '../transport/protocol/records/batch-header.js'

/** How many of a producer's last batches are known again when they are sent twice (as Kafka). */
const BATCHES_KEPT = 5
const MAX_SEQUENCE = 2_147_483_647
const SWEEP_INTERVAL_MS = 600_000

export interface AppendedBatch {
  readonly baseSequence: number
  readonly lastSequence: number
  readonly baseOffset: number
  readonly lastOffset: number
  /** -1 unless the topic stamps batches with the broker's time. */
  readonly logAppendTimeMs: number
}

interface ProducerEntry {
  readonly epoch: number
  /** Wall-clock time of the last append, for expiry only. */
  readonly appendedAtMs: number
  /** Oldest first, at most five. */
  readonly batches: readonly AppendedBatch[]
}

export type SequenceVerdict =
  | { readonly type: 'next' }
  | { readonly type: 'duplicate'; readonly batch: AppendedBatch }
  | {
      readonly type: 'refused'
      readonly error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' | 'INVALID_PRODUCER_EPOCH'
      readonly message: string
    }

/**
 * The idempotent producers of one partition (Kafka's ProducerStateManager without transactions):
 * each with its epoch and its last five batches. An unknown producer may begin with any sequence,
 * as in Kafka since 2.x: its state may have expired, and UNKNOWN_PRODUCER_ID is no longer sent.
 */
export class ProducerStates {
  readonly #entries = new Map<bigint, ProducerEntry>()
  readonly #expirationMs: number
  #sweepAtMs = Number.NEGATIVE_INFINITY

  constructor(expirationMs: number) {
    this.#expirationMs = expirationMs
  }

  get size(): number {
    return this.#entries.size
  }

  ids(): Iterable<bigint> {
    return this.#entries.keys()
  }

  /** Judges a batch that has a producer id, and changes nothing. */
  check(header: BatchHeader): SequenceVerdict {
    const { producerId, producerEpoch, baseSequence } = header
    const entry = this.#entries.get(producerId)
    if (producerEpoch < (entry?.epoch ?? 0)) {
      const message = `producer ${producerId} has epoch ${producerEpoch}, the last seen is ${entry?.epoch ?? 0}`
      return { type: 'refused', error: 'INVALID_PRODUCER_EPOCH', message }
    }
    if (entry === undefined) return { type: 'next' }
    if (producerEpoch > entry.epoch) {
      return baseSequence === 0
        ? { type: 'next' }
        : outOfOrder(header, `epoch ${producerEpoch} is new and must begin with sequence 0`)
    }
    const lastSequence = lastSequenceOf(header)
    const batch = entry.batches.find(
      (known) => known.baseSequence === baseSequence && known.lastSequence === lastSequence,
    )
    if (batch !== undefined) return { type: 'duplicate', batch }
    const last = entry.batches.at(-1)
    if (last === undefined || baseSequence === nextSequence(last.lastSequence)) {
      return { type: 'next' }
    }
    return outOfOrder(header, `the last one seen is ${last.lastSequence}`)
  }

  /** Takes note of an append and returns what to store for the producer: plain numbers. */
  append(
    header: BatchHeader,
    baseOffset: number,
    logAppendTimeMs: number,
    nowMs: number,
  ): readonly number[] {
    const previous = this.#entries.get(header.producerId)
    const kept = previous?.epoch === header.producerEpoch ? previous.batches : []
    const entry = {
      epoch: header.producerEpoch,
      appendedAtMs: nowMs,
      batches: [
        ...kept.slice(1 - BATCHES_KEPT),
        {
          baseSequence: header.baseSequence,
          lastSequence: lastSequenceOf(header),
          baseOffset,
          lastOffset: baseOffset + header.lastOffsetDelta,
          logAppendTimeMs,
        },
      ],
    }
    this.#entries.set(header.producerId, entry)
    return stored(entry)
  }

  restore(producerId: bigint, value: unknown): void {
    const entry = restored(value)
    if (entry !== undefined) this.#entries.set(producerId, entry)
  }

  /** Forgets who has been silent for too long; looks at most every ten minutes. */
  sweep(nowMs: number): readonly bigint[] {
    if (nowMs < this.#sweepAtMs) return []
    this.#sweepAtMs = nowMs + Math.min(SWEEP_INTERVAL_MS, this.#expirationMs)
    const expired: bigint[] = []
    for (const [producerId, entry] of this.#entries) {
      if (nowMs - entry.appendedAtMs >= this.#expirationMs) expired.push(producerId)
    }
    for (const producerId of expired) this.#entries.delete(producerId)
    return expired
  }
}

/** Sequences are int32 and wrap to 0 after 2^31 - 1. */
const nextSequence = (sequence: number): number => (sequence === MAX_SEQUENCE ? 0 : sequence + 1)

const lastSequenceOf = ({ baseSequence, lastOffsetDelta }: BatchHeader): number =>
  (baseSequence + lastOffsetDelta) % (MAX_SEQUENCE + 1)

const outOfOrder = (header: BatchHeader, why: string): SequenceVerdict => ({
  type: 'refused',
  error: 'OUT_OF_ORDER_SEQUENCE_NUMBER',
  message: `producer ${header.producerId} sent sequence ${header.baseSequence}, but ${why}`,
})

const NUMBERS_A_BATCH = 5

const stored = (entry: ProducerEntry): readonly number[] => {
  const numbers = [entry.epoch, entry.appendedAtMs]
  for (const batch of entry.batches) {
    numbers.push(
      batch.baseSequence,
      batch.lastSequence,
      batch.baseOffset,
      batch.lastOffset,
      batch.logAppendTimeMs,
    )
  }
  return numbers
}

const restored = (value: unknown): ProducerEntry | undefined => {
  if (!Array.isArray(value) || value.some((item) => typeof item !== 'number')) return undefined
  const [epoch, appendedAtMs, ...rest] = value as number[]
  if (epoch === undefined || appendedAtMs === undefined) return undefined
  const batches: AppendedBatch[] = []
  for (let i = 0; i + NUMBERS_A_BATCH <= rest.length; i += NUMBERS_A_BATCH) {
    batches.push({
      baseSequence: rest[i]!,
      lastSequence: rest[i + 1]!,
      baseOffset: rest[i + 2]!,
      lastOffset: rest[i + 3]!,
      logAppendTimeMs: rest[i + 4]!,
    })
  }
  return { epoch, appendedAtMs, batches }
}
