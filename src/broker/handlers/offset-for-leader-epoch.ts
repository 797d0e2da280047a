import * as Effect from 'effect/Effect'
import { errorCode } from '../../transport/protocol/kafka-errors.js'
import { ZERO_UUID } from '../../transport/protocol/wire-fault.js'
import type { BrokerParts } from '../broker-parts.js'
import { findLog, findTopic } from '../find-partition.js'
import type { Handler } from '../handler.js'
import { LEADER_EPOCH } from '../partition-log.js'

const UNDEFINED_EPOCH = -1
const UNDEFINED_OFFSET = -1

/**
 * OffsetForLeaderEpoch, key 23 (KIP-320). The only epoch ends at the high watermark; one that never
 * was has no end, which is not an error.
 */
export const offsetForLeaderEpoch =
  ({ topics }: BrokerParts): Handler<'OffsetForLeaderEpoch'> =>
  (body) =>
    Effect.sync(() => ({
      topics: body.topics.map(({ topic: name, partitions }) => {
        const topic = findTopic(topics, { name, topicId: ZERO_UUID })
        return {
          topic: name,
          partitions: partitions.map(({ partition, currentLeaderEpoch, leaderEpoch }) => {
            const log = findLog(topic, partition, currentLeaderEpoch)
            const known = typeof log !== 'string' && leaderEpoch === LEADER_EPOCH
            return {
              errorCode: typeof log === 'string' ? errorCode(log) : 0,
              partition,
              leaderEpoch: known ? LEADER_EPOCH : UNDEFINED_EPOCH,
              endOffset: known ? log.highWatermark : UNDEFINED_OFFSET,
            }
          }),
        }
      }),
    }))
