import type { StreamBusError } from '../../domain/errors.js'
import type { ErrorInfo } from '../../domain/membership.js'
import { isRetriable, kafkaErrorName } from '../../transport/protocol/kafka-errors.js'
import { kafkaFailure } from '../../transport/requests/kafka-failure.js'

export const errorInfo = (error: StreamBusError): ErrorInfo => ({
  code: error.code,
  message: error.message,
  ...(error.kafkaError === undefined ? {} : { kafkaError: error.kafkaError }),
})

/** What a group-level error code means to a member, in the words of the member chart. */
export type GroupVerdict =
  | { readonly tag: 'ok' }
  | { readonly tag: 'rebalancing' }
  | {
      readonly tag: 'memberUnknown'
      readonly kafkaError: 'UNKNOWN_MEMBER_ID' | 'ILLEGAL_GENERATION'
    }
  | { readonly tag: 'unavailable'; readonly error: ErrorInfo; readonly coordinatorMoved: boolean }
  | { readonly tag: 'refused'; readonly error: ErrorInfo }

/** Answers under which the coordinator itself is no longer where we looked. */
const MOVED = new Set(['NOT_COORDINATOR', 'COORDINATOR_NOT_AVAILABLE'])

const HINTS: Readonly<Record<string, string>> = {
  INCONSISTENT_GROUP_PROTOCOL:
    "this member's assignmentStrategy has none in common with the group's members",
  INVALID_SESSION_TIMEOUT: 'sessionTimeoutMs is outside what the broker allows',
  FENCED_INSTANCE_ID: 'another process runs under the same groupInstanceId',
  GROUP_MAX_SIZE_REACHED: 'the group is full',
}

export const classifyGroupError = (
  errorCode: number,
  doing: string,
  group: string,
): GroupVerdict => {
  if (errorCode === 0) return { tag: 'ok' }
  const name = kafkaErrorName(errorCode)
  if (name === 'REBALANCE_IN_PROGRESS') return { tag: 'rebalancing' }
  if (name === 'UNKNOWN_MEMBER_ID' || name === 'ILLEGAL_GENERATION') {
    return { tag: 'memberUnknown', kafkaError: name }
  }
  const error = errorInfo(
    kafkaFailure(errorCode, `group ${group}: ${doing}`, { group }, HINTS[name]),
  )
  // A code that is newer than this client may pass; that it came is reported.
  const mayPass = isRetriable(errorCode) || name.startsWith('UNKNOWN_ERROR_CODE')
  return mayPass || MOVED.has(name)
    ? { tag: 'unavailable', error, coordinatorMoved: MOVED.has(name) }
    : { tag: 'refused', error }
}

/** A request that got no answer at all. */
export const classifyFailure = (error: StreamBusError): GroupVerdict =>
  error.retriable
    ? { tag: 'unavailable', error: errorInfo(error), coordinatorMoved: true }
    : { tag: 'refused', error: errorInfo(error) }
