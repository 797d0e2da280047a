import type { GroupContext } from './context.js'
import type { CommitEvent, GroupError, HeartbeatEvent, JoinEvent, SyncEvent } from './events.js'
import { get, has } from './keyed.js'

/** A member is whom its ids name: an instance id that belongs to another member id is fenced. */
export const identityRefusal = (
  context: GroupContext,
  memberId: string,
  groupInstanceId: string | null,
): GroupError | null => {
  if (groupInstanceId !== null) {
    const current = get(context.statics, groupInstanceId)
    if (current === undefined) return 'UNKNOWN_MEMBER_ID'
    if (current !== memberId) return 'FENCED_INSTANCE_ID'
  }
  return has(context.members, memberId) ? null : 'UNKNOWN_MEMBER_ID'
}

/** At least one of its protocols must be one that every present member supports. */
const supportsProtocols = (context: GroupContext, join: JoinEvent): boolean => {
  const { size } = context.members
  if (size === 0) return join.protocolType !== '' && join.protocols.length > 0
  return (
    join.protocolType === context.protocolType &&
    join.protocols.some(({ name }) => get(context.protocolCounts, name) === size)
  )
}

export const joinRefusal = (context: GroupContext, join: JoinEvent): GroupError | null => {
  if (!supportsProtocols(context, join)) return 'INCONSISTENT_GROUP_PROTOCOL'
  if (join.memberId === '') return null
  // A pending id was given to a dynamic member: with an instance id it is somebody else's.
  if (has(context.pending, join.memberId) && join.groupInstanceId === null) return null
  return identityRefusal(context, join.memberId, join.groupInstanceId)
}

/** The checks that Heartbeat, SyncGroup and OffsetCommit share, in Kafka's order. */
export const requestRefusal = (
  context: GroupContext,
  request: HeartbeatEvent | SyncEvent | CommitEvent,
): GroupError | null => {
  const refusal = identityRefusal(context, request.memberId, request.groupInstanceId)
  if (refusal !== null) return refusal
  if (request.generation !== context.generation) return 'ILLEGAL_GENERATION'
  if (request.type !== 'member.sync') return null
  const { protocolType, protocolName } = request
  return (protocolType === null || protocolType === context.protocolType) &&
    (protocolName === null || protocolName === context.protocolName)
    ? null
    : 'INCONSISTENT_GROUP_PROTOCOL'
}
