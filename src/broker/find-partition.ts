import type { KafkaErrorName } from '../transport/protocol/kafka-errors.js'
import { ZERO_UUID } from '../transport/protocol/wire-fault.js'
import { LEADER_EPOCH, type PartitionLog } from './partition-log.js'
import type { Topic, TopicCatalog } from './topics.js'

/** A topic as a request means it: by id in newer versions, by name in older ones. */
export interface TopicReference {
  readonly name: string
  readonly topicId: string
}

/**
 * The topic that is meant. A typed in-process request may give either form: an id that is set
 * wins, and neither is an unknown id, as in the versions that have no names.
 */
export const findTopic = (
  topics: TopicCatalog,
  { name, topicId }: TopicReference,
): Topic | 'UNKNOWN_TOPIC_ID' | 'UNKNOWN_TOPIC_OR_PARTITION' => {
  if (topicId === ZERO_UUID && name !== '') {
    return topics.byName(name) ?? 'UNKNOWN_TOPIC_OR_PARTITION'
  }
  return topics.byId(topicId) ?? 'UNKNOWN_TOPIC_ID'
}

/**
 * Whether a client's idea of the partition's leader is current (KIP-320). -1 means that it has
 * none.
 */
export const leaderEpochProblem = (currentLeaderEpoch: number): KafkaErrorName | undefined => {
  if (currentLeaderEpoch === -1 || currentLeaderEpoch === LEADER_EPOCH) return undefined
  return currentLeaderEpoch < LEADER_EPOCH ? 'FENCED_LEADER_EPOCH' : 'UNKNOWN_LEADER_EPOCH'
}

/** The partition's log, or why the client cannot have it. */
export const findLog = (
  topic: Topic | KafkaErrorName,
  partition: number,
  currentLeaderEpoch = -1,
): PartitionLog | KafkaErrorName => {
  if (typeof topic === 'string') return topic
  const log = topic.logs[partition]
  if (log === undefined) return 'UNKNOWN_TOPIC_OR_PARTITION'
  if (log.isClosed) return 'NOT_LEADER_OR_FOLLOWER'
  return leaderEpochProblem(currentLeaderEpoch) ?? log
}
