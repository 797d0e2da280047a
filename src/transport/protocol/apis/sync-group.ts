import { api } from '../api.js'
import { array, bytes, int16, int32, string, struct } from '../schema.js'

/**
 * The leader hands in assignments, each member gets its own.
 * v1 adds the throttle time, v3 static members (KIP-345), v4 is flexible, v5 repeats the
 * protocol's type and name so that a mismatch is noticed (KIP-559).
 */
export const SyncGroup = api({
  key: 14,
  min: 0,
  max: 5,
  flexibleFrom: 4,
  request: struct({
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: string({ since: 3, nullable: true, default: null }),
    protocolType: string({ since: 5, nullable: true, default: null, ignorable: true }),
    protocolName: string({ since: 5, nullable: true, default: null, ignorable: true }),
    assignments: array(
      struct({
        memberId: string(),
        assignment: bytes(),
      }),
    ),
  }),
  response: struct({
    throttleTimeMs: int32({ since: 1, default: 0, ignorable: true }),
    errorCode: int16(),
    protocolType: string({ since: 5, nullable: true, default: null, ignorable: true }),
    protocolName: string({ since: 5, nullable: true, default: null, ignorable: true }),
    assignment: bytes(),
  }),
})
