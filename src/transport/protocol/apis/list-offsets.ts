import { api } from '../api.js'
import { array, int8, int16, int32, offset, string, struct } from '../schema.js'

/**
 * The offset for a time: -1 latest, -2 earliest, -3 the record with the largest time (v7), -4
 * local log start (v8), -5 last tiered (v9), else the first record at or after a time in
 * milliseconds. v2 adds the isolation level and throttle time, v4 leader epochs (KIP-320), v5
 * OFFSET_NOT_AVAILABLE, v6 is flexible, v10 has a time limit for tiered look-ups (KIP-1075).
 */
export const ListOffsets = api({
  key: 2,
  min: 1,
  max: 10,
  flexibleFrom: 6,
  request: struct({
    replicaId: int32({ default: -1 }),
    isolationLevel: int8({ since: 2 }),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            currentLeaderEpoch: int32({ since: 4, default: -1, ignorable: true }),
            timestamp: offset(),
          }),
        ),
      }),
    ),
    timeoutMs: int32({ since: 10, ignorable: true }),
  }),
  response: struct({
    throttleTimeMs: int32({ since: 2, default: 0, ignorable: true }),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
            timestamp: offset({ default: -1 }),
            offset: offset({ default: -1 }),
            leaderEpoch: int32({ since: 4, default: -1 }),
          }),
        ),
      }),
    ),
  }),
})
