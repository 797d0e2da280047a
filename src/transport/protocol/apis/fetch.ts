import { api } from '../api.js'
import {
  array,
  int8,
  int16,
  int32,
  int64,
  offset,
  records,
  string,
  struct,
  uuid,
} from '../schema.js'

/**
 * Reads record batches.
 * v4 has isolation levels and record batches v2, v5 log start offsets, v7 fetch sessions
 * (KIP-227), v9 leader epochs (KIP-320), v10 zstd (KIP-110), v11 the nearest replica (KIP-392).
 * v12 is flexible and finds diverging logs. v13 has topic ids for names (KIP-516), v14 a
 * tiered-storage error (KIP-405), v15 the replica's state in place of its id (KIP-903), v16 new
 * leaders' addresses (KIP-951), v17 directory ids (KIP-853), v18 the follower's high watermark
 * (KIP-1166). The last three serve replicas or hints.
 */
export const Fetch = api({
  key: 1,
  min: 4,
  max: 18,
  flexibleFrom: 12,
  request: struct({
    clusterId: string({ since: 12, nullable: true, default: null, tag: 0, ignorable: true }),
    replicaId: int32({ until: 14, default: -1 }),
    replicaState: struct(
      {
        replicaId: int32({ default: -1 }),
        replicaEpoch: int64({ default: -1n }),
      },
      { since: 15, tag: 1 },
    ),
    maxWaitMs: int32(),
    minBytes: int32(),
    maxBytes: int32({ default: 2_147_483_647 }),
    isolationLevel: int8({ default: 0 }),
    sessionId: int32({ since: 7, default: 0, ignorable: true }),
    sessionEpoch: int32({ since: 7, default: -1, ignorable: true }),
    topics: array(
      struct({
        topic: string({ until: 12, ignorable: true }),
        topicId: uuid({ since: 13, ignorable: true }),
        partitions: array(
          struct({
            partition: int32(),
            currentLeaderEpoch: int32({ since: 9, default: -1, ignorable: true }),
            fetchOffset: offset(),
            lastFetchedEpoch: int32({ since: 12, default: -1 }),
            logStartOffset: offset({ since: 5, default: -1, ignorable: true }),
            partitionMaxBytes: int32(),
            replicaDirectoryId: uuid({ since: 17, tag: 0, ignorable: true }),
            highWatermark: int64({
              since: 18,
              default: 9_223_372_036_854_775_807n,
              tag: 1,
              ignorable: true,
            }),
          }),
        ),
      }),
    ),
    forgottenTopicsData: array(
      struct({
        topic: string({ until: 12, ignorable: true }),
        topicId: uuid({ since: 13, ignorable: true }),
        partitions: array(int32()),
      }),
      { since: 7 },
    ),
    rackId: string({ since: 11, default: '', ignorable: true }),
  }),
  response: struct({
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16({ since: 7, ignorable: true }),
    sessionId: int32({ since: 7, default: 0 }),
    responses: array(
      struct({
        topic: string({ until: 12, ignorable: true }),
        topicId: uuid({ since: 13, ignorable: true }),
        partitions: array(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
            highWatermark: offset(),
            lastStableOffset: offset({ default: -1 }),
            logStartOffset: offset({ since: 5, default: -1, ignorable: true }),
            divergingEpoch: struct(
              {
                epoch: int32({ default: -1 }),
                endOffset: offset({ default: -1 }),
              },
              { since: 12, tag: 0 },
            ),
            currentLeader: struct(
              {
                leaderId: int32({ default: -1 }),
                leaderEpoch: int32({ default: -1 }),
              },
              { since: 12, tag: 1 },
            ),
            snapshotId: struct(
              {
                endOffset: offset({ default: -1 }),
                epoch: int32({ default: -1 }),
              },
              { since: 12, tag: 2 },
            ),
            abortedTransactions: array(
              struct({
                producerId: int64(),
                firstOffset: offset(),
              }),
              { nullable: true },
            ),
            preferredReadReplica: int32({ since: 11, default: -1 }),
            records: records(),
          }),
        ),
      }),
    ),
    nodeEndpoints: array(
      struct({
        nodeId: int32(),
        host: string(),
        port: int32(),
        rack: string({ nullable: true, default: null }),
      }),
      { since: 16, tag: 0 },
    ),
  }),
})
