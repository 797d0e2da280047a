import { api } from '../api.js'
import { array, int8, int16, int32, string, struct } from '../schema.js'

/**
 * Which broker coordinates a group (key type 0), a transaction (1) or a share group (2, v6).
 * v1 adds the key type, error messages and throttle time, v3 is flexible, v4 asks for many keys at
 * once (KIP-699): `key` and the flat answer end with v3. v5 may answer TRANSACTION_ABORTABLE
 * (KIP-890).
 */
export const FindCoordinator = api({
  key: 10,
  min: 0,
  max: 6,
  flexibleFrom: 3,
  request: struct({
    key: string({ until: 3 }),
    keyType: int8({ since: 1, default: 0 }),
    coordinatorKeys: array(string(), { since: 4 }),
  }),
  response: struct({
    throttleTimeMs: int32({ since: 1, default: 0, ignorable: true }),
    errorCode: int16({ until: 3 }),
    errorMessage: string({ since: 1, until: 3, nullable: true, ignorable: true }),
    nodeId: int32({ until: 3 }),
    host: string({ until: 3 }),
    port: int32({ until: 3 }),
    coordinators: array(
      struct({
        key: string(),
        nodeId: int32(),
        host: string(),
        port: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: true }),
      }),
      { since: 4 },
    ),
  }),
})
