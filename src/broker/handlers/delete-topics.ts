import * as Effect from 'effect/Effect'
import { errorCode, type KafkaErrorName } from '../../transport/protocol/kafka-errors.js'
import type { ResponseInput } from '../../transport/protocol/registry.js'
import { ZERO_UUID } from '../../transport/protocol/wire-fault.js'
import type { BrokerParts } from '../broker-parts.js'
import type { Handler } from '../handler.js'
import type { Topic } from '../topics.js'

type Result = ResponseInput<'DeleteTopics'>['responses'][number]

interface Named {
  readonly name: string | null
  readonly topicId: string
}

/**
 * DeleteTopics, key 20. By name up to version 5, by name or id from version 6 on. Durable before
 * the answer; the topic's committed group offsets go too. A topic meant twice, or an entry with
 * both or neither of name and id, is refused (as Kafka does).
 */
export const deleteTopics =
  (parts: BrokerParts): Handler<'DeleteTopics'> =>
  (body) => {
    const asked: readonly Named[] = [
      ...body.topicNames.map((name) => ({ name, topicId: ZERO_UUID })),
      ...body.topics,
    ]
    const times = new Map<Topic, number>()
    for (const one of asked) {
      const topic = find(parts, one)
      if (topic !== undefined) times.set(topic, (times.get(topic) ?? 0) + 1)
    }
    return Effect.map(
      Effect.forEach(asked, (one) => remove(parts, one, times)),
      (responses) => ({ responses }),
    )
  }

const remove = (
  parts: BrokerParts,
  one: Named,
  times: ReadonlyMap<Topic, number>,
): Effect.Effect<Result> => {
  const byId = one.topicId !== ZERO_UUID
  if (byId === (one.name !== null)) {
    return refused(one, 'INVALID_REQUEST', 'name a topic either by its name or by its id')
  }
  const topic = find(parts, one)
  if (topic === undefined) {
    return byId
      ? refused(one, 'UNKNOWN_TOPIC_ID', 'this broker has no topic with that id')
      : refused(one, 'UNKNOWN_TOPIC_OR_PARTITION', `this broker has no topic '${one.name}'`)
  }
  if (times.get(topic) !== 1) {
    return refused(one, 'INVALID_REQUEST', `the request means topic '${topic.name}' twice`)
  }
  return Effect.flatMap(parts.topics.delete(topic), (outcome) => {
    if (outcome.type === 'refused') return refused(one, outcome.error, outcome.message)
    parts.logger.info({ topic: topic.name }, `deleted topic ${topic.name}`)
    const result = { name: topic.name, topicId: topic.topicId, errorCode: 0 }
    return Effect.as(parts.topicDeleted(topic.name), result)
  })
}

const find = ({ topics }: BrokerParts, { name, topicId }: Named): Topic | undefined =>
  topicId !== ZERO_UUID ? topics.byId(topicId) : topics.byName(name ?? '')

const refused = (
  { name, topicId }: Named,
  error: KafkaErrorName,
  errorMessage: string,
): Effect.Effect<Result> =>
  Effect.succeed({ name, topicId, errorCode: errorCode(error), errorMessage })
