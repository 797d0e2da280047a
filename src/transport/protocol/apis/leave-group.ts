import { api } from '../api.js'
import { array, int16, int32, string, struct } from '../schema.js'

/**
 * Members leave a group.
 * v1 adds the throttle time, v3 lets many leave at once, by static id too (KIP-345): `memberId`
 * ends with v2. v4 is flexible, v5 says why (KIP-800).
 */
export const LeaveGroup = api({
  key: 13,
  min: 0,
  max: 5,
  flexibleFrom: 4,
  request: struct({
    groupId: string(),
    memberId: string({ until: 2 }),
    members: array(
      struct({
        memberId: string(),
        groupInstanceId: string({ nullable: true, default: null }),
        reason: string({ since: 5, nullable: true, default: null, ignorable: true }),
      }),
      { since: 3 },
    ),
  }),
  response: struct({
    throttleTimeMs: int32({ since: 1, default: 0, ignorable: true }),
    errorCode: int16(),
    members: array(
      struct({
        memberId: string(),
        groupInstanceId: string({ nullable: true }),
        errorCode: int16(),
      }),
      { since: 3 },
    ),
  }),
})
