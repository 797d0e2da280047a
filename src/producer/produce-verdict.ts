import type { StreamBusError } from '../domain/errors.js'
import { errorCode, isRetriable } from '../transport/protocol/kafka-errors.js'
import { kafkaFailure } from '../transport/requests/kafka-failure.js'
import type { Batch } from './batch.js'
import type { PartitionResult } from './produce-request.js'

/** What an answer means for a batch. */
export type Verdict =
  | { readonly type: 'stored'; readonly baseOffset: number; readonly logAppendTimeMs: number }
  /** `mayBeStored`: it is not known whether the broker has it. */
  | { readonly type: 'retry'; readonly error: StreamBusError; readonly mayBeStored: boolean }
  | { readonly type: 'refused'; readonly error: StreamBusError }
  | { readonly type: 'tooLarge'; readonly error: StreamBusError }
  | { readonly type: 'outOfOrder'; readonly error: StreamBusError }
  /** The broker does not know the producer (any more), or knows another one of that name. */
  | { readonly type: 'unknownIdentity'; readonly error: StreamBusError }

const DUPLICATE = errorCode('DUPLICATE_SEQUENCE_NUMBER')
const OUT_OF_ORDER = errorCode('OUT_OF_ORDER_SEQUENCE_NUMBER')
const UNKNOWN_IDENTITY: ReadonlySet<number> = new Set([
  errorCode('UNKNOWN_PRODUCER_ID'),
  errorCode('INVALID_PRODUCER_EPOCH'),
  errorCode('INVALID_PRODUCER_ID_MAPPING'),
  errorCode('PRODUCER_FENCED'),
])
const TOO_LARGE: ReadonlySet<number> = new Set([
  errorCode('MESSAGE_TOO_LARGE'),
  errorCode('RECORD_LIST_TOO_LARGE'),
])
/** The leader has the batch although it answers with an error, or may have it. */
const MAY_BE_STORED: ReadonlySet<number> = new Set([
  errorCode('REQUEST_TIMED_OUT'),
  errorCode('NOT_ENOUGH_REPLICAS_AFTER_APPEND'),
  errorCode('KAFKA_STORAGE_ERROR'),
  errorCode('NOT_LEADER_OR_FOLLOWER'),
])

/** Source of the cases: Kafka's Sender.completeBatch and TransactionManager.canRetry. */
export const verdictOf = (batch: Batch, result: PartitionResult): Verdict => {
  const { errorCode: code, errorMessage, baseOffset, logAppendTimeMs } = result
  if (code === 0 || code === DUPLICATE) return { type: 'stored', baseOffset, logAppendTimeMs }
  const { topic, partition } = batch.queue
  const error = kafkaFailure(
    code,
    `send to ${topic}-${partition}`,
    { topic, partition },
    errorMessage,
  )
  if (code === OUT_OF_ORDER) return { type: 'outOfOrder', error }
  if (UNKNOWN_IDENTITY.has(code)) return { type: 'unknownIdentity', error }
  if (TOO_LARGE.has(code)) return { type: 'tooLarge', error }
  if (!isRetriable(code)) return { type: 'refused', error }
  return { type: 'retry', error, mayBeStored: MAY_BE_STORED.has(code) }
}
