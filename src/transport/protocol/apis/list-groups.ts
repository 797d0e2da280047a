import { api } from '../api.js'
import { array, int16, int32, string, struct } from '../schema.js'

/**
 * All groups of a broker.
 * v1 adds the throttle time, v3 is flexible, v4 filters by and answers the state (KIP-518), v5 the
 * type (KIP-848).
 */
export const ListGroups = api({
  key: 16,
  min: 0,
  max: 5,
  flexibleFrom: 3,
  request: struct({
    statesFilter: array(string(), { since: 4 }),
    typesFilter: array(string(), { since: 5 }),
  }),
  response: struct({
    throttleTimeMs: int32({ since: 1, default: 0, ignorable: true }),
    errorCode: int16(),
    groups: array(
      struct({
        groupId: string(),
        protocolType: string(),
        groupState: string({ since: 4, ignorable: true }),
        groupType: string({ since: 5, ignorable: true }),
      }),
    ),
  }),
})
