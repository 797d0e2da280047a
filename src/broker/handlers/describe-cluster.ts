import * as Effect from 'effect/Effect'
import { errorCode } from '../../transport/protocol/kafka-errors.js'
import type { BrokerParts } from '../broker-parts.js'
import type { Handler } from '../handler.js'
import { CLUSTER_OPERATIONS } from './authorized-operations.js'

const BROKERS = 1
const CONTROLLERS = 2

/**
 * DescribeCluster, key 60. Version 1 adds the endpoint type (KIP-919): this listener serves
 * brokers, never controllers. Version 2 adds fenced brokers; a single node is none.
 */
export const describeCluster =
  ({ config, clusterId, node }: BrokerParts): Handler<'DescribeCluster'> =>
  (body, context) => {
    const { endpointType } = body
    if (endpointType !== BROKERS) {
      const error =
        endpointType === CONTROLLERS ? 'MISMATCHED_ENDPOINT_TYPE' : 'UNSUPPORTED_ENDPOINT_TYPE'
      const errorMessage = 'only brokers (endpoint type 1) are described here'
      return Effect.succeed({
        errorCode: errorCode(error),
        errorMessage,
        endpointType,
        clusterId,
        brokers: [],
      })
    }
    const { nodeId, host, port } = node(context)
    return Effect.succeed({
      errorCode: 0,
      endpointType,
      clusterId,
      controllerId: config.nodeId,
      brokers: [{ brokerId: nodeId, host, port, isFenced: false }],
      ...(body.includeClusterAuthorizedOperations
        ? { clusterAuthorizedOperations: CLUSTER_OPERATIONS }
        : {}),
    })
  }
