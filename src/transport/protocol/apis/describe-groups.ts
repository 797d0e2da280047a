import { api } from '../api.js'
import { array, bool, bytes, int16, int32, string, struct } from '../schema.js'

/**
 * Groups with their members, for administration.
 * v1 adds the throttle time, v3 authorized operations (KIP-430; -2147483648 says "not asked for"),
 * v4 static members (KIP-345), v5 is flexible, v6 answers GROUP_ID_NOT_FOUND (KIP-1043). Protocol
 * and member bytes are there only while the group is stable; a dead group has no members.
 */
export const DescribeGroups = api({
  key: 15,
  min: 0,
  max: 6,
  flexibleFrom: 5,
  request: struct({
    groups: array(string()),
    includeAuthorizedOperations: bool({ since: 3 }),
  }),
  response: struct({
    throttleTimeMs: int32({ since: 1, default: 0, ignorable: true }),
    groups: array(
      struct({
        errorCode: int16(),
        errorMessage: string({ since: 6, nullable: true, default: null }),
        groupId: string(),
        groupState: string(),
        protocolType: string(),
        protocolData: string(),
        members: array(
          struct({
            memberId: string(),
            groupInstanceId: string({ since: 4, nullable: true, default: null, ignorable: true }),
            clientId: string(),
            clientHost: string(),
            memberMetadata: bytes(),
            memberAssignment: bytes(),
          }),
        ),
        authorizedOperations: int32({ since: 3, default: -2_147_483_648 }),
      }),
    ),
  }),
})
