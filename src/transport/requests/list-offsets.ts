import * as Effect from 'effect/Effect'
import type { StreamBusError } from '../../domain/errors.js'
import { keyOf, partitionKey, type TopicPartition } from '../../domain/topic-partition.js'
import type { TransportService } from '../transport.js'

/** Special timestamps of ListOffsets. */
export const LATEST = -1
export const EARLIEST = -2

export interface OffsetQuery extends TopicPartition {
  /** Milliseconds since the epoch: the first record at or after it; or LATEST, EARLIEST. */
  readonly timestamp: number
}

export interface OffsetAnswer extends TopicPartition {
  /** A Kafka error code, 0 when all is well. */
  readonly errorCode: number
  /** -1: no record that late. */
  readonly offset: number
  readonly timestamp: number
}

/**
 * ListOffsets, each query sent to its partition's leader. Partitions without a known leader get
 * LEADER_NOT_AVAILABLE (5), unknown ones UNKNOWN_TOPIC_OR_PARTITION (3), as data.
 */
export const listOffsets = (
  transport: TransportService,
  queries: readonly OffsetQuery[],
  options: {
    readonly timeoutMs: number
    readonly isolationLevel: 'read_committed' | 'read_uncommitted'
  },
): Effect.Effect<ReadonlyMap<string, OffsetAnswer>, StreamBusError> =>
  Effect.gen(function* () {
    const topics = [...new Set(queries.map(({ topic }) => topic))]
    const view = yield* transport.metadata(topics, { timeoutMs: options.timeoutMs })
    const answers = new Map<string, OffsetAnswer>()
    const byLeader = new Map<number, OffsetQuery[]>()
    for (const query of queries) {
      const leader = view.topics.get(query.topic)?.partitions[query.partition]?.leader
      if (leader === undefined || leader < 0) {
        const errorCode = leader === undefined ? 3 : 5
        answers.set(keyOf(query), { ...query, errorCode, offset: -1, timestamp: -1 })
      } else byLeader.set(leader, [...(byLeader.get(leader) ?? []), query])
    }
    yield* Effect.forEach(
      byLeader,
      ([nodeId, asked]) =>
        Effect.map(
          transport.request(
            { type: 'node', nodeId },
            'ListOffsets',
            {
              isolationLevel: options.isolationLevel === 'read_committed' ? 1 : 0,
              topics: groupByTopic(asked).map(([name, partitions]) => ({
                name,
                partitions: partitions.map(({ partition, timestamp }) => ({
                  partitionIndex: partition,
                  timestamp,
                })),
              })),
            },
            { purpose: 'metadata', timeoutMs: options.timeoutMs },
          ),
          ({ topics }) => {
            for (const { name, partitions } of topics) {
              for (const { partitionIndex, errorCode, offset, timestamp } of partitions) {
                const answer = {
                  topic: name,
                  partition: partitionIndex,
                  errorCode,
                  offset,
                  timestamp,
                }
                answers.set(partitionKey(name, partitionIndex), answer)
              }
            }
          },
        ),
      { concurrency: 'unbounded', discard: true },
    )
    return answers
  })

/** Requests list partitions by topic. */
export const groupByTopic = <T extends { readonly topic: string }>(
  items: readonly T[],
): (readonly [topic: string, items: T[]])[] => {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(item.topic)
    if (group === undefined) groups.set(item.topic, [item])
    else group.push(item)
  }
  return [...groups]
}
