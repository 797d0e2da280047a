import type { ConsumerRecord } from '../domain/record.js'
import type { BatchCursor } from '../transport/protocol/records/batch-reader.js'

/** A fetched batch: a cursor over its records, or none for what holds no record for the user. */
export interface BufferedBatch {
  readonly cursor: BatchCursor | null
  readonly lastOffset: number
  readonly sizeInBytes: number
}

/**
 * Batches fetched and not yet handed out, in offset order. Records are decoded when they are
 * taken, by a plain loop: no machine and no promise a record.
 */
export class PartitionBuffer {
  #batches: BufferedBatch[] = []
  #head = 0
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  get isEmpty(): boolean {
    return this.#head === this.#batches.length
  }

  push(batch: BufferedBatch): void {
    this.#batches.push(batch)
    this.#bytes += batch.sizeInBytes
  }

  clear(): void {
    this.#batches = []
    this.#head = 0
    this.#bytes = 0
  }

  /**
   * Moves up to `max` records into `into` and returns the position after them: the next offset to
   * hand out, past control, aborted and compacted offsets that follow. A batch that cannot be
   * decoded throws, with the position still before it and the records before it in `into`.
   */
  take(max: number, into: ConsumerRecord[], position: number): number {
    const end = into.length + max
    let next = position
    while (this.#head < this.#batches.length) {
      const batch = this.#batches[this.#head]!
      const wanted = end - into.length
      if (batch.cursor !== null) {
        if (wanted === 0) return next
        const taken = batch.cursor.take(wanted, into)
        if (taken > 0) next = into[into.length - 1]!.offset + 1
        if (taken === wanted && next <= batch.lastOffset) return next
      }
      next = batch.lastOffset + 1
      this.#drop(batch)
    }
    return next
  }

  #drop(batch: BufferedBatch): void {
    this.#bytes -= batch.sizeInBytes
    this.#head++
    if (this.#head === this.#batches.length) this.clear()
    else if (this.#head > 64) {
      this.#batches = this.#batches.slice(this.#head)
      this.#head = 0
    }
  }
}
