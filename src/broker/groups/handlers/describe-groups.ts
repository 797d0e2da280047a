import * as Effect from 'effect/Effect'
import { membersInOrder } from '../../../machines/group-coordinator/context.js'
import { metadataOf } from '../../../machines/group-coordinator/protocol-vote.js'
import type { ResponseInput } from '../../../transport/protocol/registry.js'
import type { Handler } from '../../handler.js'
import { codeOf, groupIdProblem } from '../group-errors.js'
import type { GroupHost } from '../group-host.js'
import type { GroupsParts } from '../groups-parts.js'
import { kafkaGroupState } from '../kafka-group-state.js'

type Described = ResponseInput<'DescribeGroups'>['groups'][number]

/** READ, DELETE, DESCRIBE (AclOperation's codes 3, 6, 8): nothing is forbidden here. */
const GROUP_OPERATIONS = (1 << 3) | (1 << 6) | (1 << 8)

const nothing = { protocolType: '', protocolData: '', members: [] }

/**
 * DescribeGroups, key 15. Metadata and assignments are told of a stable group only, as in Kafka.
 * A group that does not exist is Dead, and from v6 on also GROUP_ID_NOT_FOUND (KIP-1043).
 */
export const describeGroups =
  ({ registry }: GroupsParts): Handler<'DescribeGroups'> =>
  ({ groups, includeAuthorizedOperations }, { apiVersion }) =>
    Effect.sync(() => ({
      groups: groups.map((groupId): Described => {
        const problem = groupIdProblem(registry, groupId, { mayBeEmpty: true })
        if (problem !== null) {
          return { errorCode: codeOf(problem), groupId, groupState: '', ...nothing }
        }
        const host = registry.find(groupId)
        if (host === undefined) return notFound(groupId, apiVersion)
        return {
          ...described(host),
          ...(includeAuthorizedOperations && apiVersion >= 3
            ? { authorizedOperations: GROUP_OPERATIONS }
            : {}),
        }
      }),
    }))

const notFound = (groupId: string, apiVersion: number): Described => ({
  ...nothing,
  groupId,
  groupState: 'Dead',
  errorCode: codeOf(apiVersion >= 6 ? 'GROUP_ID_NOT_FOUND' : null),
  ...(apiVersion >= 6 ? { errorMessage: `Group ${groupId} not found.` } : {}),
})

const described = ({ groupId, state, context }: GroupHost): Described => {
  const isStable = state === 'stable'
  const bytes = (text: string): Buffer => (isStable ? Buffer.from(text, 'base64') : Buffer.alloc(0))
  return {
    errorCode: codeOf(null),
    groupId,
    groupState: kafkaGroupState(state),
    protocolType: context.protocolType ?? '',
    protocolData: isStable ? (context.protocolName ?? '') : '',
    members: membersInOrder(context).map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: bytes(metadataOf(member, context.protocolName)),
      memberAssignment: bytes(member.assignment),
    })),
  }
}
