import { api } from '../api.js'
import { array, bool, int8, int16, int32, string, struct } from '../schema.js'

/**
 * The cluster's brokers (KIP-700); all versions are flexible.
 * v1 can ask for controllers (KIP-919), v2 lists fenced brokers (KIP-1073). Authorized operations
 * of -2147483648 say "not asked for".
 */
export const DescribeCluster = api({
  key: 60,
  min: 0,
  max: 2,
  flexibleFrom: 0,
  request: struct({
    includeClusterAuthorizedOperations: bool(),
    endpointType: int8({ since: 1, default: 1 }),
    includeFencedBrokers: bool({ since: 2 }),
  }),
  response: struct({
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: true, default: null }),
    endpointType: int8({ since: 1, default: 1 }),
    clusterId: string(),
    controllerId: int32({ default: -1 }),
    brokers: array(
      struct({
        brokerId: int32(),
        host: string(),
        port: int32(),
        rack: string({ nullable: true, default: null }),
        isFenced: bool({ since: 2 }),
      }),
    ),
    clusterAuthorizedOperations: int32({ default: -2_147_483_648 }),
  }),
})
