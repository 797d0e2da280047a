import * as Effect from 'effect/Effect'
import type { Handler } from '../../handler.js'
import { codeOf, groupIdProblem, type RequestError } from '../group-errors.js'
import type { GroupsParts } from '../groups-parts.js'

/**
 * Heartbeat, key 12. Answers REBALANCE_IN_PROGRESS while members have to rejoin; NONE also while
 * the group waits for the assignment. v3 brings static members (KIP-345).
 */
export const heartbeat =
  ({ registry }: GroupsParts): Handler<'Heartbeat'> =>
  ({ groupId, memberId, groupInstanceId, generationId: generation }) =>
    Effect.suspend(() => {
      const refuse = (error: RequestError) => Effect.succeed({ errorCode: codeOf(error) })
      const problem = groupIdProblem(registry, groupId, { mayBeEmpty: false })
      if (problem !== null) return refuse(problem)
      const host = registry.find(groupId)
      if (host === undefined) return refuse('UNKNOWN_MEMBER_ID')
      return Effect.map(
        host.ask('member.heartbeat', { memberId, groupInstanceId, generation }),
        ({ error }) => ({ errorCode: codeOf(error) }),
      )
    })
