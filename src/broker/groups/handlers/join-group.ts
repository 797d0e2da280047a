import * as Effect from 'effect/Effect'
import type { JoinReply } from '../../../machines/group-coordinator/events.js'
import type { RequestBody, ResponseInput } from '../../../transport/protocol/registry.js'
import type { RequestContext } from '../../../transport/request-handler.js'
import type { Handler } from '../../handler.js'
import { randomUuid } from '../../uuid.js'
import { codeOf, groupIdProblem, type RequestError } from '../group-errors.js'
import type { GroupsParts } from '../groups-parts.js'

/**
 * JoinGroup, key 11. Parked until the generation is complete. v0 has one timeout for session and
 * rebalance. From v4 a dynamic member without id is sent back with one (KIP-394), v5 brings static
 * members (KIP-345), v8 the reason (KIP-800), v9 a leader that need not assign (KIP-814). A group
 * comes into being with its first member; a member id in a group that is not there is unknown.
 */
export const joinGroup =
  ({ registry, config, runtime }: GroupsParts): Handler<'JoinGroup'> =>
  (body, context) =>
    Effect.suspend(() => {
      const { groupId, memberId, sessionTimeoutMs } = body
      const refuse = (error: RequestError) => Effect.succeed(refused(error, memberId))
      const problem = groupIdProblem(registry, groupId, { mayBeEmpty: false })
      if (problem !== null) return refuse(problem)
      if (
        sessionTimeoutMs < config.groupMinSessionTimeoutMs ||
        sessionTimeoutMs > config.groupMaxSessionTimeoutMs
      ) {
        return refuse('INVALID_SESSION_TIMEOUT')
      }
      const host = memberId === '' ? registry.findOrCreate(groupId) : registry.find(groupId)
      if (host === undefined) return refuse('UNKNOWN_MEMBER_ID')
      return Effect.map(
        host.ask('member.join', joinRequest(body, context, runtime.random)),
        response,
      )
    })

const joinRequest = (
  body: RequestBody<'JoinGroup'>,
  context: RequestContext,
  random: () => number,
) => {
  const clientId = context.clientId ?? ''
  return {
    memberId: body.memberId,
    newMemberId:
      body.memberId === '' ? `${body.groupInstanceId ?? clientId}-${randomUuid(random)}` : '',
    groupInstanceId: body.groupInstanceId,
    clientId,
    clientHost: context.clientHost,
    sessionTimeoutMs: body.sessionTimeoutMs,
    rebalanceTimeoutMs: context.apiVersion === 0 ? body.sessionTimeoutMs : body.rebalanceTimeoutMs,
    protocolType: body.protocolType,
    protocols: body.protocols.map(({ name, metadata }) => ({
      name,
      metadata: metadata.toString('base64'),
    })),
    reason: body.reason,
    requireKnownMemberId: context.apiVersion >= 4,
    canSkipAssignment: context.apiVersion >= 9,
  }
}

const refused = (error: RequestError, memberId: string): ResponseInput<'JoinGroup'> => ({
  errorCode: codeOf(error),
  generationId: -1,
  protocolName: null,
  leader: '',
  memberId,
  members: [],
})

const response = (reply: JoinReply): ResponseInput<'JoinGroup'> => ({
  errorCode: codeOf(reply.error),
  generationId: reply.generation,
  protocolType: reply.protocolType,
  protocolName: reply.protocolName,
  leader: reply.leaderId,
  skipAssignment: reply.skipAssignment,
  memberId: reply.memberId,
  members: reply.members.map(({ memberId, groupInstanceId, metadata }) => ({
    memberId,
    groupInstanceId,
    metadata: Buffer.from(metadata, 'base64'),
  })),
})
