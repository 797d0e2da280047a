import { describe, expect, it } from 'vitest'
import {
  type ApiName,
  encodeResponse,
  type ResponseInput,
  validVersions,
} from '../../../src/transport/protocol/registry.js'
import { kafkajsResponse } from './kafkajs-codec.js'

interface Case {
  readonly api: ApiName
  readonly folder: string
  /** The last version that kafkajs has. */
  readonly max: number
  /** The first version with a throttle time. */
  readonly throttledSince: number
  readonly ours: (version: number) => unknown
  /** What kafkajs must find in it. */
  readonly theirs: (version: number) => object
}

const versioned = <N extends ApiName>(
  api: N,
  folder: string,
  max: number,
  throttledSince: number,
  ours: (version: number) => ResponseInput<N>,
  theirs: (version: number) => object,
): Case => ({ api, folder, max, throttledSince, ours, theirs })

const HEADER_BYTES = 8
const throttleTimeMs = 123
const data = Buffer.from([9, 8, 7, 0])
const far = 2 ** 45 + 3
const when = <T extends object>(condition: boolean, fields: T): T | Record<never, never> =>
  condition ? fields : {}

const metadataPartition = { partitionIndex: 1, leaderId: 2, leaderEpoch: 6 }

const cases: readonly Case[] = [
  versioned(
    'ApiVersions',
    'apiVersions',
    2,
    1,
    () => ({
      errorCode: 0,
      apiKeys: [{ apiKey: 11, minVersion: 0, maxVersion: 9 }],
      throttleTimeMs,
    }),
    () => ({ errorCode: 0, apiVersions: [{ apiKey: 11, minVersion: 0, maxVersion: 9 }] }),
  ),
  versioned(
    'Metadata',
    'metadata',
    6,
    3,
    () => ({
      throttleTimeMs,
      brokers: [{ nodeId: 1, host: 'h', port: 9092, rack: 'r' }],
      clusterId: 'c',
      controllerId: 7,
      topics: [
        {
          errorCode: 5,
          name: 'größe',
          isInternal: true,
          partitions: [
            {
              errorCode: 9,
              ...metadataPartition,
              replicaNodes: [2, 3],
              isrNodes: [3],
              offlineReplicas: [2],
            },
          ],
        },
      ],
    }),
    (v) => ({
      brokers: [{ nodeId: 1, host: 'h', port: 9092, ...when(v >= 1, { rack: 'r' }) }],
      ...when(v >= 1, { controllerId: 7 }),
      ...when(v >= 2, { clusterId: 'c' }),
      topicMetadata: [
        {
          topicErrorCode: 5,
          topic: 'größe',
          ...when(v >= 1, { isInternal: true }),
          partitionMetadata: [
            {
              partitionErrorCode: 9,
              partitionId: 1,
              leader: 2,
              replicas: [2, 3],
              isr: [3],
              ...when(v >= 5, { offlineReplicas: [2] }),
            },
          ],
        },
      ],
    }),
  ),
  versioned(
    'Produce',
    'produce',
    7,
    1,
    (v) => ({
      responses: [
        {
          name: 'events',
          partitionResponses: [
            {
              index: 3,
              errorCode: 2,
              baseOffset: far,
              logAppendTimeMs: 5,
              ...when(v >= 5, { logStartOffset: 4 }),
            },
          ],
        },
      ],
      throttleTimeMs,
    }),
    (v) => ({
      topics: [
        {
          topicName: 'events',
          partitions: [
            {
              partition: 3,
              errorCode: 2,
              baseOffset: String(far),
              logAppendTime: '5',
              ...when(v >= 5, { logStartOffset: '4' }),
            },
          ],
        },
      ],
    }),
  ),
  versioned(
    'ListOffsets',
    'listOffsets',
    3,
    2,
    () => ({
      throttleTimeMs,
      topics: [
        {
          name: 'events',
          partitions: [{ partitionIndex: 3, errorCode: 1, timestamp: -1, offset: far }],
        },
      ],
    }),
    () => ({
      responses: [
        {
          topic: 'events',
          partitions: [{ partition: 3, errorCode: 1, timestamp: '-1', offset: String(far) }],
        },
      ],
    }),
  ),
  versioned(
    'FindCoordinator',
    'findCoordinator',
    2,
    1,
    () => ({ throttleTimeMs, errorCode: 0, errorMessage: 'm', nodeId: 4, host: 'h', port: 65_535 }),
    (v) => ({
      errorCode: 0,
      coordinator: { nodeId: 4, host: 'h', port: 65_535 },
      ...when(v >= 1, { errorMessage: 'm' }),
    }),
  ),
  versioned(
    'JoinGroup',
    'joinGroup',
    5,
    2,
    (v) => ({
      throttleTimeMs,
      errorCode: 0,
      generationId: 8,
      // Null is only known from v7 on; older members get the empty name that Kafka sends them.
      protocolName: v === 0 ? null : 'range',
      leader: 'm-1',
      memberId: 'm-2',
      members: [{ memberId: 'm-1', groupInstanceId: 'i', metadata: data }],
    }),
    (v) => ({
      errorCode: 0,
      generationId: 8,
      groupProtocol: v === 0 ? '' : 'range',
      leaderId: 'm-1',
      memberId: 'm-2',
      members: [
        { memberId: 'm-1', memberMetadata: data, ...when(v >= 5, { groupInstanceId: 'i' }) },
      ],
    }),
  ),
  versioned(
    'SyncGroup',
    'syncGroup',
    3,
    1,
    () => ({ throttleTimeMs, errorCode: 0, assignment: data }),
    () => ({ errorCode: 0, memberAssignment: data }),
  ),
  versioned(
    'Heartbeat',
    'heartbeat',
    3,
    1,
    () => ({ throttleTimeMs, errorCode: 27 }),
    () => ({ errorCode: 27 }),
  ),
  versioned(
    'LeaveGroup',
    'leaveGroup',
    3,
    1,
    (v) => ({
      throttleTimeMs,
      errorCode: 0,
      ...when(v >= 3, { members: [{ memberId: 'm', groupInstanceId: null, errorCode: 25 }] }),
    }),
    (v) => ({
      errorCode: 0,
      ...when(v >= 3, { members: [{ memberId: 'm', groupInstanceId: null, errorCode: 25 }] }),
    }),
  ),
  versioned(
    'OffsetCommit',
    'offsetCommit',
    5,
    3,
    () => ({
      throttleTimeMs,
      topics: [{ name: 'events', partitions: [{ partitionIndex: 3, errorCode: 22 }] }],
    }),
    () => ({ responses: [{ topic: 'events', partitions: [{ partition: 3, errorCode: 22 }] }] }),
  ),
  versioned(
    'OffsetFetch',
    'offsetFetch',
    4,
    3,
    () => ({
      throttleTimeMs,
      topics: [
        {
          name: 'events',
          partitions: [{ partitionIndex: 3, committedOffset: far, metadata: null, errorCode: 3 }],
        },
      ],
      errorCode: 16,
    }),
    (v) => ({
      responses: [
        {
          topic: 'events',
          partitions: [{ partition: 3, offset: String(far), metadata: null, errorCode: 3 }],
        },
      ],
      ...when(v >= 2, { errorCode: 16 }),
    }),
  ),
  versioned(
    'CreateTopics',
    'createTopics',
    3,
    2,
    () => ({ throttleTimeMs, topics: [{ name: 'events', errorCode: 36, errorMessage: 'm' }] }),
    () => ({ topicErrors: [{ topic: 'events', errorCode: 36, errorMessage: 'm' }] }),
  ),
  versioned(
    'DeleteTopics',
    'deleteTopics',
    1,
    1,
    () => ({ throttleTimeMs, responses: [{ name: 'events', errorCode: 3 }] }),
    () => ({ topicErrors: [{ topic: 'events', errorCode: 3 }] }),
  ),
  versioned(
    'DescribeGroups',
    'describeGroups',
    2,
    1,
    () => ({
      throttleTimeMs,
      groups: [
        {
          errorCode: 0,
          groupId: 'g',
          groupState: 'Stable',
          protocolType: 'consumer',
          protocolData: 'range',
          members: [
            {
              memberId: 'm',
              clientId: 'c',
              clientHost: '/h',
              memberMetadata: data,
              memberAssignment: data,
            },
          ],
        },
      ],
    }),
    () => ({
      groups: [
        {
          errorCode: 0,
          groupId: 'g',
          state: 'Stable',
          protocolType: 'consumer',
          protocol: 'range',
          members: [
            {
              memberId: 'm',
              clientId: 'c',
              clientHost: '/h',
              memberMetadata: data,
              memberAssignment: data,
            },
          ],
        },
      ],
    }),
  ),
  versioned(
    'ListGroups',
    'listGroups',
    2,
    1,
    () => ({ throttleTimeMs, errorCode: 15, groups: [{ groupId: 'g', protocolType: 'consumer' }] }),
    () => ({ errorCode: 15, groups: [{ groupId: 'g', protocolType: 'consumer' }] }),
  ),
  versioned(
    'DeleteGroups',
    'deleteGroups',
    1,
    // kafkajs has it under two names, and loses it in v1.
    2,
    () => ({ throttleTimeMs, results: [{ groupId: 'g', errorCode: 68 }] }),
    () => ({ results: [{ groupId: 'g', errorCode: 68 }] }),
  ),
  versioned(
    'InitProducerId',
    'initProducerId',
    1,
    0,
    () => ({ throttleTimeMs, errorCode: 0, producerId: 2n ** 62n + 1n, producerEpoch: 5 }),
    () => ({ errorCode: 0, producerId: String(2n ** 62n + 1n), producerEpoch: 5 }),
  ),
]

const rows = cases.flatMap(({ api, max, ...rest }) => {
  const { min } = validVersions(api)
  return Array.from({ length: max - min + 1 }, (_, i) => ({ api, version: min + i, ...rest }))
})

describe('responses, as kafkajs reads them', () => {
  it.each(rows)(
    '$api v$version',
    async ({ api, version, folder, throttledSince, ours, theirs }) => {
      const frame = encodeResponse(api, version, 5, ours(version) as ResponseInput<ApiName>)
      const seen = await kafkajsResponse(folder, version, frame.subarray(HEADER_BYTES))
      expect(seen).toMatchObject(theirs(version))
      if (version < throttledSince) return
      expect(seen.clientSideThrottleTime ?? seen.throttleTime ?? seen.throttleTimeMs).toBe(123)
    },
  )
})
