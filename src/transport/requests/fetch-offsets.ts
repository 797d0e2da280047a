import * as Effect from 'effect/Effect'
import type { StreamBusError } from '../../domain/errors.js'
import type { TopicPartition } from '../../domain/topic-partition.js'
import type { TransportService } from '../transport.js'
import { groupByTopic } from './list-offsets.js'

export interface CommittedOffset extends TopicPartition {
  /** -1: none. */
  readonly offset: number
  readonly metadata: string
  readonly errorCode: number
}

/**
 * A group's committed offsets: of the given partitions, or all that it has (`null`). A group-level
 * error code is data too, so that the caller can tell a moved coordinator from a refusal.
 */
export const fetchCommittedOffsets = (
  transport: TransportService,
  groupId: string,
  partitions: readonly TopicPartition[] | null,
  options: { readonly timeoutMs: number; readonly owner: string },
): Effect.Effect<
  { readonly errorCode: number; readonly offsets: readonly CommittedOffset[] },
  StreamBusError
> => {
  const topics =
    partitions === null
      ? null
      : groupByTopic(partitions).map(([name, items]) => ({
          name,
          partitionIndexes: items.map(({ partition }) => partition),
        }))
  return Effect.map(
    transport.request(
      { type: 'coordinator', groupId },
      'OffsetFetch',
      (version) =>
        version >= 8
          ? { groups: [{ groupId, topics }], requireStable: true }
          : { groupId, topics, ...(version >= 7 ? { requireStable: true } : {}) },
      { purpose: 'control', ...options },
    ),
    (body) => {
      const group = body.groups[0]
      const found = group === undefined ? body : group
      return {
        errorCode: found.errorCode,
        offsets: found.topics.flatMap(({ name, partitions: answers }) =>
          answers.map((answer) => ({
            topic: name,
            partition: answer.partitionIndex,
            offset: answer.committedOffset,
            metadata: answer.metadata ?? '',
            errorCode: answer.errorCode,
          })),
        ),
      }
    },
  )
}
