import type { KafkaErrorName } from '../transport/protocol/kafka-errors.js'
import { errorCode } from '../transport/protocol/kafka-errors.js'
import type { ApiName, RequestBody, ResponseInput } from '../transport/protocol/registry.js'

type ErrorResponses = {
  readonly [N in ApiName]: (
    body: RequestBody<N>,
    code: number,
    apiVersion: number,
  ) => ResponseInput<N>
}

const EMPTY = Buffer.alloc(0)

/** For each API, a response that says the same error for everything the request asked. */
const responses: ErrorResponses = {
  ApiVersions: (_, code) => ({ errorCode: code, apiKeys: [] }),
  Metadata: (body, code) => ({
    errorCode: code,
    brokers: [],
    topics: (body.topics ?? []).map(({ name, topicId }) => ({
      errorCode: code,
      name: name ?? '',
      topicId,
      partitions: [],
    })),
  }),
  Produce: (body, code) => ({
    responses: body.topicData.map(({ name, topicId, partitionData }) => ({
      name,
      topicId,
      partitionResponses: partitionData.map(({ index }) => ({
        index,
        errorCode: code,
        baseOffset: -1,
      })),
    })),
  }),
  Fetch: (body, code) => ({
    errorCode: code,
    responses: body.topics.map(({ topic, topicId, partitions }) => ({
      topic,
      topicId,
      partitions: partitions.map(({ partition }) => ({
        partitionIndex: partition,
        errorCode: code,
        highWatermark: -1,
        abortedTransactions: null,
        records: EMPTY,
      })),
    })),
  }),
  ListOffsets: (body, code) => ({
    topics: body.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode: code,
        timestamp: -1,
        offset: -1,
      })),
    })),
  }),
  OffsetForLeaderEpoch: (body, code) => ({
    topics: body.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition }) => ({
        errorCode: code,
        partition,
        endOffset: -1,
      })),
    })),
  }),
  CreateTopics: (body, code) => ({
    topics: body.topics.map(({ name }) => ({
      name,
      errorCode: code,
      errorMessage: null,
      configs: [],
    })),
  }),
  DeleteTopics: (body, code) => ({
    responses: [
      ...body.topicNames.map((name) => ({ name, errorCode: code })),
      ...body.topics.map(({ name, topicId }) => ({ name, topicId, errorCode: code })),
    ],
  }),
  InitProducerId: (_, code) => ({ errorCode: code, producerId: -1n, producerEpoch: -1 }),
  DescribeCluster: (body, code) => ({
    errorCode: code,
    endpointType: body.endpointType,
    clusterId: '',
    brokers: [],
  }),
  // One error for all before version 4, then one a key.
  FindCoordinator: (body, code, apiVersion) => ({
    errorCode: apiVersion < 4 ? code : 0,
    coordinators: body.coordinatorKeys.map((key) => ({
      key,
      nodeId: -1,
      host: '',
      port: -1,
      errorCode: code,
      errorMessage: null,
    })),
  }),
  JoinGroup: (body, code) => ({
    errorCode: code,
    generationId: -1,
    protocolName: null,
    leader: '',
    memberId: body.memberId,
    members: [],
  }),
  SyncGroup: (_, code) => ({ errorCode: code, assignment: EMPTY }),
  Heartbeat: (_, code) => ({ errorCode: code }),
  LeaveGroup: (_, code) => ({ errorCode: code, members: [] }),
  OffsetCommit: (body, code) => ({
    topics: body.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: code })),
    })),
  }),
  OffsetFetch: (body, code) => ({
    errorCode: code,
    topics: [],
    groups: body.groups.map(({ groupId }) => ({ groupId, errorCode: code, topics: [] })),
  }),
  DescribeGroups: (body, code) => ({
    groups: body.groups.map((groupId) => ({
      errorCode: code,
      groupId,
      groupState: '',
      protocolType: '',
      protocolData: '',
      members: [],
    })),
  }),
  ListGroups: (_, code) => ({ errorCode: code, groups: [] }),
  DeleteGroups: (body, code) => ({
    results: body.groupsNames.map((groupId) => ({ groupId, errorCode: code })),
  }),
}

/** The answer when a handler could not give one. */
export const errorResponse = <N extends ApiName>(
  api: N,
  body: RequestBody<N>,
  error: KafkaErrorName,
  apiVersion: number,
): ResponseInput<N> => responses[api](body, errorCode(error), apiVersion)

const asksLeader = new Set<ApiName>(['Produce', 'Fetch', 'ListOffsets', 'OffsetForLeaderEpoch'])
const asksNode = new Set<ApiName>([
  'ApiVersions',
  'Metadata',
  'CreateTopics',
  'DeleteTopics',
  'InitProducerId',
  'DescribeCluster',
])

/** What a closed broker says: an error after which the client looks for another, or this one, again. */
export const closedError = (api: ApiName): KafkaErrorName =>
  asksLeader.has(api)
    ? 'NOT_LEADER_OR_FOLLOWER'
    : asksNode.has(api)
      ? 'BROKER_NOT_AVAILABLE'
      : 'COORDINATOR_NOT_AVAILABLE'
