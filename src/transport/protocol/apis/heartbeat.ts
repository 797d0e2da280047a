import { api } from '../api.js'
import { int16, int32, string, struct } from '../schema.js'

/**
 * Keeps a member's session alive and tells it of rebalances.
 * v1 adds the throttle time, v3 static members (KIP-345), v4 is flexible.
 */
export const Heartbeat = api({
  key: 12,
  min: 0,
  max: 4,
  flexibleFrom: 4,
  request: struct({
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: string({ since: 3, nullable: true, default: null }),
  }),
  response: struct({
    throttleTimeMs: int32({ since: 1, default: 0, ignorable: true }),
    errorCode: int16(),
  }),
})
