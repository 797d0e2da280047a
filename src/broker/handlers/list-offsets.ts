import * as Effect from 'effect/Effect'
import { isStreamBusError } from '../../domain/errors.js'
import { errorCode, type KafkaErrorName } from '../../transport/protocol/kafka-errors.js'
import type { RequestBody, ResponseInput } from '../../transport/protocol/registry.js'
import { ZERO_UUID } from '../../transport/protocol/wire-fault.js'
import type { BrokerParts } from '../broker-parts.js'
import { findLog, findTopic } from '../find-partition.js'
import type { Handler } from '../handler.js'
import { firstRecordSince, latestTimestamp } from '../offset-lookup.js'
import { LEADER_EPOCH, type PartitionLog } from '../partition-log.js'

type Requested = RequestBody<'ListOffsets'>['topics'][number]['partitions'][number]
type Result = ResponseInput<'ListOffsets'>['topics'][number]['partitions'][number]

/** What negative timestamps ask for, and the version that brought each (KIP-734, 405, 1005). */
const LATEST = -1
const EARLIEST = -2
const MAX_TIMESTAMP = -3
const EARLIEST_LOCAL = -4
const LATEST_TIERED = -5
const firstVersionOf: ReadonlyMap<number, number> = new Map([
  [LATEST, 0],
  [EARLIEST, 0],
  [MAX_TIMESTAMP, 7],
  [EARLIEST_LOCAL, 8],
  [LATEST_TIERED, 9],
])

/**
 * ListOffsets, key 2. By timestamp: the first record at or after it, exact to the record; offset
 * -1 when there is none. Latest is the high watermark under both isolation levels, since there are
 * no transactions. A partition asked for twice is INVALID_REQUEST (as Kafka).
 */
export const listOffsets =
  (parts: BrokerParts): Handler<'ListOffsets'> =>
  (body, { apiVersion }) =>
    Effect.sync(() => {
      const seen = new Map<string, Set<number>>()
      const repeated = new Set<string>()
      for (const { name, partitions } of body.topics) {
        const indexes = seen.get(name) ?? new Set()
        seen.set(name, indexes)
        for (const { partitionIndex } of partitions) {
          if (indexes.has(partitionIndex)) repeated.add(`${name}/${partitionIndex}`)
          indexes.add(partitionIndex)
        }
      }
      const topics = body.topics.map(({ name, partitions }) => {
        const topic = findTopic(parts.topics, { name, topicId: ZERO_UUID })
        return {
          name,
          partitions: partitions.map((partition) => {
            const { partitionIndex, currentLeaderEpoch } = partition
            if (repeated.has(`${name}/${partitionIndex}`)) {
              return refused(partitionIndex, 'INVALID_REQUEST')
            }
            const log = findLog(topic, partitionIndex, currentLeaderEpoch)
            if (typeof log === 'string') return refused(partitionIndex, log)
            return look(parts, log, partition, apiVersion)
          }),
        }
      })
      return { topics }
    })

const look = (
  parts: BrokerParts,
  log: PartitionLog,
  { partitionIndex, timestamp }: Requested,
  apiVersion: number,
): Result => {
  const answer = (offset: number, found = -1): Result => ({
    partitionIndex,
    errorCode: 0,
    timestamp: found,
    offset,
    leaderEpoch: apiVersion < 4 || offset < 0 ? -1 : LEADER_EPOCH,
  })
  if (timestamp < 0 && apiVersion < (firstVersionOf.get(timestamp) ?? Number.POSITIVE_INFINITY)) {
    return refused(partitionIndex, 'UNSUPPORTED_VERSION')
  }
  if (timestamp === LATEST) return answer(log.highWatermark)
  if (timestamp === EARLIEST || timestamp === EARLIEST_LOCAL) return answer(log.logStartOffset)
  if (timestamp === LATEST_TIERED) return answer(-1)
  try {
    const found =
      timestamp === MAX_TIMESTAMP
        ? latestTimestamp(parts.store, log)
        : firstRecordSince(parts.store, log, timestamp)
    return found === undefined ? answer(-1) : answer(found.offset, found.timestampMs)
  } catch (error) {
    if (!isStreamBusError(error)) throw error
    // What was validated when it came in is not readable any more: the disk, not the client.
    parts.logger.error({ topic: log.topic, partition: log.partition }, error.message)
    return refused(partitionIndex, 'KAFKA_STORAGE_ERROR')
  }
}

const refused = (partitionIndex: number, error: KafkaErrorName): Result => ({
  partitionIndex,
  errorCode: errorCode(error),
  timestamp: -1,
  offset: -1,
  leaderEpoch: -1,
})
