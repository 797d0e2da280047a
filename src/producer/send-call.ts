import { StreamBusError } from '../domain/errors.js'
import type { ProducerRecord } from '../domain/record.js'
import type { TopicPartition } from '../domain/topic-partition.js'

/** Where a record was stored. */
export interface SentRecord extends TopicPartition {
  /** -1 when the broker did not say: with acks 0, or a duplicate from long ago. */
  readonly offset: number
  /** The broker's time for topics that stamp records (LogAppendTime), else the record's own. */
  readonly timestampMs: number
}

export type Settle = (
  result: { readonly sent: readonly SentRecord[] } | { readonly error: StreamBusError },
) => void

/** One `send`: it settles once, when each of its records has. */
export class SendCall {
  readonly topic: string
  readonly records: readonly ProducerRecord[]
  /** Wall-clock time of the send: of records that have no time of their own. */
  readonly sentAtMs: number
  /** On the runtime's clock (`elapsed`). */
  readonly dueMs: number
  /** The first record that has not been put into a batch yet. */
  next = 0
  readonly #sent: SentRecord[]
  readonly #settle: Settle
  #left: number
  #failures: { readonly index: number; readonly error: StreamBusError }[] | undefined

  constructor(
    topic: string,
    records: readonly ProducerRecord[],
    times: { readonly sentAtMs: number; readonly dueMs: number },
    settle: Settle,
  ) {
    this.topic = topic
    this.records = records
    this.sentAtMs = times.sentAtMs
    this.dueMs = times.dueMs
    this.#settle = settle
    this.#left = records.length
    this.#sent = new Array(records.length)
  }

  delivered(index: number, sent: SentRecord): void {
    this.#sent[index] = sent
    this.#countDown()
  }

  failed(index: number, error: StreamBusError): void {
    this.#failures ??= []
    this.#failures.push({ index, error })
    this.#countDown()
  }

  /** For all records that are in no batch yet. */
  failRest(error: StreamBusError): void {
    const from = this.next
    this.next = this.records.length
    for (let index = from; index < this.records.length; index += 1) this.failed(index, error)
  }

  #countDown(): void {
    this.#left -= 1
    if (this.#left > 0) return
    const failures = this.#failures
    if (failures === undefined) this.#settle({ sent: this.#sent })
    else this.#settle({ error: summary(failures, this.records.length) })
  }
}

/** One error for the call: its first, and what became of the other records. */
const summary = (
  failures: { readonly index: number; readonly error: StreamBusError }[],
  count: number,
): StreamBusError => {
  failures.sort((a, b) => a.index - b.index)
  const { index, error } = failures[0]!
  if (count === 1) return error
  const rest = count - failures.length
  const others = failures.length === 1 ? '' : `, ${failures.length - 1} more failed`
  const causes = failures.map((failure) => failure.error)
  return new StreamBusError(
    error.code,
    `${error.message} (records[${index}] of ${count}${others}, ${rest} were delivered)`,
    {
      ...error.address,
      field: `records[${index}]`,
      retriable: error.retriable,
      ...(error.kafkaError === undefined ? {} : { kafkaError: error.kafkaError }),
      cause: failures.length === 1 ? error : new AggregateError(causes, 'several records failed'),
    },
  )
}
