import { Worker } from 'node:worker_threads'
import type { Batch, BatchResult, SeedOptions } from './batch.js'

/** Short enough for a lively progress line, long enough to cost nothing. */
const BATCH_RUNS = 5
/** Worlds live for milliseconds: with room for some hundreds of them hardly one is copied. */
const YOUNG_GENERATION_MB = 64

export interface PoolOptions {
  readonly runs: number
  readonly firstSeed: number
  readonly options: SeedOptions
  readonly workers: number
  readonly onResult: (result: BatchResult) => void
  readonly signal: AbortSignal
}

/**
 * Runs seeds on several threads; results come in any order. Rejects with what a thread throws: a
 * defect, since a run keeps its failures to itself.
 */
export const runPool = async (pool: PoolOptions): Promise<void> => {
  const batches = batchesOf(pool)
  const threads = Array.from({ length: Math.min(pool.workers, Math.ceil(pool.runs / BATCH_RUNS)) })
  await Promise.all(threads.map(() => runThread(batches, pool)))
}

function* batchesOf({ runs, firstSeed, options }: PoolOptions): Generator<Batch> {
  for (let done = 0; done < runs; done += BATCH_RUNS) {
    yield { firstSeed: firstSeed + done, count: Math.min(BATCH_RUNS, runs - done), options }
  }
}

const runThread = (batches: Iterator<Batch>, { onResult, signal }: PoolOptions): Promise<void> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker-main.js', import.meta.url), {
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    })
    const end = (settle: () => void): void => {
      void worker.terminate()
      settle()
    }
    const next = (): void => {
      const batch = batches.next()
      if (batch.done === true || signal.aborted) end(resolve)
      else worker.postMessage(batch.value)
    }
    worker.on('message', (result: BatchResult) => {
      onResult(result)
      next()
    })
    worker.on('error', (error) => end(() => reject(error)))
    worker.on('exit', (code) => {
      if (code !== 0 && !signal.aborted) reject(new Error(`a simulation thread ended with ${code}`))
    })
    signal.addEventListener('abort', () => end(resolve), { once: true })
    next()
  })
