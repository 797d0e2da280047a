import * as Effect from 'effect/Effect'
import type { Handler } from '../../handler.js'
import { codeOf, groupIdProblem, type RequestError } from '../group-errors.js'
import type { GroupsParts } from '../groups-parts.js'

/**
 * SyncGroup, key 14. Parked until the leader's assignments are durable. v3 brings static members
 * (KIP-345), v5 checks the protocol's type and name (KIP-559).
 */
export const syncGroup =
  ({ registry }: GroupsParts): Handler<'SyncGroup'> =>
  (body) =>
    Effect.suspend(() => {
      const refuse = (error: RequestError) =>
        Effect.succeed({ errorCode: codeOf(error), assignment: Buffer.alloc(0) })
      const problem = groupIdProblem(registry, body.groupId, { mayBeEmpty: false })
      if (problem !== null) return refuse(problem)
      const host = registry.find(body.groupId)
      if (host === undefined) return refuse('UNKNOWN_MEMBER_ID')
      const answer = host.ask('member.sync', {
        memberId: body.memberId,
        groupInstanceId: body.groupInstanceId,
        generation: body.generationId,
        protocolType: body.protocolType,
        protocolName: body.protocolName,
        assignments: body.assignments.map(({ memberId, assignment }) => ({
          memberId,
          assignment: assignment.toString('base64'),
        })),
      })
      return Effect.map(answer, (reply) => ({
        errorCode: codeOf(reply.error),
        protocolType: reply.protocolType,
        protocolName: reply.protocolName,
        assignment: Buffer.from(reply.assignment, 'base64'),
      }))
    })
