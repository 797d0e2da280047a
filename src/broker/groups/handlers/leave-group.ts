import * as Effect from 'effect/Effect'
import type { LeaveReply, MemberIdentity } from '../../../machines/group-coordinator/events.js'
import type { ResponseInput } from '../../../transport/protocol/registry.js'
import type { Handler } from '../../handler.js'
import { codeOf, groupIdProblem } from '../group-errors.js'
import type { GroupsParts } from '../groups-parts.js'

/**
 * LeaveGroup, key 13. Up to v2 one member leaves and its error is the answer's; from v3 on many
 * may, each with its error, static ones by their instance id alone (KIP-345). v5 says why.
 */
export const leaveGroup =
  ({ registry }: GroupsParts): Handler<'LeaveGroup'> =>
  ({ groupId, memberId, members }, { apiVersion }) =>
    Effect.suspend(() => {
      const leaving: readonly MemberIdentity[] =
        apiVersion < 3 ? [{ memberId, groupInstanceId: null, reason: null }] : members
      const problem = groupIdProblem(registry, groupId, { mayBeEmpty: false })
      if (problem !== null) return Effect.succeed({ errorCode: codeOf(problem), members: [] })
      const host = registry.find(groupId)
      if (host === undefined) return Effect.succeed(response(unknown(leaving), apiVersion))
      return Effect.map(host.ask('member.leave', { members: leaving.map(identity) }), (reply) =>
        response(reply, apiVersion),
      )
    })

const identity = ({ memberId, groupInstanceId, reason }: MemberIdentity): MemberIdentity => ({
  memberId,
  groupInstanceId,
  reason,
})

const unknown = (leaving: readonly MemberIdentity[]): LeaveReply => ({
  to: 'member.leave',
  error: null,
  members: leaving.map(({ memberId, groupInstanceId }) => ({
    memberId,
    groupInstanceId,
    error: 'UNKNOWN_MEMBER_ID',
  })),
})

const response = (
  { error, members }: LeaveReply,
  apiVersion: number,
): ResponseInput<'LeaveGroup'> =>
  apiVersion < 3
    ? { errorCode: codeOf(error ?? members[0]?.error ?? null), members: [] }
    : {
        errorCode: codeOf(error),
        members: members.map(({ memberId, groupInstanceId, error: own }) => ({
          memberId,
          groupInstanceId,
          errorCode: codeOf(own),
        })),
      }
