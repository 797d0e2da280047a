import * as Effect from 'effect/Effect'
import type { Handler } from '../../handler.js'
import { codeOf, groupIdProblem } from '../group-errors.js'
import { type GroupOffset, loadOffset, loadOffsets, type StoredOffset } from '../group-store.js'
import type { GroupsParts } from '../groups-parts.js'

interface AskedTopic {
  readonly name: string
  readonly partitionIndexes: readonly number[]
}

interface OffsetOfPartition {
  readonly partitionIndex: number
  readonly committedOffset: number
  readonly committedLeaderEpoch: number
  readonly metadata: string
  readonly errorCode: number
}

interface OffsetsOfTopic {
  readonly name: string
  readonly partitions: OffsetOfPartition[]
}

/**
 * OffsetFetch, key 9. Whatever the state of the group, and also for one that does not exist: a
 * partition without an offset has -1. Topics null (v2 on) asks for all; v8 asks for several
 * groups. There are no transactions, so every offset is stable (v7's flag). An unusable group id
 * is the group's error; v1 has no place for it and says that nothing is committed.
 */
export const offsetFetch =
  (parts: GroupsParts): Handler<'OffsetFetch'> =>
  (body, { apiVersion }) =>
    Effect.sync(() => {
      if (apiVersion >= 8) {
        return {
          topics: [],
          groups: body.groups.map(({ groupId, topics }) => ({
            groupId,
            ...offsetsOf(parts, groupId, topics),
          })),
        }
      }
      return { ...offsetsOf(parts, body.groupId, body.topics), groups: [] }
    })

const offsetsOf = (
  { registry, store }: GroupsParts,
  groupId: string,
  topics: readonly AskedTopic[] | null,
): { readonly errorCode: number; readonly topics: OffsetsOfTopic[] } => {
  const problem = groupIdProblem(registry, groupId, { mayBeEmpty: true })
  if (problem !== null) return { errorCode: codeOf(problem), topics: [] }
  return {
    errorCode: codeOf(null),
    topics:
      topics === null
        ? byTopic(loadOffsets(store, groupId))
        : topics.map(({ name, partitionIndexes }) => ({
            name,
            partitions: partitionIndexes.map((partition) =>
              offsetOf(partition, loadOffset(store, groupId, name, partition)),
            ),
          })),
  }
}

const byTopic = (offsets: readonly GroupOffset[]): OffsetsOfTopic[] => {
  const topics = new Map<string, OffsetOfPartition[]>()
  for (const offset of offsets) {
    const partitions = topics.get(offset.topic) ?? []
    partitions.push(offsetOf(offset.partition, offset))
    topics.set(offset.topic, partitions)
  }
  return [...topics].map(([name, partitions]) => ({
    name,
    partitions: partitions.sort((a, b) => a.partitionIndex - b.partitionIndex),
  }))
}

const offsetOf = (partitionIndex: number, stored: StoredOffset | undefined): OffsetOfPartition => ({
  partitionIndex,
  committedOffset: stored?.offset ?? -1,
  committedLeaderEpoch: stored?.leaderEpoch ?? -1,
  metadata: stored?.metadata ?? '',
  errorCode: codeOf(null),
})
