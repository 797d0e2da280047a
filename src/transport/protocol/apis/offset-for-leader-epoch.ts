import { api } from '../api.js'
import { array, int16, int32, offset, string, struct } from '../schema.js'

/**
 * Where a leader epoch ended: how a consumer notices a truncated log (KIP-320).
 * v2 is the oldest that Kafka 4 reads. v3 adds the asking replica (-1 a consumer, -2 a debugger),
 * v4 is flexible.
 */
export const OffsetForLeaderEpoch = api({
  key: 23,
  min: 2,
  max: 4,
  flexibleFrom: 4,
  request: struct({
    replicaId: int32({ since: 3, default: -2, ignorable: true }),
    topics: array(
      struct({
        topic: string(),
        partitions: array(
          struct({
            partition: int32(),
            currentLeaderEpoch: int32({ default: -1 }),
            leaderEpoch: int32(),
          }),
        ),
      }),
    ),
  }),
  response: struct({
    throttleTimeMs: int32({ default: 0 }),
    topics: array(
      struct({
        topic: string(),
        partitions: array(
          struct({
            errorCode: int16(),
            partition: int32(),
            leaderEpoch: int32({ default: -1 }),
            endOffset: offset({ default: -1 }),
          }),
        ),
      }),
    ),
  }),
})
