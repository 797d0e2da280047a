import { describe, expect, it } from 'vitest'
import {
  type ApiName,
  decodeRequest,
  encodeRequest,
  type RequestInput,
  validVersions,
} from '../../../src/transport/protocol/registry.js'
import { kafkajsRequest } from './kafkajs-codec.js'

interface Case {
  readonly api: ApiName
  readonly folder: string
  /** The last version that kafkajs has. */
  readonly max: number
  readonly ours: (version: number) => unknown
  readonly theirs: (version: number) => unknown
}

const versioned = <N extends ApiName>(
  api: N,
  folder: string,
  max: number,
  ours: (version: number) => RequestInput<N>,
  theirs: (version: number) => unknown,
): Case => ({ api, folder, max, ours, theirs })

const metadata = Buffer.from([0, 1, 2, 3])
const instance = (version: number, since: number) =>
  version >= since ? { groupInstanceId: 'static-1' } : {}

const cases: readonly Case[] = [
  versioned(
    'ApiVersions',
    'apiVersions',
    2,
    () => ({}),
    () => ({}),
  ),
  versioned(
    'Metadata',
    'metadata',
    6,
    (v) => ({
      topics: [{ name: 'a' }, { name: 'größe' }],
      ...(v >= 4 ? { allowAutoTopicCreation: false } : {}),
    }),
    () => ({ topics: ['a', 'größe'], allowAutoTopicCreation: false }),
  ),
  versioned(
    'Fetch',
    'fetch',
    11,
    (v) => ({
      maxWaitMs: 500,
      minBytes: 1,
      maxBytes: 1 << 20,
      isolationLevel: 1,
      sessionId: 77,
      sessionEpoch: 3,
      topics: [
        {
          topic: 'events',
          partitions: [
            {
              partition: 2,
              currentLeaderEpoch: 9,
              fetchOffset: 2 ** 40 + 5,
              partitionMaxBytes: 99,
            },
          ],
        },
      ],
      ...(v >= 7 ? { forgottenTopicsData: [{ topic: 'old', partitions: [1, 2] }] } : {}),
      ...(v >= 11 ? { rackId: 'r1' } : {}),
    }),
    () => ({
      replicaId: -1,
      maxWaitTime: 500,
      minBytes: 1,
      maxBytes: 1 << 20,
      isolationLevel: 1,
      sessionId: 77,
      sessionEpoch: 3,
      topics: [
        {
          topic: 'events',
          partitions: [
            { partition: 2, currentLeaderEpoch: 9, fetchOffset: String(2 ** 40 + 5), maxBytes: 99 },
          ],
        },
      ],
      forgottenTopics: [{ topic: 'old', partitions: [1, 2] }],
      rackId: 'r1',
    }),
  ),
  versioned(
    'ListOffsets',
    'listOffsets',
    3,
    (v) => ({
      ...(v >= 2 ? { isolationLevel: 1 } : {}),
      topics: [{ name: 'events', partitions: [{ partitionIndex: 4, timestamp: -2 }] }],
    }),
    () => ({
      replicaId: -1,
      isolationLevel: 1,
      topics: [{ topic: 'events', partitions: [{ partition: 4, timestamp: '-2' }] }],
    }),
  ),
  versioned(
    'FindCoordinator',
    'findCoordinator',
    2,
    (v) => ({ key: 'g', ...(v >= 1 ? { keyType: 1 } : {}) }),
    () => ({ groupId: 'g', coordinatorKey: 'g', coordinatorType: 1 }),
  ),
  versioned(
    'JoinGroup',
    'joinGroup',
    5,
    (v) => ({
      groupId: 'g',
      sessionTimeoutMs: 30_000,
      rebalanceTimeoutMs: 60_000,
      memberId: 'm-1',
      ...instance(v, 5),
      protocolType: 'consumer',
      protocols: [
        { name: 'range', metadata },
        { name: 'roundrobin', metadata: Buffer.alloc(0) },
      ],
    }),
    (v) => ({
      groupId: 'g',
      sessionTimeout: 30_000,
      rebalanceTimeout: 60_000,
      memberId: 'm-1',
      ...instance(v, 5),
      protocolType: 'consumer',
      groupProtocols: [{ name: 'range', metadata }, { name: 'roundrobin' }],
    }),
  ),
  versioned(
    'SyncGroup',
    'syncGroup',
    3,
    (v) => ({
      groupId: 'g',
      generationId: 5,
      memberId: 'm-1',
      ...instance(v, 3),
      assignments: [{ memberId: 'm-1', assignment: metadata }],
    }),
    (v) => ({
      groupId: 'g',
      generationId: 5,
      memberId: 'm-1',
      ...instance(v, 3),
      groupAssignment: [{ memberId: 'm-1', memberAssignment: metadata }],
    }),
  ),
  versioned(
    'Heartbeat',
    'heartbeat',
    3,
    (v) => ({ groupId: 'g', generationId: 5, memberId: 'm-1', ...instance(v, 3) }),
    (v) => ({ groupId: 'g', groupGenerationId: 5, memberId: 'm-1', ...instance(v, 3) }),
  ),
  versioned(
    'LeaveGroup',
    'leaveGroup',
    3,
    (v) =>
      v >= 3
        ? {
            groupId: 'g',
            members: [{ memberId: 'm-1', groupInstanceId: 'i' }, { memberId: 'm-2' }],
          }
        : { groupId: 'g', memberId: 'm-1' },
    () => ({
      groupId: 'g',
      memberId: 'm-1',
      members: [{ memberId: 'm-1', groupInstanceId: 'i' }, { memberId: 'm-2' }],
    }),
  ),
  versioned(
    'OffsetCommit',
    'offsetCommit',
    5,
    () => ({
      groupId: 'g',
      generationIdOrMemberEpoch: 5,
      memberId: 'm-1',
      retentionTimeMs: 86_400_000n,
      topics: [
        {
          name: 'events',
          partitions: [{ partitionIndex: 1, committedOffset: 2 ** 33, committedMetadata: null }],
        },
      ],
    }),
    () => ({
      groupId: 'g',
      groupGenerationId: 5,
      memberId: 'm-1',
      retentionTime: '86400000',
      topics: [{ topic: 'events', partitions: [{ partition: 1, offset: String(2 ** 33) }] }],
    }),
  ),
  versioned(
    'OffsetFetch',
    'offsetFetch',
    4,
    () => ({ groupId: 'g', topics: [{ name: 'events', partitionIndexes: [3, 1] }] }),
    () => ({
      groupId: 'g',
      topics: [{ topic: 'events', partitions: [{ partition: 3 }, { partition: 1 }] }],
    }),
  ),
  versioned(
    'CreateTopics',
    'createTopics',
    3,
    () => ({
      topics: [
        {
          name: 'events',
          numPartitions: -1,
          replicationFactor: -1,
          assignments: [{ partitionIndex: 0, brokerIds: [1, 2] }],
          configs: [{ name: 'cleanup.policy', value: 'compact' }],
        },
      ],
      timeoutMs: 4000,
      validateOnly: true,
    }),
    () => ({
      topics: [
        {
          topic: 'events',
          replicaAssignment: [{ partition: 0, replicas: [1, 2] }],
          configEntries: [{ name: 'cleanup.policy', value: 'compact' }],
        },
      ],
      timeout: 4000,
      validateOnly: true,
    }),
  ),
  versioned(
    'DeleteTopics',
    'deleteTopics',
    1,
    () => ({ topicNames: ['a', 'b'], timeoutMs: 4000 }),
    () => ({ topics: ['a', 'b'], timeout: 4000 }),
  ),
  versioned(
    'DescribeGroups',
    'describeGroups',
    2,
    () => ({ groups: ['g', 'h'] }),
    () => ({ groupIds: ['g', 'h'] }),
  ),
  versioned(
    'ListGroups',
    'listGroups',
    2,
    () => ({}),
    () => ({}),
  ),
  versioned(
    'DeleteGroups',
    'deleteGroups',
    1,
    () => ({ groupsNames: ['g', 'h'] }),
    () => ['g', 'h'],
  ),
  versioned(
    'InitProducerId',
    'initProducerId',
    1,
    () => ({ transactionalId: null, transactionTimeoutMs: 1000 }),
    () => ({ transactionalId: null, transactionTimeout: 1000 }),
  ),
]

