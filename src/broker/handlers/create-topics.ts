import * as Effect from 'effect/Effect'
import { errorCode } from '../../transport/protocol/kafka-errors.js'
import type { RequestBody, ResponseInput } from '../../transport/protocol/registry.js'
import { ZERO_UUID } from '../../transport/protocol/wire-fault.js'
import type { BrokerParts } from '../broker-parts.js'
import type { Handler } from '../handler.js'
import { effectiveTopicConfigs } from '../topic-config.js'
import { type NewTopic, type Refusal, requestedTopic } from '../topic-rules.js'

type Requested = RequestBody<'CreateTopics'>['topics'][number]
type Result = ResponseInput<'CreateTopics'>['topics'][number]

const DYNAMIC_TOPIC_CONFIG = 1
const DEFAULT_CONFIG = 5

/**
 * CreateTopics, key 19. Each topic stands for itself, durable before the answer; one named twice
 * is refused (as Kafka does). With `validateOnly` nothing is made. The configurations in force come
 * back from version 5 on, the topic id from version 7 on.
 */
export const createTopics =
  (parts: BrokerParts): Handler<'CreateTopics'> =>
  (body) => {
    const byName = new Map<string, Requested>()
    const repeated = new Set<string>()
    for (const topic of body.topics) {
      if (byName.has(topic.name)) repeated.add(topic.name)
      byName.set(topic.name, topic)
    }
    const results = Effect.forEach(
      [...byName.values()],
      (topic) =>
        repeated.has(topic.name) ? duplicate(topic) : create(parts, topic, body.validateOnly),
      // All are handed to the store at once: it commits them together.
      { concurrency: 'unbounded' },
    )
    return Effect.map(results, (topics) => ({ topics }))
  }

const duplicate = ({ name }: Requested): Effect.Effect<Result> =>
  Effect.succeed(
    refusedResult(name, {
      type: 'refused',
      error: 'INVALID_REQUEST',
      message: `the request names topic '${name}' more than once`,
    }),
  )

const create = (
  parts: BrokerParts,
  requested: Requested,
  validateOnly: boolean,
): Effect.Effect<Result> => {
  const { name } = requested
  const topic = requestedTopic(requested, parts.config)
  const refusal = 'type' in topic ? topic : parts.topics.refusal(topic)
  if ('type' in topic || refusal !== undefined) {
    return Effect.succeed(refusedResult(name, refusal!))
  }
  if (validateOnly) return Effect.succeed(createdResult(parts, topic, ZERO_UUID))
  return Effect.map(parts.topics.create(topic), (created) => {
    if (created.type === 'refused') return refusedResult(name, created)
    const { partitions } = topic
    parts.logger.info(
      { topic: name, partitions },
      `created topic ${name} (${partitions} partitions)`,
    )
    return createdResult(parts, topic, created.topic.topicId)
  })
}

const refusedResult = (name: string, { error, message }: Refusal): Result => ({
  name,
  topicId: ZERO_UUID,
  errorCode: errorCode(error),
  errorMessage: message,
  configs: [],
})

const createdResult = ({ config }: BrokerParts, topic: NewTopic, topicId: string): Result => ({
  name: topic.name,
  topicId,
  errorCode: 0,
  errorMessage: null,
  numPartitions: topic.partitions,
  replicationFactor: 1,
  configs: effectiveTopicConfigs(topic.configs, config).map(({ name, value, isDefault }) => ({
    name,
    value,
    readOnly: false,
    configSource: isDefault ? DEFAULT_CONFIG : DYNAMIC_TOPIC_CONFIG,
    isSensitive: false,
  })),
})
