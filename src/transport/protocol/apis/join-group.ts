import { api } from '../api.js'
import { array, bool, bytes, int16, int32, string, struct } from '../schema.js'

/**
 * A member enters a rebalance; the answer comes when the new generation is complete.
 * v1 adds the rebalance timeout (before, the session timeout served as it), v2 the throttle time.
 * From v4 a new member is told its id and must come back with it (KIP-394). v5 has static members
 * (KIP-345), v6 is flexible, v7 answers the protocol type and may have no protocol name (KIP-559),
 * v8 says why the member joins (KIP-800), v9 lets a static leader skip assigning (KIP-814).
 */
export const JoinGroup = api({
  key: 11,
  min: 0,
  max: 9,
  flexibleFrom: 6,
  request: struct({
    groupId: string(),
    sessionTimeoutMs: int32(),
    rebalanceTimeoutMs: int32({ since: 1, default: -1, ignorable: true }),
    memberId: string(),
    groupInstanceId: string({ since: 5, nullable: true, default: null }),
    protocolType: string(),
    protocols: array(
      struct({
        name: string(),
        metadata: bytes(),
      }),
    ),
    reason: string({ since: 8, nullable: true, default: null, ignorable: true }),
  }),
  response: struct({
    throttleTimeMs: int32({ since: 2, default: 0, ignorable: true }),
    errorCode: int16(),
    generationId: int32({ default: -1 }),
    protocolType: string({ since: 7, nullable: true, default: null, ignorable: true }),
    protocolName: string({ nullableSince: 7, nullAs: '' }),
    leader: string(),
    skipAssignment: bool({ since: 9, default: false }),
    memberId: string(),
    members: array(
      struct({
        memberId: string(),
        groupInstanceId: string({ since: 5, nullable: true, default: null, ignorable: true }),
        metadata: bytes(),
      }),
    ),
  }),
})
