import { api } from '../api.js'
import { array, bool, int16, int32, string, struct, uuid } from '../schema.js'

/**
 * Brokers, topics, partitions and their leaders.
 * v0: an empty topic list asks for all topics; from v1 null does, and empty asks for none. v1 adds
 * rack, controller and isInternal, v2 the cluster id, v3 the throttle time, v4 leave to
 * auto-create, v5 offline replicas, v7 leader epochs (KIP-320), v8 authorized operations (KIP-430;
 * -2147483648 says "not asked for", since v11 the cluster's are DescribeCluster's). v9 is
 * flexible. v10 has topic ids in the answer (KIP-516); asking by id works from v12. v13 adds a
 * top-level error.
 */
export const Metadata = api({
  key: 3,
  min: 0,
  max: 13,
  flexibleFrom: 9,
  request: struct({
    topics: array(
      struct({
        topicId: uuid({ since: 10, ignorable: true }),
        name: string({ nullableSince: 10 }),
      }),
      { nullableSince: 1 },
    ),
    allowAutoTopicCreation: bool({ since: 4, default: true }),
    includeClusterAuthorizedOperations: bool({ since: 8, until: 10 }),
    includeTopicAuthorizedOperations: bool({ since: 8 }),
  }),
  response: struct({
    throttleTimeMs: int32({ since: 3, default: 0, ignorable: true }),
    brokers: array(
      struct({
        nodeId: int32(),
        host: string(),
        port: int32(),
        rack: string({ since: 1, nullable: true, default: null, ignorable: true }),
      }),
    ),
    clusterId: string({ since: 2, nullable: true, default: null, ignorable: true }),
    controllerId: int32({ since: 1, default: -1, ignorable: true }),
    topics: array(
      struct({
        errorCode: int16(),
        name: string({ nullableSince: 12 }),
        topicId: uuid({ since: 10, ignorable: true }),
        isInternal: bool({ since: 1, default: false, ignorable: true }),
        partitions: array(
          struct({
            errorCode: int16(),
            partitionIndex: int32(),
            leaderId: int32(),
            leaderEpoch: int32({ since: 7, default: -1, ignorable: true }),
            replicaNodes: array(int32()),
            isrNodes: array(int32()),
            offlineReplicas: array(int32(), { since: 5, ignorable: true }),
          }),
        ),
        topicAuthorizedOperations: int32({ since: 8, default: -2_147_483_648 }),
      }),
    ),
    clusterAuthorizedOperations: int32({ since: 8, until: 10, default: -2_147_483_648 }),
    errorCode: int16({ since: 13, ignorable: true }),
  }),
})
