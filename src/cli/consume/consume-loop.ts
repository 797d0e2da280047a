import type { Consumer } from '../../consumer/consumer.js'
import { StreamBusError } from '../../domain/errors.js'
import { realClock } from '../../runtime/clock.js'
import type { Interruption } from '../interruption.js'
import type { Stdout } from '../stdout.js'
import { EndWatch } from './end-watch.js'
import type { RecordFormat } from './record-format.js'
import type { Troubles } from './troubles.js'

const MOST_RECORDS = 1_000
const POLL_MS = 1_000
/** With an end in sight: how soon it is noticed. */
const POLL_TO_END_MS = 100

export interface ConsumeSettings {
  readonly consumer: Consumer
  readonly stdout: Stdout
  readonly interruption: Interruption
  readonly format: RecordFormat
  /** Stop after so many records. */
  readonly count: number
  readonly untilEnd: boolean
  /** REQUEST_TIMED_OUT after so long without a record; infinite to wait for ever. */
  readonly idleLimitMs: number
  readonly troubles: Troubles
}

/**
 * Writes records to stdout, a poll's worth at a time. A poll is followed by the next one, which
 * makes it done, only when its records were written: so nothing unwritten is ever committed.
 * Resolves to whether something written still waits for a commit.
 */
export const consumeLoop = async (settings: ConsumeSettings): Promise<boolean> => {
  const { consumer, stdout, interruption, format, count, untilEnd, troubles } = settings
  const { signal } = interruption
  const end = new EndWatch()
  const idle = new IdleLimit(settings)
  let left = count
  let isWritten = false
  await idle.limit(interruption.orInterrupted(consumer.subscribe()))
  while (left > 0 && !signal.aborted) {
    const maxRecords = Math.min(left, MOST_RECORDS)
    const timeoutMs = untilEnd ? POLL_TO_END_MS : POLL_MS
    const records = await consumer.poll({ timeoutMs, maxRecords, signal }).catch(unlessOver(signal))
    if (records === undefined) break
    troubles.sayRest()
    isWritten = false
    if (records.isEmpty) idle.check()
    else {
      const chunks: Uint8Array[] = []
      for (const record of records) format(record, chunks)
      await interruption.orInterrupted(stdout.write(Buffer.concat(chunks)))
      isWritten = true
      left -= records.length
      idle.progressed()
    }
    if (untilEnd && records.length < maxRecords && end.isReached(consumer.stats())) break
  }
  return isWritten
}

/** A signal ends a poll that waits; before that poll everything written was done already. */
const unlessOver =
  (signal: AbortSignal) =>
  (error: unknown): undefined => {
    if (!signal.aborted) throw error
  }

/** Gives up when nothing came for too long. */
class IdleLimit {
  readonly #settings: ConsumeSettings
  #since = realClock.elapsed()

  constructor(settings: ConsumeSettings) {
    this.#settings = settings
  }

  progressed(): void {
    this.#since = realClock.elapsed()
  }

  check(): void {
    if (realClock.elapsed() - this.#since >= this.#settings.idleLimitMs) throw this.#timedOut()
  }

  /** The same limit for one wait. */
  async limit(work: Promise<void>): Promise<void> {
    const { idleLimitMs } = this.#settings
    if (!Number.isFinite(idleLimitMs)) return work
    let timer: object | undefined
    const late = new Promise<never>((_, reject) => {
      timer = realClock.setTimeout(() => reject(this.#timedOut()), idleLimitMs)
    })
    await Promise.race([work, late]).finally(() => realClock.clearTimeout(timer))
    this.progressed()
  }

  #timedOut(): StreamBusError {
    const { idleLimitMs, troubles } = this.#settings
    const why = troubles.last ?? 'raise --timeout to wait longer'
    const text = `no record came within ${idleLimitMs} ms: ${why}`
    return new StreamBusError('REQUEST_TIMED_OUT', text, { retriable: true })
  }
}
