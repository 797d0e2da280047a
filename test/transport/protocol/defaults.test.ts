import { describe, expect, it } from 'vitest'
import { completeRequest, completeResponse } from '../../../src/transport/protocol/registry.js'
import { ZERO_UUID } from '../../../src/transport/protocol/wire-fault.js'

/** Kafka's defaults (its message definitions), which are what an absent field decodes to. */
const NOT_ASKED_FOR = -(2 ** 31)
const endpoint = { nodeId: 1, host: 'h', port: 2 }

describe('defaults of requests', () => {
  it('Fetch', () => {
    const partition = { partition: 1, fetchOffset: 2, partitionMaxBytes: 3 }
    const input = { maxWaitMs: 1, minBytes: 2, topics: [{ partitions: [partition] }] }
    expect(completeRequest('Fetch', input)).toEqual({
      clusterId: null,
      replicaId: -1,
      replicaState: { replicaId: -1, replicaEpoch: -1n },
      maxWaitMs: 1,
      minBytes: 2,
      maxBytes: 0x7fffffff,
      isolationLevel: 0,
      sessionId: 0,
      sessionEpoch: -1,
      topics: [
        {
          topic: '',
          topicId: ZERO_UUID,
          partitions: [
            {
              ...partition,
              currentLeaderEpoch: -1,
              lastFetchedEpoch: -1,
              logStartOffset: -1,
              replicaDirectoryId: ZERO_UUID,
              highWatermark: 2n ** 63n - 1n,
            },
          ],
        },
      ],
      forgottenTopicsData: [],
      rackId: '',
    })
  })

  it('Metadata, JoinGroup, OffsetCommit, OffsetFetch', () => {
    expect(completeRequest('Metadata', { topics: null })).toEqual({
      topics: null,
      allowAutoTopicCreation: true,
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    })
    const join = {
      groupId: 'g',
      sessionTimeoutMs: 1,
      memberId: '',
      protocolType: 'consumer',
      protocols: [],
    }
    expect(completeRequest('JoinGroup', join)).toEqual({
      ...join,
      rebalanceTimeoutMs: -1,
      groupInstanceId: null,
      reason: null,
    })
    const offset = { partitionIndex: 0, committedOffset: 1, committedMetadata: null }
    const topics = [{ name: 't', partitions: [offset] }]
    expect(completeRequest('OffsetCommit', { groupId: 'g', memberId: 'm', topics })).toEqual({
      groupId: 'g',
      generationIdOrMemberEpoch: -1,
      memberId: 'm',
      groupInstanceId: null,
      retentionTimeMs: -1n,
      topics: [{ name: 't', partitions: [{ ...offset, committedLeaderEpoch: -1 }] }],
    })
    expect(completeRequest('OffsetFetch', { groups: [{ groupId: 'g', topics: null }] })).toEqual({
      groupId: '',
      topics: [],
      groups: [{ groupId: 'g', memberId: null, memberEpoch: -1, topics: null }],
      requireStable: false,
    })
  })

  it('InitProducerId, OffsetForLeaderEpoch, DescribeCluster, CreateTopics', () => {
    const input = { transactionalId: null, transactionTimeoutMs: 1 }
    const init = { ...input, producerId: -1n, producerEpoch: -1 }
    expect(completeRequest('InitProducerId', input)).toEqual(init)
    const epochs = completeRequest('OffsetForLeaderEpoch', { topics: [] })
    expect(epochs).toEqual({ replicaId: -2, topics: [] })
    const cluster = completeRequest('DescribeCluster', {
      includeClusterAuthorizedOperations: false,
    })
    expect(cluster).toMatchObject({ endpointType: 1, includeFencedBrokers: false })
    const create = completeRequest('CreateTopics', { topics: [] })
    expect(create).toEqual({ topics: [], timeoutMs: 60_000, validateOnly: false })
  })
})

