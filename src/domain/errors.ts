import type { TopicPartition } from './topic-partition.js'

/** What an error concerns: everything that is known, nothing invented. */
export interface ErrorAddress {
  readonly broker?: string
  readonly group?: string
  readonly member?: string
  readonly topic?: string
  readonly partition?: number
  readonly field?: string
}

export type ErrorCode =
  | 'INVALID_CONFIG'
  | 'INVALID_ARGUMENT'
  | 'BROKER_UNREACHABLE'
  | 'REQUEST_TIMED_OUT'
  | 'CONNECTION_CLOSED'
  | 'PORT_IN_USE'
  | 'DATA_DIR_LOCKED'
  | 'STORE_FAILED'
  | 'UNKNOWN_TOPIC'
  | 'UNKNOWN_GROUP'
  | 'TOPIC_EXISTS'
  | 'GROUP_NOT_EMPTY'
  | 'RECORD_TOO_LARGE'
  | 'CORRUPT_BATCH'
  | 'UNSUPPORTED_MAGIC'
  | 'UNSUPPORTED_COMPRESSION'
  | 'UNSUPPORTED_VERSION'
  | 'MALFORMED_MESSAGE'
  | 'NUMBER_OUT_OF_RANGE'
  | 'BROKER_ERROR'
  | 'NOT_ASSIGNED'
  | 'COMMIT_FAILED'
  | 'OFFSET_OUT_OF_RANGE'
  | 'CONSUMER_IN_USE'
  | 'CONSUMER_CLOSED'
  | 'MEMBER_FENCED'
  | 'GROUP_REFUSED'
  | 'NOT_AUTHORIZED'
  | 'CLOSE_TIMED_OUT'
  | 'PRODUCER_CLOSED'
  | 'CALLBACK_FAILED'
  | 'INVALID_TRACE'
  | 'TRACE_NOT_FOUND'
  | 'INTERNAL_ERROR'

export interface ErrorDetails extends ErrorAddress {
  /** True when the same call may succeed later without any change by the caller. */
  readonly retriable?: boolean
  /** The Kafka error name, when a broker answered with one (for example `NOT_COORDINATOR`). */
  readonly kafkaError?: string
  readonly cause?: unknown
  /** For `CLOSE_TIMED_OUT`: what had been handed out and done, but could not be committed. */
  readonly uncommitted?: readonly (TopicPartition & { readonly offset: number })[]
}

/**
 * The one error class users see. `code` is stable and meant for programs, `message` is one line
 * for people: what happened, where, and what to do.
 */
export class StreamBusError extends Error {
  override readonly name = 'StreamBusError'
  readonly code: ErrorCode
  readonly retriable: boolean
  readonly address: ErrorAddress
  readonly kafkaError: string | undefined
  readonly uncommitted: readonly (TopicPartition & { readonly offset: number })[] | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    const { retriable, kafkaError, cause: _cause, uncommitted, ...address } = details
    this.code = code
    this.retriable = retriable ?? false
    this.kafkaError = kafkaError
    this.uncommitted = uncommitted
    this.address = address
  }
}

export const isStreamBusError = (error: unknown): error is StreamBusError =>
  error instanceof StreamBusError

/** What escaped although it should not have: a bug of ours, told to the application. */
export const defectError = (defect: unknown): StreamBusError => {
  const text = defect instanceof Error ? defect.message : String(defect)
  return new StreamBusError('INTERNAL_ERROR', `defect in StreamBus: ${text}`, { cause: defect })
}

/** A defect (a bug of ours): thrown, never returned as an outcome. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`StreamBus defect: ${message}`)
}
