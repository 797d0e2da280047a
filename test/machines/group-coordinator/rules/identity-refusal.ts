import type { GroupContext } from '../../../../src/machines/group-coordinator/context.js'
import type {
  GroupError,
  GroupEvent,
  JoinEvent,
} from '../../../../src/machines/group-coordinator/events.js'
import { get, has } from '../../../../src/machines/group-coordinator/keyed.js'
import type { Sample, Stepped } from '../coordinator-chart.js'

export type Request = Extract<GroupEvent, { readonly requestId: string }>

export const isRequest = (event: Sample): event is Request => 'requestId' in event

export const topOf = ({ path }: Stepped): string => path.split('.')[0]!

/** What Kafka answers who is not the member that it says it is; null: it is. */
export const identityRefusal = (
  { statics, members }: GroupContext,
  { memberId, groupInstanceId }: Pick<JoinEvent, 'memberId' | 'groupInstanceId'>,
): GroupError | null => {
  const holder = groupInstanceId === null ? memberId : get(statics, groupInstanceId)
  if (holder !== undefined && holder !== memberId) return 'FENCED_INSTANCE_ID'
  return holder === undefined || !has(members, memberId) ? 'UNKNOWN_MEMBER_ID' : null
}
