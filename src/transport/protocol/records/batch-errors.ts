import { type ErrorDetails, StreamBusError } from '../../../domain/errors.js'
import { partitionKey, type TopicPartition } from '../../../domain/topic-partition.js'

/** `events-3`: how errors about records name their place. */
export const placeOf = (where: TopicPartition): string => partitionKey(where.topic, where.partition)

/**
 * A record batch that cannot be trusted. `kafkaError` is what a broker answers a producer with:
 * CORRUPT_MESSAGE when the bytes were damaged (a producer may retry), INVALID_RECORD when they are
 * intact but break the format (it may not).
 */
export const corruptBatch = (
  where: TopicPartition,
  what: string,
  details: Pick<ErrorDetails, 'kafkaError' | 'retriable' | 'cause'> = {},
): StreamBusError =>
  new StreamBusError(
    'CORRUPT_BATCH',
    `corrupt record batch in ${placeOf(where)}: ${what}; fetch or send it again, ` +
      'and when it stays corrupt look for what wrote or stored it',
    { kafkaError: 'INVALID_RECORD', ...details, topic: where.topic, partition: where.partition },
  )
