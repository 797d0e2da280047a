import * as Effect from 'effect/Effect'
import * as Result from 'effect/Result'
import { keyOf, type TopicPartitionOffset } from '../../domain/topic-partition.js'
import type { MemberIdentity } from '../../machines/member/context.js'
import { kafkaErrorName } from '../../transport/protocol/kafka-errors.js'
import { kafkaFailure } from '../../transport/requests/kafka-failure.js'
import { groupByTopic } from '../../transport/requests/list-offsets.js'
import { classifyGroupError, errorInfo, type GroupVerdict } from './classify.js'
import type { GroupClient } from './group-client.js'

export interface CommitResult {
  /** The gravest verdict of all partitions. */
  readonly verdict: GroupVerdict
  /** Keys of the partitions that were stored. */
  readonly committed: ReadonlySet<string>
}

const GRAVITY: readonly GroupVerdict['tag'][] = [
  'ok',
  'unavailable',
  'rebalancing',
  'refused',
  'memberUnknown',
]

/** OffsetCommit under one identity; generation -1 commits for a consumer outside the group. */
export const commitRequest = (
  client: GroupClient,
  identity: MemberIdentity,
  offsets: readonly TopicPartitionOffset[],
  timeoutMs: number,
): Effect.Effect<CommitResult> =>
  Effect.gen(function* () {
    const { config } = client.parts
    const result = yield* client.request(
      'control',
      'OffsetCommit',
      (version) => ({
        groupId: client.groupId,
        generationIdOrMemberEpoch: identity.generation,
        memberId: identity.memberId,
        ...(version >= 7 ? { groupInstanceId: config.groupInstanceId } : {}),
        topics: groupByTopic(offsets).map(([name, items]) => ({
          name,
          partitions: items.map(({ partition, offset }) => ({
            partitionIndex: partition,
            committedOffset: offset,
            committedMetadata: '',
          })),
        })),
      }),
      timeoutMs,
    )
    if (Result.isFailure(result)) {
      return {
        verdict: client.verdict(Result.fail(result.failure), 'commit'),
        committed: new Set<string>(),
      }
    }
    const committed = new Set<string>()
    const answered = new Set<string>()
    let verdict: GroupVerdict = { tag: 'ok' }
    for (const { name, partitions } of result.success.topics) {
      for (const { partitionIndex, errorCode } of partitions) {
        const place = keyOf({ topic: name, partition: partitionIndex })
        const one = partitionVerdict(errorCode, place, client.groupId)
        answered.add(place)
        if (one.tag === 'ok') committed.add(place)
        if (GRAVITY.indexOf(one.tag) > GRAVITY.indexOf(verdict.tag)) verdict = one
      }
    }
    const omitted = offsets.map(keyOf).filter((place) => !answered.has(place))
    if (omitted.length > 0 && verdict.tag === 'ok') verdict = leftOut(omitted, client.groupId)
    if (verdict.tag === 'unavailable' && verdict.coordinatorMoved) {
      client.parts.transport.forgetCoordinator(client.groupId)
    }
    return { verdict, committed }
  })

/** A topic that is gone takes no commit any more; the others' are stored nevertheless. */
const partitionVerdict = (errorCode: number, place: string, group: string): GroupVerdict => {
  const name = kafkaErrorName(errorCode)
  if (name !== 'UNKNOWN_TOPIC_OR_PARTITION' && name !== 'UNKNOWN_TOPIC_ID') {
    return classifyGroupError(errorCode, `commit ${place}`, group)
  }
  const error = errorInfo(kafkaFailure(errorCode, `group ${group}: commit ${place}`, { group }))
  return { tag: 'refused', error }
}

const leftOut = (places: readonly string[], group: string): GroupVerdict => ({
  tag: 'unavailable',
  error: {
    code: 'MALFORMED_MESSAGE',
    message: `group ${group}: commit: the broker's answer leaves out ${places.join(', ')}`,
  },
  coordinatorMoved: false,
})
