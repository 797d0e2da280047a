import * as Effect from 'effect/Effect'
import type { RequestBody, ResponseInput } from '../../../transport/protocol/registry.js'
import type { Handler } from '../../handler.js'
import { codeOf, groupIdProblem, type RequestError } from '../group-errors.js'
import type { GroupHost } from '../group-host.js'
import { type GroupOffset, putOffset } from '../group-store.js'
import type { GroupsParts } from '../groups-parts.js'

type Body = RequestBody<'OffsetCommit'>
type CommitResponse = ResponseInput<'OffsetCommit'>

/**
 * OffsetCommit, key 8. The group decides once for the request; what it accepts is one atomic
 * write, and durable before the answer. Partitions that do not exist, or with too much metadata,
 * have an error of their own and leave nothing behind (KAFKA-16371). Generation -1 comes from a
 * consumer that assigns its partitions itself, or an administrator: it needs a group without
 * members, which it may create. Offsets never expire (v2-v4's retention time is not heeded).
 */
export const offsetCommit =
  (parts: GroupsParts): Handler<'OffsetCommit'> =>
  (body, { apiVersion }) =>
    Effect.suspend(() => {
      const { groupId } = body
      const problem = groupIdProblem(parts.registry, groupId, { mayBeEmpty: true })
      if (problem !== null) return Effect.succeed(answer(body, () => problem))
      const refusals = partitionRefusals(parts, body)
      const offsets = acceptable(parts, body, refusals)
      const answerAll = (error: RequestError | null): CommitResponse =>
        answer(body, (topic, partition) => refusals.get(keyOf(topic, partition)) ?? error)
      if (offsets.length === 0) return Effect.succeed(answerAll(null))

      const { generationIdOrMemberEpoch: generation, memberId, groupInstanceId } = body
      const known = parts.registry.find(groupId)
      if (known === undefined && generation >= 0) {
        return Effect.succeed(
          answerAll(apiVersion >= 9 ? 'GROUP_ID_NOT_FOUND' : 'ILLEGAL_GENERATION'),
        )
      }
      const host = known ?? parts.registry.findOrCreate(groupId)
      if (generation < 0) host.keep()
      const verdict = host.ask('offsets.commit', { memberId, groupInstanceId, generation })
      return Effect.flatMap(verdict, ({ error }) =>
        error === null
          ? Effect.map(store(parts, host, offsets), answerAll)
          : Effect.succeed(answerAll(error)),
      )
    })

const keyOf = (topic: string, partition: number): string => `${partition} ${topic}`

const partitionRefusals = (
  { topics, config }: GroupsParts,
  body: Body,
): ReadonlyMap<string, RequestError> => {
  const refusals = new Map<string, RequestError>()
  for (const { name, partitions } of body.topics) {
    const count = topics.partitionCount(name) ?? 0
    for (const { partitionIndex, committedMetadata } of partitions) {
      if (partitionIndex < 0 || partitionIndex >= count) {
        refusals.set(keyOf(name, partitionIndex), 'UNKNOWN_TOPIC_OR_PARTITION')
      } else if (Buffer.byteLength(committedMetadata ?? '') > config.maxOffsetMetadataBytes) {
        refusals.set(keyOf(name, partitionIndex), 'OFFSET_METADATA_TOO_LARGE')
      }
    }
  }
  return refusals
}

const acceptable = (
  { runtime }: GroupsParts,
  body: Body,
  refusals: ReadonlyMap<string, RequestError>,
): GroupOffset[] => {
  const committedAtMs = runtime.clock.now()
  return body.topics.flatMap(({ name: topic, partitions }) =>
    partitions
      .filter(({ partitionIndex }) => !refusals.has(keyOf(topic, partitionIndex)))
      .map((partition) => ({
        topic,
        partition: partition.partitionIndex,
        offset: partition.committedOffset,
        leaderEpoch: partition.committedLeaderEpoch,
        metadata: partition.committedMetadata ?? '',
        committedAtMs,
      })),
  )
}

/** Issued in the same step as the verdict's arrival: a later generation's commit comes after it. */
const store = (
  { writes }: GroupsParts,
  host: GroupHost,
  offsets: readonly GroupOffset[],
): Effect.Effect<RequestError | null> =>
  Effect.map(
    Effect.suspend(() =>
      writes.write([
        ...host.firstEntry(),
        ...offsets.map((offset) => putOffset(host.groupId, offset)),
      ]),
    ),
    (outcome) => (outcome.tag === 'stored' ? null : 'NOT_COORDINATOR'),
  )

const answer = (
  body: Body,
  errorOf: (topic: string, partition: number) => RequestError | null,
): CommitResponse => ({
  topics: body.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex }) => ({
      partitionIndex,
      errorCode: codeOf(errorOf(name, partitionIndex)),
    })),
  })),
})
