import { isStreamBusError } from '../domain/errors.js'
import { type KafkaErrorName, kafkaErrors } from '../transport/protocol/kafka-errors.js'
import type { BatchHeader } from '../transport/protocol/records/batch-header.js'
import { splitBatches, validateProducedBatch } from '../transport/protocol/records/batch-reader.js'
import type { PartitionLog } from './partition-log.js'
import type { Topic } from './topics.js'

export interface ProducedBatch {
  readonly header: BatchHeader
  /** A copy: what the log keeps and writes into is not the client's. */
  readonly bytes: Buffer
}

export interface RefusedBatch {
  readonly error: KafkaErrorName
  readonly message: string
}

const refused = (error: KafkaErrorName, message: string): RefusedBatch => ({ error, message })

/** The first version that may carry zstd (KIP-110). */
const ZSTD_SINCE = 7

/**
 * The one batch of magic 2 that each partition of a Produce request must hold (Kafka's
 * ProduceRequest.validateRecords), checked down to its records.
 */
export const producedBatch = (
  records: Buffer | null,
  topic: Topic,
  log: PartitionLog,
  apiVersion: number,
): ProducedBatch | RefusedBatch => {
  if (records === null || records.length === 0) {
    return refused('INVALID_RECORD', 'no record batch was sent for this partition')
  }
  try {
    const [header, ...more] = splitBatches(records, log)
    if (header === undefined || more.length > 0) {
      return refused('INVALID_RECORD', `${more.length + 1} record batches were sent, not one`)
    }
    if (header.compression === 'zstd' && apiVersion < ZSTD_SINCE) {
      const message = `zstd needs Produce version ${ZSTD_SINCE}, this is version ${apiVersion}`
      return refused('UNSUPPORTED_COMPRESSION_TYPE', message)
    }
    validateProducedBatch(records, header, log, { maxBytes: topic.maxMessageBytes })
    if (header.isTransactional) {
      const message = 'the embedded broker has no transactions'
      return refused('TRANSACTIONAL_ID_AUTHORIZATION_FAILED', message)
    }
    if (header.timestampType === 'logAppend') {
      return refused('INVALID_TIMESTAMP', 'LogAppendTime is for the broker to set')
    }
    return { header, bytes: Buffer.from(records) }
  } catch (error) {
    if (!isStreamBusError(error)) throw error
    return refused(kafkaErrorOf(error.kafkaError), error.message)
  }
}

const kafkaErrorOf = (name: string | undefined): KafkaErrorName =>
  name !== undefined && Object.hasOwn(kafkaErrors, name)
    ? (name as KafkaErrorName)
    : 'INVALID_RECORD'
