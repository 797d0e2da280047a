import * as Effect from 'effect/Effect'
import { errorCode, type KafkaErrorName } from '../../transport/protocol/kafka-errors.js'
import type { RequestBody, ResponseInput } from '../../transport/protocol/registry.js'
import { ZERO_UUID } from '../../transport/protocol/wire-fault.js'
import type { BrokerParts } from '../broker-parts.js'
import type { Handler } from '../handler.js'
import { LEADER_EPOCH } from '../partition-log.js'
import { topicNameProblem } from '../topic-config.js'
import type { Topic } from '../topics.js'
import { CLUSTER_OPERATIONS, TOPIC_OPERATIONS } from './authorized-operations.js'

type Body = RequestBody<'Metadata'>
type TopicMetadata = ResponseInput<'Metadata'>['topics'][number]

/**
 * Metadata, key 3. All topics: an empty list in version 0, null from version 1 on, where an empty
 * list means none. Topic ids: from version 12 on, and when a request has any, only they count (as
 * Kafka does). A missing topic is created when both the request (before version 4: always) and the
 * broker's `autoCreateTopics` allow it, durably before the answer.
 */
export const metadata =
  (parts: BrokerParts): Handler<'Metadata'> =>
  (body, context) => {
    const { apiVersion } = context
    const asksAll = body.topics === null || (apiVersion === 0 && body.topics.length === 0)
    const described = asksAll
      ? Effect.succeed(parts.topics.all().map((topic) => describe(parts, body, topic)))
      : Effect.forEach(wanted(body, apiVersion), (one) => resolve(parts, body, one))
    return Effect.map(described, (topics) => {
      const node = parts.node(context)
      return {
        brokers: [{ nodeId: node.nodeId, host: node.host, port: node.port }],
        clusterId: parts.clusterId,
        controllerId: node.nodeId,
        topics,
        ...(body.includeClusterAuthorizedOperations
          ? { clusterAuthorizedOperations: CLUSTER_OPERATIONS }
          : {}),
      }
    })
  }

type Wanted =
  | { readonly type: 'name'; readonly name: string }
  | { readonly type: 'id'; readonly topicId: string }
  | { readonly type: 'invalid'; readonly name: string; readonly topicId: string }

/** Each topic once, in the order asked for. */
const wanted = (body: Body, apiVersion: number): Wanted[] => {
  const topics = body.topics ?? []
  const ids = new Set(topics.map(({ topicId }) => topicId).filter((id) => id !== ZERO_UUID))
  if (apiVersion < 12 && (ids.size > 0 || topics.some(({ name }) => name === null))) {
    return topics.map(({ name, topicId }) => ({ type: 'invalid', name: name ?? '', topicId }))
  }
  if (ids.size > 0) return [...ids].map((topicId) => ({ type: 'id', topicId }))
  const names = new Set(topics.map(({ name }) => name ?? ''))
  return [...names].map((name) => ({ type: 'name', name }))
}

const resolve = (parts: BrokerParts, body: Body, one: Wanted): Effect.Effect<TopicMetadata> => {
  if (one.type === 'invalid') {
    return Effect.succeed(missing('INVALID_REQUEST', one.name, one.topicId))
  }
  if (one.type === 'id') {
    const topic = parts.topics.byId(one.topicId)
    return Effect.succeed(
      topic === undefined
        ? missing('UNKNOWN_TOPIC_ID', null, one.topicId)
        : describe(parts, body, topic),
    )
  }
  const { name } = one
  const topic = parts.topics.byName(name)
  if (topic !== undefined) return Effect.succeed(describe(parts, body, topic))
  if (topicNameProblem(name) !== undefined) {
    return Effect.succeed(missing('INVALID_TOPIC_EXCEPTION', name))
  }
  if (!parts.config.autoCreateTopics || !body.allowAutoTopicCreation) {
    return Effect.succeed(missing('UNKNOWN_TOPIC_OR_PARTITION', name))
  }
  return create(parts, body, name)
}

const create = (parts: BrokerParts, body: Body, name: string): Effect.Effect<TopicMetadata> => {
  const partitions = parts.config.defaultPartitions
  return Effect.map(parts.topics.create({ name, partitions, configs: {} }), (created) => {
    if (created.type === 'created') {
      parts.logger.info({ topic: name, partitions }, `created topic ${name} for a metadata request`)
      return describe(parts, body, created.topic)
    }
    // Somebody else is creating or deleting it this very moment: the client asks again.
    const busy = created.error === 'TOPIC_ALREADY_EXISTS'
    return missing(busy ? 'LEADER_NOT_AVAILABLE' : created.error, name)
  })
}

const missing = (
  error: KafkaErrorName,
  name: string | null,
  topicId: string = ZERO_UUID,
): TopicMetadata => ({ errorCode: errorCode(error), name, topicId, partitions: [] })

const describe = ({ config }: BrokerParts, body: Body, topic: Topic): TopicMetadata => ({
  errorCode: 0,
  name: topic.name,
  topicId: topic.topicId,
  isInternal: false,
  partitions: topic.logs.map((log) => ({
    errorCode: 0,
    partitionIndex: log.partition,
    leaderId: config.nodeId,
    leaderEpoch: LEADER_EPOCH,
    replicaNodes: [config.nodeId],
    isrNodes: [config.nodeId],
    offlineReplicas: [],
  })),
  ...(body.includeTopicAuthorizedOperations ? { topicAuthorizedOperations: TOPIC_OPERATIONS } : {}),
})
