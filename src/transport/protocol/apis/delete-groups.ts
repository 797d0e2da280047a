import { api } from '../api.js'
import { array, int16, int32, string, struct } from '../schema.js'

/**
 * Deletes groups that have no members (KIP-229). v2 is flexible.
 */
export const DeleteGroups = api({
  key: 42,
  min: 0,
  max: 2,
  flexibleFrom: 2,
  request: struct({
    groupsNames: array(string()),
  }),
  response: struct({
    throttleTimeMs: int32({ default: 0 }),
    results: array(
      struct({
        groupId: string(),
        errorCode: int16(),
      }),
    ),
  }),
})
