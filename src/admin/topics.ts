import * as Effect from 'effect/Effect'
import { StreamBusError } from '../domain/errors.js'
import { partitionKey } from '../domain/topic-partition.js'
import { errorCode as codeOf, kafkaErrorName } from '../transport/protocol/kafka-errors.js'
import { kafkaFailure } from '../transport/requests/kafka-failure.js'
import { EARLIEST, LATEST, listOffsets } from '../transport/requests/list-offsets.js'
import type { ClusterView, TopicView } from '../transport/transport.js'
import { type AdminCalls, notingUnanswered } from './admin-calls.js'

export interface NewTopic {
  readonly name: string
  /** Default: the broker's. */
  readonly partitions?: number
  /** Default: the broker's. */
  readonly replicationFactor?: number
  readonly configs?: Readonly<Record<string, string>>
}

export interface TopicSummary {
  readonly name: string
  readonly topicId: string
  readonly partitions: number
}

export interface PartitionDescription {
  readonly partition: number
  /** Node id; null while there is no leader. */
  readonly leader: number | null
  readonly leaderEpoch: number
  readonly replicas: readonly number[]
  /** First offset still in the log; null when no leader could say. */
  readonly earliestOffset: number | null
  /** The next offset to be written (the high watermark); null when no leader could say. */
  readonly latestOffset: number | null
}

export interface TopicDescription {
  readonly name: string
  readonly topicId: string
  readonly partitions: readonly PartitionDescription[]
}

const UNKNOWN_TOPIC_OR_PARTITION = 3

export const createTopics = (
  calls: AdminCalls,
  topics: readonly NewTopic[],
): Effect.Effect<void, StreamBusError> => {
  const { transport, timeoutMs } = calls.parts
  const names = topics.map(({ name }) => name)
  let mayBeDone = false
  const create = Effect.gen(function* () {
    const request = calls.request({ type: 'controller' }, 'CreateTopics', {
      timeoutMs,
      topics: topics.map(({ name, partitions, replicationFactor, configs }) => ({
        name,
        numPartitions: partitions ?? -1,
        replicationFactor: replicationFactor ?? -1,
        assignments: [],
        configs: Object.entries(configs ?? {}).map(([key, value]) => ({ name: key, value })),
      })),
    })
    const response = yield* notingUnanswered(request, () => {
      mayBeDone = true
    })
    for (const { name, errorCode, errorMessage } of response.topics) {
      if (errorCode === 0) continue
      // Ours, made by an attempt that got no answer.
      if (mayBeDone && errorCode === codeOf('TOPIC_ALREADY_EXISTS')) continue
      throw creationFailure(name, errorCode, errorMessage)
    }
  })
  // A broker knows a new topic a moment after the controller does.
  const seen = Effect.gen(function* () {
    const view = yield* transport.metadata(names, { maxAgeMs: 0, timeoutMs })
    for (const name of names) {
      const topic = view.topics.get(name)
      const isThere = topic?.errorCode === 0 && topic.partitions.every(({ leader }) => leader >= 0)
      if (!isThere) throw notLedYet(name)
    }
  })
  return Effect.andThen(calls.retrying(create), calls.retrying(seen))
}

/** What the caller has to change. */
const WRONG_SETTINGS: ReadonlySet<number> = new Set([
  codeOf('INVALID_TOPIC_EXCEPTION'),
  codeOf('INVALID_PARTITIONS'),
  codeOf('INVALID_REPLICATION_FACTOR'),
  codeOf('INVALID_CONFIG'),
  codeOf('INVALID_REQUEST'),
  codeOf('POLICY_VIOLATION'),
])

const creationFailure = (
  topic: string,
  errorCode: number,
  errorMessage: string | null,
): StreamBusError => {
  const failure = kafkaFailure(errorCode, `create topic ${topic}`, { topic }, errorMessage)
  if (!WRONG_SETTINGS.has(errorCode)) return failure
  const kafkaError = kafkaErrorName(errorCode)
  return new StreamBusError('INVALID_ARGUMENT', failure.message, { topic, kafkaError })
}

