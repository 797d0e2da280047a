import * as Effect from 'effect/Effect'
import * as Result from 'effect/Result'
import { keyOf, type TopicPartitionOffset } from '../../domain/topic-partition.js'
import type { MemberIdentity } from '../../machines/member/context.js'
import { groupByTopic } from '../../transport/requests/list-offsets.js'
import { classifyGroupError, type GroupVerdict } from './classify.js'
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
    let verdict: GroupVerdict = { tag: 'ok' }
    for (const { name, partitions } of result.success.topics) {
      for (const { partitionIndex, errorCode } of partitions) {
        const place = keyOf({ topic: name, partition: partitionIndex })
        const one = classifyGroupError(errorCode, `commit ${place}`, client.groupId)
        if (one.tag === 'ok') committed.add(place)
        if (GRAVITY.indexOf(one.tag) > GRAVITY.indexOf(verdict.tag)) verdict = one
      }
    }
    if (verdict.tag === 'unavailable' && verdict.coordinatorMoved) {
      client.parts.transport.forgetCoordinator(client.groupId)
    }
    return { verdict, committed }
  })
