import { beforeEach, describe, expect, it } from 'vitest'
import { encodeBatch } from '../../src/transport/protocol/records/batch-writer.js'
import {
  type ApiName,
  apiNames,
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  type RequestInput,
  type ResponseInput,
  validVersions,
} from '../../src/transport/protocol/registry.js'
import { ZERO_UUID } from '../../src/transport/protocol/wire-fault.js'
import { TestBroker } from './fixtures/test-broker.js'

/**
 * Requests as real clients send them, in every version that the broker advertises: each has to be
 * answered in that version's own shape. (A field that a version lacks closed the connection of
 * every librdkafka consumer once: ListOffsets v2 with a leader epoch.)
 */
type Maker<N extends ApiName> = (version: number, topicId: string) => RequestInput<N>

const batch = (): Buffer =>
  encodeBatch([{ key: null, value: Buffer.from('value'), headers: [], timestampMs: 1_000 }], {})

const member = { memberId: '', groupInstanceId: null }

const makers: { readonly [N in ApiName]: Maker<N> } = {
  ApiVersions: (v) => (v >= 3 ? { clientSoftwareName: 'test', clientSoftwareVersion: '1' } : {}),
  Metadata: (v) => ({ topics: [{ name: 'events' }, ...(v > 0 ? [{ name: 'missing' }] : [])] }),
  Produce: (v, topicId) => ({
    acks: -1,
    timeoutMs: 100,
    topicData: [
      {
        ...(v >= 13 ? { topicId } : { name: 'events' }),
        partitionData: [
          { index: 0, records: batch() },
          { index: 9, records: batch() },
        ],
      },
    ],
  }),
  Fetch: (v, topicId) => ({
    maxWaitMs: 0,
    minBytes: 0,
    ...(v >= 7 ? { sessionEpoch: -1 } : {}),
    topics: [
      {
        ...(v >= 13 ? { topicId } : { topic: 'events' }),
        partitions: [
          { partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000_000 },
          { partition: 1, fetchOffset: 77, partitionMaxBytes: 1_000_000 },
          { partition: 9, fetchOffset: 0, partitionMaxBytes: 1_000_000 },
        ],
      },
    ],
  }),
  ListOffsets: () => ({
    topics: [
      {
        name: 'events',
        partitions: [
          { partitionIndex: 0, timestamp: -1 },
          { partitionIndex: 1, timestamp: -2 },
          { partitionIndex: 9, timestamp: 500 },
        ],
      },
    ],
  }),
  FindCoordinator: (v) => ({
    ...(v >= 4 ? { coordinatorKeys: ['group', 'other'] } : { key: 'group' }),
    ...(v >= 1 ? { keyType: 0 } : {}),
  }),
  JoinGroup: () => ({
    groupId: 'group',
    sessionTimeoutMs: 10_000,
    memberId: '',
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: Buffer.from('m') }],
  }),
  SyncGroup: () => ({ groupId: 'group', generationId: 1, memberId: 'nobody', assignments: [] }),
  Heartbeat: () => ({ groupId: 'group', generationId: 1, memberId: 'nobody' }),
  LeaveGroup: (v) => ({
    groupId: 'group',
    ...(v >= 3 ? { members: [{ ...member, memberId: 'nobody' }] } : { memberId: 'nobody' }),
  }),
  OffsetCommit: () => ({
    groupId: 'group',
    generationIdOrMemberEpoch: -1,
    memberId: '',
    topics: [
      {
        name: 'events',
        partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: 'm' }],
      },
      {
        name: 'missing',
        partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: null }],
      },
    ],
  }),
  OffsetFetch: (v) => {
    const topics = [{ name: 'events', partitionIndexes: [0, 9] }]
    if (v < 8) return { groupId: 'group', topics }
    return {
      groups: [
        { groupId: 'group', topics },
        { groupId: 'other', topics: null },
      ],
    }
  },
  CreateTopics: () => ({
    topics: [
      { name: 'fresh', numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] },
      { name: 'events', numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] },
    ],
  }),
  DeleteTopics: (v) =>
    v >= 6
      ? {
          timeoutMs: 100,
          topics: [
            { name: 'events', topicId: ZERO_UUID },
            { name: 'missing', topicId: ZERO_UUID },
          ],
        }
      : { timeoutMs: 100, topicNames: ['events', 'missing'] },
  DescribeGroups: () => ({ groups: ['group', 'missing'] }),
  ListGroups: () => ({}),
  DeleteGroups: () => ({ groupsNames: ['group', 'missing'] }),
  InitProducerId: () => ({ transactionalId: null, transactionTimeoutMs: 0 }),
  OffsetForLeaderEpoch: (v) => ({
    ...(v >= 3 ? { replicaId: -1 } : {}),
    topics: [
      {
        topic: 'events',
        partitions: [
          { partition: 0, leaderEpoch: 0 },
          { partition: 9, leaderEpoch: 0 },
        ],
      },
    ],
  }),
  DescribeCluster: () => ({ includeClusterAuthorizedOperations: false }),
}

describe('every version of every API', () => {
  let broker: TestBroker
  let topicId: string

  beforeEach(() => {
    broker = new TestBroker()
    topicId = broker.createTopic('events', 2)
    broker.produced('events', 0, batch())
  })

  const inAllVersions = <N extends ApiName>(api: N): void => {
    const { min, max } = validVersions(api)
    for (let version = min; version <= max; version++) {
      it(`${api} v${version} is answered in its own shape`, () => {
        const header = { correlationId: 7, clientId: 'test' }
        const input = makers[api](version, topicId)
        const frame = encodeRequest(api, version, header, input).subarray(4)
        const { body } = decodeRequest(frame)
        const pending = broker.start(api, body as RequestInput<N>, { apiVersion: version })
        broker.time.runFor(10)
        const answer = pending.answer() as ResponseInput<N>
        const encoded = encodeResponse(api, version, 7, answer)
        const decoded = decodeResponse(api, version, encoded.subarray(4))
        expect(decoded.correlationId).toBe(7)
        const again = encodeResponse(api, version, 7, decoded.body as ResponseInput<N>)
        expect(again).toEqual(encoded)
      })
    }
  }
  for (const api of apiNames) inAllVersions(api)
})