describe('defaults of responses', () => {
  it('Metadata', () => {
    const partition = {
      errorCode: 0,
      partitionIndex: 0,
      leaderId: 1,
      replicaNodes: [1],
      isrNodes: [1],
    }
    const input = {
      brokers: [endpoint],
      topics: [{ errorCode: 0, name: 't', partitions: [partition] }],
    }
    expect(completeResponse('Metadata', input)).toEqual({
      throttleTimeMs: 0,
      brokers: [{ ...endpoint, rack: null }],
      clusterId: null,
      controllerId: -1,
      topics: [
        {
          errorCode: 0,
          name: 't',
          topicId: ZERO_UUID,
          isInternal: false,
          partitions: [{ ...partition, leaderEpoch: -1, offlineReplicas: [] }],
          topicAuthorizedOperations: NOT_ASKED_FOR,
        },
      ],
      clusterAuthorizedOperations: NOT_ASKED_FOR,
      errorCode: 0,
    })
  })

  it('Fetch and Produce', () => {
    const fetched = {
      partitionIndex: 0,
      errorCode: 0,
      highWatermark: 5,
      abortedTransactions: null,
      records: null,
    }
    const leader = { leaderId: -1, leaderEpoch: -1 }
    expect(completeResponse('Fetch', { responses: [{ partitions: [fetched] }] })).toEqual({
      throttleTimeMs: 0,
      errorCode: 0,
      sessionId: 0,
      responses: [
        {
          topic: '',
          topicId: ZERO_UUID,
          partitions: [
            {
              ...fetched,
              lastStableOffset: -1,
              logStartOffset: -1,
              divergingEpoch: { epoch: -1, endOffset: -1 },
              currentLeader: leader,
              snapshotId: { endOffset: -1, epoch: -1 },
              preferredReadReplica: -1,
            },
          ],
        },
      ],
      nodeEndpoints: [],
    })
    const produced = { index: 0, errorCode: 0, baseOffset: 9 }
    const responses = [{ partitionResponses: [produced] }]
    expect(completeResponse('Produce', { responses, nodeEndpoints: [endpoint] })).toEqual({
      responses: [
        {
          name: '',
          topicId: ZERO_UUID,
          partitionResponses: [
            {
              ...produced,
              logAppendTimeMs: -1,
              logStartOffset: -1,
              recordErrors: [],
              errorMessage: null,
              currentLeader: leader,
            },
          ],
        },
      ],
      throttleTimeMs: 0,
      nodeEndpoints: [{ ...endpoint, rack: null }],
    })
  })

  it('JoinGroup, DescribeGroups, ListOffsets, ApiVersions', () => {
    const joined = { errorCode: 0, protocolName: null, leader: '', memberId: '', members: [] }
    expect(completeResponse('JoinGroup', joined)).toEqual({
      ...joined,
      throttleTimeMs: 0,
      generationId: -1,
      protocolType: null,
      skipAssignment: false,
    })
    const group = {
      errorCode: 0,
      groupId: 'g',
      groupState: 'Empty',
      protocolType: 'consumer',
      protocolData: '',
      members: [],
    }
    expect(completeResponse('DescribeGroups', { groups: [group] }).groups).toEqual([
      { ...group, errorMessage: null, authorizedOperations: NOT_ASKED_FOR },
    ])
    const partitions = [{ partitionIndex: 0, errorCode: 3 }]
    const listed = completeResponse('ListOffsets', { topics: [{ name: 't', partitions }] })
    expect(listed.topics[0]!.partitions).toEqual([
      { partitionIndex: 0, errorCode: 3, timestamp: -1, offset: -1, leaderEpoch: -1 },
    ])
    expect(completeResponse('ApiVersions', { errorCode: 0, apiKeys: [] })).toEqual({
      errorCode: 0,
      apiKeys: [],
      throttleTimeMs: 0,
      supportedFeatures: [],
      finalizedFeaturesEpoch: -1,
      finalizedFeatures: [],
      zkMigrationReady: false,
    })
  })
})
