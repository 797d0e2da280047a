import type { GroupError } from '../../machines/group-coordinator/events.js'
import { errorCode } from '../../transport/protocol/kafka-errors.js'
import type { GroupRegistry } from './group-registry.js'
import { isStorableGroupId } from './group-store.js'

export type RequestError =
  | GroupError
  | 'INVALID_GROUP_ID'
  | 'INVALID_REQUEST'
  | 'INVALID_SESSION_TIMEOUT'
  | 'OFFSET_METADATA_TOO_LARGE'
  | 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED'
  | 'UNKNOWN_TOPIC_OR_PARTITION'

export const codeOf = (error: RequestError | null): number =>
  errorCode(error === null ? 'NONE' : error)

/**
 * What is wrong before the group is even looked at. Requests about offsets and administration may
 * name the group '', as in Kafka; members may not.
 */
export const groupIdProblem = (
  registry: GroupRegistry,
  groupId: string,
  how: { readonly mayBeEmpty: boolean },
): 'INVALID_GROUP_ID' | 'COORDINATOR_NOT_AVAILABLE' | null => {
  if (groupId === '' && !how.mayBeEmpty) return 'INVALID_GROUP_ID'
  if (!isStorableGroupId(groupId)) return 'INVALID_GROUP_ID'
  return registry.closed ? 'COORDINATOR_NOT_AVAILABLE' : null
}
