import type { Batch } from './batch.js'

/** What is in batches and not settled: its memory, its deadlines, and how it ended. */
export class Ledger {
  readonly live = new Set<Batch>()
  bufferedBytes = 0
  bufferedRecords = 0
  deliveredRecords = 0
  failedRecords = 0
  readonly #onOpened: (batch: Batch) => void

  constructor(onOpened: (batch: Batch) => void) {
    this.#onOpened = onOpened
  }

  opened(batch: Batch): void {
    this.live.add(batch)
    this.#onOpened(batch)
  }

  appended(bytes: number): void {
    this.bufferedBytes += bytes
    this.bufferedRecords += 1
  }

  /** `outcome`: 'moved' when other batches have its records now. */
  ended(batch: Batch, outcome: 'delivered' | 'failed' | 'moved'): void {
    this.live.delete(batch)
    this.bufferedBytes -= batch.recordBytes
    this.bufferedRecords -= batch.count
    if (outcome === 'delivered') this.deliveredRecords += batch.count
    if (outcome === 'failed') this.failedRecords += batch.count
  }
}
