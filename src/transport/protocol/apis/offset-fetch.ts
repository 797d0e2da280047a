import { api } from '../api.js'
import { array, bool, int16, int32, offset, string, struct } from '../schema.js'

/**
 * Reads a group's offsets.
 * v1 is the oldest that Kafka 4 reads. v2 allows null for "all topics" and has a group-level
 * error, v3 the throttle time, v5 leader epochs (KIP-320), v6 is flexible, v7 can refuse offsets
 * of open transactions (KIP-447), v8 asks for many groups (KIP-709): `groupId`, `topics` and the
 * flat answer end with v7. v9 has the KIP-848 member. v10 (topic ids) is not stable in Kafka 4.1.
 */
export const OffsetFetch = api({
  key: 9,
  min: 1,
  max: 9,
  flexibleFrom: 6,
  request: struct({
    groupId: string({ until: 7 }),
    topics: array(
      struct({
        name: string(),
        partitionIndexes: array(int32()),
      }),
      { until: 7, nullableSince: 2 },
    ),
    groups: array(
      struct({
        groupId: string(),
        memberId: string({ since: 9, nullable: true, default: null, ignorable: true }),
        memberEpoch: int32({ since: 9, default: -1, ignorable: true }),
        topics: array(
          struct({
            name: string(),
            partitionIndexes: array(int32()),
          }),
          { nullable: true },
        ),
      }),
      { since: 8 },
    ),
    requireStable: bool({ since: 7, default: false }),
  }),
  response: struct({
    throttleTimeMs: int32({ since: 3, default: 0, ignorable: true }),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            committedOffset: offset(),
            committedLeaderEpoch: int32({ since: 5, default: -1, ignorable: true }),
            metadata: string({ nullable: true }),
            errorCode: int16(),
          }),
        ),
      }),
      { until: 7 },
    ),
    errorCode: int16({ since: 2, until: 7, default: 0, ignorable: true }),
    groups: array(
      struct({
        groupId: string(),
        topics: array(
          struct({
            name: string(),
            partitions: array(
              struct({
                partitionIndex: int32(),
                committedOffset: offset(),
                committedLeaderEpoch: int32({ default: -1 }),
                metadata: string({ nullable: true }),
                errorCode: int16(),
              }),
            ),
          }),
        ),
        errorCode: int16({ default: 0 }),
      }),
      { since: 8 },
    ),
  }),
})
