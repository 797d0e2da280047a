import { api } from '../api.js'
import { array, int16, int32, int64, offset, string, struct } from '../schema.js'

/**
 * Stores a group's offsets.
 * v2 is the oldest that Kafka 4 reads. v3 answers the throttle time, v5 drops the retention time
 * (the broker's business), v6 adds leader epochs (KIP-320), v7 static members (KIP-345), v8 is
 * flexible, v9 also serves KIP-848 members. v10 (topic ids) is not stable in Kafka 4.1.
 */
export const OffsetCommit = api({
  key: 8,
  min: 2,
  max: 9,
  flexibleFrom: 8,
  request: struct({
    groupId: string(),
    generationIdOrMemberEpoch: int32({ default: -1 }),
    memberId: string(),
    groupInstanceId: string({ since: 7, nullable: true, default: null }),
    retentionTimeMs: int64({ until: 4, default: -1n, ignorable: true }),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            committedOffset: offset(),
            committedLeaderEpoch: int32({ since: 6, default: -1, ignorable: true }),
            committedMetadata: string({ nullable: true }),
          }),
        ),
      }),
    ),
  }),
  response: struct({
    throttleTimeMs: int32({ since: 3, default: 0, ignorable: true }),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
          }),
        ),
      }),
    ),
  }),
})
