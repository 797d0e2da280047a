import * as Effect from 'effect/Effect'
import type { RequestContext } from '../../../transport/request-handler.js'
import type { Handler } from '../../handler.js'
import { codeOf, type RequestError } from '../group-errors.js'
import type { GroupsParts } from '../groups-parts.js'

const GROUP = 0
const TRANSACTION = 1

interface Coordinator {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly errorCode: number
  readonly errorMessage: string | null
}

/**
 * FindCoordinator, key 10. This broker coordinates every group. It has no transactions: that is
 * TRANSACTIONAL_ID_AUTHORIZATION_FAILED, which clients take as final (an unavailable coordinator
 * they would look for without end). Share groups and what else may come are INVALID_REQUEST. From
 * v4 on many keys are asked for at once (KIP-699).
 */
export const findCoordinator =
  ({ topics }: GroupsParts): Handler<'FindCoordinator'> =>
  ({ keyType, coordinatorKeys }, context) =>
    Effect.sync(() => {
      const found = coordinator(topics, keyType, context)
      if (context.apiVersion < 4) return found
      return { coordinators: coordinatorKeys.map((key) => ({ key, ...found })) }
    })

const coordinator = (
  topics: GroupsParts['topics'],
  keyType: number,
  context: RequestContext,
): Coordinator => {
  if (keyType === GROUP) {
    return { ...topics.node(context), errorCode: codeOf(null), errorMessage: null }
  }
  return keyType === TRANSACTION
    ? none('TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'the embedded broker has no transactions')
    : none('INVALID_REQUEST', `the embedded broker has no coordinators of type ${keyType}`)
}

const none = (error: RequestError, errorMessage: string): Coordinator => ({
  nodeId: -1,
  host: '',
  port: -1,
  errorCode: codeOf(error),
  errorMessage,
})
