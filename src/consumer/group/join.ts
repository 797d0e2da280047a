import * as Effect from 'effect/Effect'
import * as Result from 'effect/Result'
import type { Assignor } from '../../assignors/index.js'
import type { JoinOutcome } from '../../domain/membership.js'
import type { JoinInput } from '../../machines/member/member-setup.js'
import { encodeSubscription } from '../../transport/protocol/consumer-protocol.js'
import { kafkaErrorName } from '../../transport/protocol/kafka-errors.js'
import type { RequestInput, ResponseBody } from '../../transport/protocol/registry.js'
import { type GroupClient, ID_FORGOTTEN } from './group-client.js'

/** Beyond the rebalance timeout, which a coordinator may use up entirely (Kafka does the same). */
const JOIN_GRACE_MS = 5_000

export type JoinedMembers = ResponseBody<'JoinGroup'>['members']

/**
 * JoinGroup: parked by the coordinator until all known members have joined. `onJoined` hands the
 * leader the members' subscriptions, which stay out of the chart.
 */
export const joinGroup = (
  client: GroupClient,
  input: JoinInput,
  onJoined: (members: JoinedMembers) => void,
): Effect.Effect<JoinOutcome> =>
  Effect.gen(function* () {
    const { runtime, config } = client.parts
    const result = yield* client.request(
      'join',
      'JoinGroup',
      (version) => joinRequest(client, input, version),
      config.rebalanceTimeoutMs + JOIN_GRACE_MS,
    )
    if (Result.isSuccess(result)) {
      const { errorCode, memberId } = result.success
      // Asked once. A broker that does not take its own id is trouble, to be met with a pause.
      if (kafkaErrorName(errorCode) === 'MEMBER_ID_REQUIRED' && input.memberId === '') {
        return { tag: 'memberIdRequired', memberId }
      }
    }
    const verdict = client.verdict(result, 'join')
    if (client.isIdForgotten(verdict, input.memberId)) return ID_FORGOTTEN
    const isPassing =
      verdict.tag === 'rebalancing' ||
      (verdict.tag === 'refused' && verdict.error.kafkaError === 'MEMBER_ID_REQUIRED')
    if (isPassing) {
      const name = Result.isSuccess(result) ? kafkaErrorName(result.success.errorCode) : ''
      const message = `group ${client.groupId}: join: the broker answered ${name}`
      return { tag: 'unavailable', error: { code: 'BROKER_ERROR', message } }
    }
    if (verdict.tag !== 'ok' || Result.isFailure(result)) return verdict as JoinOutcome
    const joined = result.success
    // A JoinGroup can be parked for longer than the session timeout. A member that holds partitions
    // had heartbeats meanwhile and counts on them alone: a coordinator that repeats an answer that
    // was lost does not restart the session for it, and would give them away before we do.
    const heardAt = input.owned.length === 0 ? runtime.clock.elapsed() : 'uncounted'
    client.lease.confirmJoined(joined.generationId, heardAt)
    onJoined(joined.members)
    return {
      tag: 'joined',
      memberId: joined.memberId,
      generation: joined.generationId,
      protocol: joined.protocolName ?? '',
      isLeader: joined.leader === joined.memberId,
      skipAssignment: joined.skipAssignment,
      memberCount: joined.members.length,
    }
  })

const joinRequest = (
  client: GroupClient,
  input: JoinInput,
  version: number,
): RequestInput<'JoinGroup'> => {
  const { config } = client.parts
  return {
    groupId: client.groupId,
    sessionTimeoutMs: config.sessionTimeoutMs,
    rebalanceTimeoutMs: config.rebalanceTimeoutMs,
    memberId: input.memberId,
    ...(version >= 5 ? { groupInstanceId: config.groupInstanceId } : {}),
    protocolType: 'consumer',
    protocols: config.assignors.map((assignor) => ({
      name: assignor.name,
      metadata: subscriptionBytes(client, input, assignor),
    })),
    ...(version >= 8 ? { reason: input.reason.slice(0, 255) } : {}),
  }
}

const subscriptionBytes = (client: GroupClient, input: JoinInput, assignor: Assignor): Buffer =>
  encodeSubscription({
    topics: input.topics,
    userData: assignor.subscriptionUserData?.(client.lastAssigned, client.lastGeneration) ?? null,
    owned: input.owned,
    generation: client.lastGeneration,
    rackId: client.parts.config.rackId,
  })
