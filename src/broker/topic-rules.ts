import type { KafkaErrorName } from '../transport/protocol/kafka-errors.js'
import { type BrokerConfig, MAX_PARTITIONS_PER_TOPIC } from './config.js'
import { topicConfigProblem, topicNameProblem } from './topic-config.js'

export interface NewTopic {
  readonly name: string
  readonly partitions: number
  readonly configs: Readonly<Record<string, string>>
}

export interface Refusal {
  readonly type: 'refused'
  readonly error: KafkaErrorName
  readonly message: string
}

/** What CreateTopics asks for, before defaults and checks. */
export interface TopicRequest {
  readonly name: string
  readonly numPartitions: number
  readonly replicationFactor: number
  readonly assignments: readonly {
    readonly partitionIndex: number
    readonly brokerIds: readonly number[]
  }[]
  readonly configs: readonly { readonly name: string; readonly value: string | null }[]
}

/** What is wrong with a topic in itself: its name, its partition count, its configuration. */
export const topicProblem = ({ name, partitions, configs }: NewTopic): Refusal | undefined => {
  const nameProblem = topicNameProblem(name)
  if (nameProblem !== undefined) return refused('INVALID_TOPIC_EXCEPTION', nameProblem)
  if (
    !Number.isSafeInteger(partitions) ||
    partitions < 1 ||
    partitions > MAX_PARTITIONS_PER_TOPIC
  ) {
    const why = `topic '${name}' cannot have ${partitions} partitions: 1 to ${MAX_PARTITIONS_PER_TOPIC}`
    return refused('INVALID_PARTITIONS', why)
  }
  for (const [key, value] of Object.entries(configs)) {
    const problem = topicConfigProblem(key, value)
    if (problem !== undefined) return refused('INVALID_CONFIG', problem)
  }
  return undefined
}

/**
 * The topic that a CreateTopics entry means (Kafka's ReplicationControlManager): -1 stands for the
 * default; a manual assignment excludes counts and may name only this node.
 */
export const requestedTopic = (request: TopicRequest, config: BrokerConfig): NewTopic | Refusal => {
  const { name, numPartitions, replicationFactor, assignments } = request
  const configs: Record<string, string> = {}
  for (const { name: key, value } of request.configs) {
    const problem = topicConfigProblem(key, value)
    if (problem !== undefined) return refused('INVALID_CONFIG', problem)
    configs[key] = value!
  }
  if (assignments.length > 0) {
    const problem = assignmentProblem(request, config.nodeId)
    return problem ?? { name, partitions: assignments.length, configs }
  }
  if (replicationFactor !== -1 && replicationFactor !== 1) {
    const why = `the embedded broker keeps one replica, not ${replicationFactor}: ask for 1 or -1`
    return refused('INVALID_REPLICATION_FACTOR', why)
  }
  const partitions = numPartitions === -1 ? config.defaultPartitions : numPartitions
  return { name, partitions, configs }
}

const assignmentProblem = (request: TopicRequest, nodeId: number): Refusal | undefined => {
  const { name, numPartitions, replicationFactor, assignments } = request
  if (numPartitions !== -1 || replicationFactor !== -1) {
    const why = `topic '${name}': with a manual assignment both counts must be -1`
    return refused('INVALID_REQUEST', why)
  }
  const seen = new Set(assignments.map(({ partitionIndex }) => partitionIndex))
  const consecutive = assignments.every((_, index) => seen.has(index))
  if (seen.size !== assignments.length || !consecutive) {
    const why = `topic '${name}': assigned partitions must be 0 to n-1, each once`
    return refused('INVALID_REPLICA_ASSIGNMENT', why)
  }
  for (const { partitionIndex, brokerIds } of assignments) {
    if (brokerIds.length === 1 && brokerIds[0] === nodeId) continue
    const why = `partition ${partitionIndex} of '${name}' must be assigned to node ${nodeId} alone`
    return refused('INVALID_REPLICA_ASSIGNMENT', why)
  }
  return undefined
}

const refused = (error: KafkaErrorName, message: string): Refusal => ({
  type: 'refused',
  error,
  message,
})
