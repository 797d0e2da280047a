import type { ConsumerRecord } from '../domain/record.js'
import type { Runtime } from '../runtime/runtime.js'
import type { ConsumerCore } from './consumer-core.js'
import { EndOfPartitions, type Reading } from './reading.js'

export interface RecordsOptions {
  readonly signal?: AbortSignal
  /** `'end'`: stop when what was in the assigned partitions at the start has been read. */
  readonly until?: 'end'
}

export interface IterationParts {
  readonly core: ConsumerCore
  readonly reading: Reading
  readonly runtime: Runtime
  /** Claims the consumer and subscribes it if needed; false when it was closed meanwhile. */
  readonly begin: () => Promise<boolean>
  readonly options: RecordsOptions
}

type Next = IteratorResult<ConsumerRecord, undefined>

/**
 * An iterator over records as they come. Asking for the next record says that the one before is
 * done; `break` and `throw` leave it not done, and it will be handed out again.
 */
export const recordIterator = (parts: IterationParts): AsyncIterableIterator<ConsumerRecord> => {
  const { core, reading, runtime, options } = parts
  const { signal } = options
  let isBegun = false
  let isOver = false
  let end: EndOfPartitions | null = null

  const finish = (): Next => {
    isOver = true
    return { done: true, value: undefined }
  }

  const wait = async (): Promise<Next> => {
    try {
      signal?.throwIfAborted()
      if (!isBegun) {
        if (!(await parts.begin())) return finish()
        isBegun = true
        if (options.until === 'end') end = new EndOfPartitions(core)
      }
      const record = await runtime.promise(reading.next(end), signal)
      return record === undefined ? finish() : { done: false, value: record }
    } catch (error) {
      isOver = true
      throw signal?.aborted ? signal.reason : error
    }
  }

  return {
    [Symbol.asyncIterator]() {
      return this
    },
    next(): Promise<Next> {
      if (isOver) return Promise.resolve(finish())
      if (isBegun && end === null && !signal?.aborted) {
        const record = reading.takeOneNow()
        if (record !== undefined) return Promise.resolve({ done: false, value: record })
      }
      return wait()
    },
    return(): Promise<Next> {
      if (isBegun && !isOver) core.delivery.abandon()
      return Promise.resolve(finish())
    },
  }
}
