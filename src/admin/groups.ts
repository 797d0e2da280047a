import * as Effect from 'effect/Effect'
import { isStreamBusError, StreamBusError } from '../domain/errors.js'
import type { TopicPartition } from '../domain/topic-partition.js'
import { decodeAssignment } from '../transport/protocol/consumer-protocol.js'
import { kafkaErrorName } from '../transport/protocol/kafka-errors.js'
import { kafkaFailure } from '../transport/requests/kafka-failure.js'
import type { AdminCalls } from './admin-calls.js'

export interface GroupSummary {
  readonly groupId: string
  readonly protocolType: string
  /** `Stable`, `Empty`, ...; empty when the broker does not say (Kafka before 2.6). */
  readonly state: string
}

export interface MemberDescription {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  /** Null while a rebalance goes on, or when it is not in the consumer protocol's format. */
  readonly assignment: readonly TopicPartition[] | null
}

export interface GroupDescription {
  readonly groupId: string
  /** Kafka's names: `Empty`, `PreparingRebalance`, `CompletingRebalance`, `Stable`, `Dead`. */
  readonly state: string
  readonly protocolType: string
  /** The assignor that the group chose. */
  readonly protocol: string
  readonly coordinator: { readonly nodeId: number; readonly host: string; readonly port: number }
  readonly members: readonly MemberDescription[]
}

/** All brokers are asked: each knows the groups that it coordinates. */
export const listGroups = (
  calls: AdminCalls,
  states: readonly string[],
): Effect.Effect<readonly GroupSummary[], StreamBusError> =>
  calls.retrying(
    Effect.gen(function* () {
      const { transport, timeoutMs } = calls.parts
      const view = yield* transport.metadata([], { maxAgeMs: 0, timeoutMs })
      const found = yield* Effect.forEach(
        [...view.nodes.keys()],
        (nodeId) =>
          calls.request({ type: 'node', nodeId }, 'ListGroups', (version) =>
            version < 4
              ? {}
              : { statesFilter: states, ...(version < 5 ? {} : { typesFilter: [] }) },
          ),
        { concurrency: 'unbounded' },
      )
      const groups = found.flatMap(({ errorCode, groups: listed }) => {
        if (errorCode !== 0) throw kafkaFailure(errorCode, 'list groups')
        return listed.map(({ groupId, protocolType, groupState }) => ({
          groupId,
          protocolType,
          state: groupState,
        }))
      })
      return groups.sort((a, b) => (a.groupId < b.groupId ? -1 : 1))
    }),
  )

export const describeGroup = (
  calls: AdminCalls,
  groupId: string,
): Effect.Effect<GroupDescription, StreamBusError> => {
  const { transport, timeoutMs } = calls.parts
  const attempt = Effect.gen(function* () {
    const found = yield* transport.coordinator(groupId, timeoutMs)
    if (!('node' in found))
      throw kafkaFailure(found.errorCode, `group ${groupId}`, { group: groupId })
    const { nodeId, host, port } = found.node
    const target = { type: 'coordinator', groupId } as const
    const response = yield* calls.request(target, 'DescribeGroups', { groups: [groupId] })
    const group = response.groups.find((one) => one.groupId === groupId)
    // Before v6 a group that is not there is described as dead.
    if (group === undefined || group.groupState === 'Dead') throw unknownGroup(groupId)
    if (group.errorCode !== 0) throw groupFailure(group.errorCode, 'describe', groupId)
    return {
      groupId,
      state: group.groupState,
      protocolType: group.protocolType,
      protocol: group.protocolData,
      coordinator: { nodeId, host, port },
      members: group.members.map(
        ({ memberId, groupInstanceId, clientId, clientHost, ...member }) => ({
          memberId,
          groupInstanceId,
          clientId,
          clientHost,
          assignment:
            group.groupState === 'Stable' && group.protocolType === 'consumer'
              ? readAssignment(member.memberAssignment)
              : null,
        }),
      ),
    }
  })
  return calls.retrying(attempt, groupId)
}

export const deleteGroup = (
  calls: AdminCalls,
  groupId: string,
): Effect.Effect<void, StreamBusError> => {
  const attempt = Effect.gen(function* () {
    const target = { type: 'coordinator', groupId } as const
    const response = yield* calls.request(target, 'DeleteGroups', { groupsNames: [groupId] })
    const errorCode = response.results[0]?.errorCode ?? 0
    if (errorCode !== 0) throw groupFailure(errorCode, 'delete', groupId)
  })
  return calls.retrying(attempt, groupId)
}

export const groupFailure = (errorCode: number, doing: string, group: string): StreamBusError =>
  kafkaErrorName(errorCode) === 'GROUP_ID_NOT_FOUND'
    ? unknownGroup(group)
    : kafkaFailure(
        errorCode,
        `${doing} group ${group}`,
        { group },
        kafkaErrorName(errorCode) === 'NON_EMPTY_GROUP' ? 'stop its members first' : null,
      )

export const unknownGroup = (group: string): StreamBusError =>
  new StreamBusError(
    'UNKNOWN_GROUP',
    `group ${group} does not exist: check its name and the brokers`,
    {
      group,
    },
  )

const readAssignment = (bytes: Buffer): readonly TopicPartition[] | null => {
  try {
    return decodeAssignment(bytes).partitions
  } catch (error) {
    if (!isStreamBusError(error)) throw error
    return null
  }
}