const header = { correlationId: 1_000_003, clientId: 'cliënt' }

const rows = cases.flatMap(({ api, max, ...rest }) => {
  const { min } = validVersions(api)
  return Array.from({ length: max - min + 1 }, (_, i) => ({ api, version: min + i, ...rest }))
})

describe('requests, byte for byte as kafkajs sends them', () => {
  it.each(rows)('$api v$version', async ({ api, version, folder, ours, theirs }) => {
    const expected = await kafkajsRequest(folder, version, header, theirs(version))
    const actual = encodeRequest(api, version, header, ours(version) as RequestInput<ApiName>)
    expect(actual.toString('hex')).toBe(expected.toString('hex'))
    expect(decodeRequest(expected.subarray(4))).toMatchObject({ api, version, ...header })
  })

  it.each([3, 4, 5, 6, 7])('Produce v%i', async (version) => {
    const messages = [{ key: 'k', value: Buffer.alloc(5000, 'v'), timestamp: 1_700_000_000_000 }]
    const expected = await kafkajsRequest('produce', version, header, {
      acks: -1,
      timeout: 1500,
      topicData: [{ topic: 'events', partitions: [{ partition: 6, firstSequence: 0, messages }] }],
    })
    const decoded = decodeRequest(expected.subarray(4))
    if (decoded.api !== 'Produce') throw new Error(`decoded as ${decoded.api}`)
    const { records } = decoded.body.topicData[0]!.partitionData[0]!
    expect(records!.length).toBeGreaterThan(5000)
    const actual = encodeRequest('Produce', version, header, {
      acks: -1,
      timeoutMs: 1500,
      topicData: [{ name: 'events', partitionData: [{ index: 6, records }] }],
    })
    expect(actual.toString('hex')).toBe(expected.toString('hex'))
  })

  it('also without a client id, and for all topics', async () => {
    const unnamed = { correlationId: -1, clientId: null }
    const expected = await kafkajsRequest('metadata', 1, unnamed, { topics: [] })
    expect(encodeRequest('Metadata', 1, unnamed, { topics: null })).toEqual(expected)
  })
})
