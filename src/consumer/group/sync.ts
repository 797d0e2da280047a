import * as Effect from 'effect/Effect'
import * as Result from 'effect/Result'
import { isStreamBusError } from '../../domain/errors.js'
import type { SyncOutcome } from '../../domain/membership.js'
import type { MemberIdentity } from '../../machines/member/context.js'
import { decodeAssignment } from '../../transport/protocol/consumer-protocol.js'
import { errorInfo } from './classify.js'
import { type GroupClient, ID_FORGOTTEN } from './group-client.js'

export interface SyncInput extends MemberIdentity {
  readonly protocol: string
  readonly withAssignment: boolean
  readonly topics: readonly string[]
}

export type MemberAssignments = readonly {
  readonly memberId: string
  readonly assignment: Buffer
}[]

/** SyncGroup: parked until the group leader's assignment is there and stored. */
export const syncGroup = (
  client: GroupClient,
  input: SyncInput,
  assignments: MemberAssignments,
): Effect.Effect<SyncOutcome> =>
  Effect.gen(function* () {
    const { runtime, config } = client.parts
    const sentAt = runtime.clock.elapsed()
    const result = yield* client.request(
      'join',
      'SyncGroup',
      (version) => ({
        groupId: client.groupId,
        generationId: input.generation,
        memberId: input.memberId,
        ...(version >= 3 ? { groupInstanceId: config.groupInstanceId } : {}),
        ...(version >= 5 ? { protocolType: 'consumer', protocolName: input.protocol } : {}),
        assignments: input.withAssignment ? assignments : [],
      }),
      config.rebalanceTimeoutMs + config.requestTimeoutMs,
    )
    const verdict = client.verdict(result, 'sync')
    if (client.isIdForgotten(verdict, input.memberId)) return ID_FORGOTTEN
    if (verdict.tag !== 'ok') return verdict
    if (Result.isFailure(result)) throw new Error('StreamBus defect: a failure judged ok')
    try {
      // Some leaders (kafkajs) deal their own topics to everybody, subscribed or not.
      const subscribed = new Set(input.topics)
      const { partitions: dealt } = decodeAssignment(result.success.assignment)
      const partitions = dealt.filter(({ topic }) => subscribed.has(topic))
      client.lease.confirm(sentAt)
      // Of an answer that comes so late (the process was stopped), the coordinator may have given
      // all of it to others by now. Whoever asks again is told.
      if (!client.lease.isSure) return { tag: 'rebalancing' }
      // Idle until the next rebalance, it may be dropped on its way without our knowing, and a
      // JoinGroup sent into it would cost the membership: that one gets a connection of its own.
      client.parts.transport.release(client.parts.owner, 'join')
      client.lastAssigned = partitions
      client.lastGeneration = input.generation
      client.syncedAs = input.memberId
      return { tag: 'synced', assigned: partitions }
    } catch (error) {
      if (!isStreamBusError(error)) throw error
      return { tag: 'refused', error: errorInfo(error) }
    }
  })