export const deleteTopics = (
  calls: AdminCalls,
  names: readonly string[],
): Effect.Effect<void, StreamBusError> => {
  let mayBeDone = false
  return calls.retrying(
    Effect.gen(function* () {
      const { timeoutMs } = calls.parts
      const request = calls.request({ type: 'controller' }, 'DeleteTopics', (version) =>
        version < 6
          ? { timeoutMs, topicNames: names }
          : { timeoutMs, topics: names.map((name) => ({ name, topicId: NO_TOPIC_ID })) },
      )
      const response = yield* notingUnanswered(request, () => {
        mayBeDone = true
      })
      calls.parts.transport.invalidate()
      for (const { name, errorCode, errorMessage } of response.responses) {
        if (errorCode === 0) continue
        if (mayBeDone && errorCode === UNKNOWN_TOPIC_OR_PARTITION) continue
        const topic = name ?? ''
        throw kafkaFailure(errorCode, `delete topic ${topic}`, { topic }, errorMessage)
      }
    }),
  )
}

/** Kafka's Uuid.ZERO_UUID: topics are named by name here. */
const NO_TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAA'

export const listTopics = (
  calls: AdminCalls,
): Effect.Effect<readonly TopicSummary[], StreamBusError> => {
  const { transport, timeoutMs } = calls.parts
  return Effect.map(calls.retrying(transport.metadata('all', { maxAgeMs: 0, timeoutMs })), (view) =>
    [...view.topics.values()]
      .filter(({ errorCode }) => errorCode !== UNKNOWN_TOPIC_OR_PARTITION)
      .map(({ name, topicId, partitions }) => ({ name, topicId, partitions: partitions.length }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  )
}

export const describeTopics = (
  calls: AdminCalls,
  names: readonly string[],
): Effect.Effect<readonly TopicDescription[], StreamBusError> => {
  const { transport, timeoutMs } = calls.parts
  return calls.retrying(
    Effect.gen(function* () {
      const view = yield* transport.metadata(names, { maxAgeMs: 0, timeoutMs })
      const topics = names.map((name) => requireTopic(view, name))
      const latest = yield* offsetsOf(calls, topics, LATEST)
      const earliest = yield* offsetsOf(calls, topics, EARLIEST)
      return topics.map(({ name, topicId, partitions }) => ({
        name,
        topicId,
        partitions: partitions.map(({ partition, leader, leaderEpoch, replicas }) => ({
          partition,
          leader: leader < 0 ? null : leader,
          leaderEpoch,
          replicas,
          earliestOffset: earliest.get(partitionKey(name, partition)) ?? null,
          latestOffset: latest.get(partitionKey(name, partition)) ?? null,
        })),
      }))
    }),
  )
}

/** Offsets of all partitions of some topics, by partition key; those that no leader told are absent. */
export const offsetsOf = (
  calls: AdminCalls,
  topics: readonly TopicView[],
  timestamp: number,
): Effect.Effect<ReadonlyMap<string, number>, StreamBusError> => {
  const queries = topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partition }) => ({ topic: name, partition, timestamp })),
  )
  const { transport, timeoutMs } = calls.parts
  const answers = listOffsets(transport, queries, {
    timeoutMs,
    isolationLevel: 'read_uncommitted',
  })
  return Effect.map(answers, (found) => {
    const known = [...found].filter(([, { errorCode }]) => errorCode === 0)
    return new Map(known.map(([key, { offset }]) => [key, offset]))
  })
}

/** Throws UNKNOWN_TOPIC, or the retriable trouble that the topic is in. */
export const requireTopic = (view: ClusterView, name: string): TopicView => {
  const topic = view.topics.get(name)
  if (topic === undefined || topic.errorCode === UNKNOWN_TOPIC_OR_PARTITION) {
    throw new StreamBusError(
      'UNKNOWN_TOPIC',
      `topic ${name} does not exist: create it, or check its name and the brokers`,
      { topic: name },
    )
  }
  if (topic.errorCode !== 0 && kafkaErrorName(topic.errorCode) !== 'LEADER_NOT_AVAILABLE') {
    throw kafkaFailure(topic.errorCode, `describe topic ${name}`, { topic: name })
  }
  return topic
}

const notLedYet = (topic: string): StreamBusError =>
  new StreamBusError(
    'UNKNOWN_TOPIC',
    `topic ${topic} was created, but its partitions have no leaders yet`,
    { topic, retriable: true },
  )
