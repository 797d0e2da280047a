import * as Effect from 'effect/Effect'
import { StreamBusError } from '../domain/errors.js'
import type { ProducerRecord } from '../domain/record.js'
import type { Runtime } from '../runtime/runtime.js'
import type { TransportService } from '../transport/transport.js'
import { type ProducerOptions, resolveProducerConfig } from './config.js'
import { ProducerCore } from './producer-core.js'
import type { SentRecord } from './send-call.js'

export interface ProducerParts {
  readonly runtime: Runtime
  readonly transport: TransportService
  readonly onClosed?: () => void
}

export interface ProducerCloseOptions {
  /** Default 30_000; then what is not delivered fails and CLOSE_TIMED_OUT is thrown. */
  readonly timeoutMs?: number
}

export interface ProducerStats {
  readonly deliveredRecords: number
  readonly failedRecords: number
  /** In batches: waiting to be sent, or sent and not answered. */
  readonly bufferedRecords: number
  /** An upper bound of their size, uncompressed. */
  readonly bufferedBytes: number
  /** Sends that wait for room in the buffer or for a topic's metadata. */
  readonly waitingSends: number
  /** Sends that have not settled. */
  readonly unsettledSends: number
  readonly requests: number
  readonly requestsInFlight: number
  /** Batches sent again. */
  readonly retries: number
}

/**
 * Writes records. Per partition the order of `send` is the order in the log, also through retries;
 * with `idempotent` (the default) each delivered record is there once.
 */
export class Producer implements AsyncDisposable {
  readonly #parts: ProducerParts
  readonly #core: ProducerCore
  readonly #runtime: Runtime
  #closing: Promise<void> | undefined

  constructor(options: ProducerOptions, parts: ProducerParts) {
    const config = resolveProducerConfig(options)
    const { runtime, transport } = parts
    this.#parts = parts
    this.#runtime = runtime
    this.#core = new ProducerCore({ runtime, transport, config })
  }

  /**
   * Resolves when the record is stored (see `acks`), for a list when all are, in its order. Rejects
   * after deliveryTimeoutMs at the latest; of a list the others go on, and the error says how many
   * failed. Buffers are not copied: leave them alone until then.
   *
   * Errors: INVALID_ARGUMENT, RECORD_TOO_LARGE, UNKNOWN_TOPIC, PRODUCER_CLOSED, NOT_AUTHORIZED,
   * REQUEST_TIMED_OUT and BROKER_UNREACHABLE (it may be stored nevertheless), BROKER_ERROR,
   * CALLBACK_FAILED (the partitioner).
   */
  send(topic: string, record: ProducerRecord): Promise<SentRecord>
  send(topic: string, records: readonly ProducerRecord[]): Promise<SentRecord[]>
  send(
    topic: string,
    given: ProducerRecord | readonly ProducerRecord[],
  ): Promise<SentRecord | SentRecord[]> {
    if (this.#closing !== undefined) return Promise.reject(closed(topic))
    if (typeof topic !== 'string' || topic === '') return Promise.reject(noTopic())
    const isList = Array.isArray(given)
    const records: readonly ProducerRecord[] = isList ? [...given] : [given as ProducerRecord]
    if (records.length === 0) return Promise.resolve([])
    return new Promise((resolve, reject) => {
      this.#core.send(topic, records, (result) => {
        if ('error' in result) reject(result.error)
        else resolve(isList ? (result.sent as SentRecord[]) : result.sent[0]!)
      })
    })
  }

  /** Sends what is there at once; resolves when every send before it has settled. Never rejects. */
  flush(): Promise<void> {
    return this.#runtime.promise(this.#core.flush)
  }

  stats(): ProducerStats {
    const { ledger, sender, outstanding, waitingSends } = this.#core
    return {
      deliveredRecords: ledger.deliveredRecords,
      failedRecords: ledger.failedRecords,
      bufferedRecords: ledger.bufferedRecords,
      bufferedBytes: ledger.bufferedBytes,
      waitingSends,
      unsettledSends: outstanding.count,
      requests: sender.requests,
      requestsInFlight: sender.requestsInFlight,
      retries: sender.retries,
    }
  }

  /**
   * Flushes, then lets go; later sends reject with PRODUCER_CLOSED. Idempotent. Errors:
   * CLOSE_TIMED_OUT, and sends that had not settled reject with PRODUCER_CLOSED.
   */
  close({ timeoutMs = 30_000 }: ProducerCloseOptions = {}): Promise<void> {
    this.#closing ??= this.#runtime
      .promise(this.#close(timeoutMs))
      .finally(() => this.#parts.onClosed?.())
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #close(timeoutMs: number): Effect.Effect<void, StreamBusError> {
    const core = this.#core
    const giveUp = Effect.suspend(() => {
      const left = core.outstanding.count
      core.stop(closedBefore())
      return Effect.fail(
        new StreamBusError(
          'CLOSE_TIMED_OUT',
          `the producer did not close within ${timeoutMs} ms: ${left} sends were not delivered`,
        ),
      )
    })
    core.beginClose()
    return Effect.timeoutOrElse(core.flush, { duration: timeoutMs, orElse: () => giveUp }).pipe(
      Effect.andThen(Effect.sync(() => core.stop(closedBefore()))),
    )
  }
}

const closed = (topic: string): StreamBusError =>
  new StreamBusError('PRODUCER_CLOSED', `send to topic ${topic}: the producer is closed`, { topic })

const closedBefore = (): StreamBusError =>
  new StreamBusError(
    'PRODUCER_CLOSED',
    'the producer was closed before this was delivered; it may or may not be stored',
  )

const noTopic = (): StreamBusError =>
  new StreamBusError('INVALID_ARGUMENT', 'send: topic: give the name of a topic', {
    field: 'topic',
  })
