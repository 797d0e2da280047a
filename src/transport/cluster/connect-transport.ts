import * as Effect from 'effect/Effect'
import * as Exit from 'effect/Exit'
import { isStreamBusError, StreamBusError } from '../../domain/errors.js'
import type { Inspect, Runtime } from '../../runtime/runtime.js'
import { inProcessConnections } from '../in-process.js'
import type { InProcessBroker } from '../request-handler.js'
import type { Address } from '../tcp/address.js'
import type { Dialer } from '../tcp/dialer.js'
import { nodeDialer } from '../tcp/node-dialer.js'
import { tcpConnections } from '../tcp/tcp-connection.js'
import type { TransportService } from '../transport.js'
import { parseBootstrapList } from './bootstrap-list.js'
import { type ConnectionFactory, silentLogger, type TransportLogger } from './broker-connection.js'
import { ClusterClient } from './cluster-client.js'

export interface TransportSettings {
  readonly runtime: Runtime
  /** `host:port` of one or more brokers of the cluster, or an embedded broker in this process. */
  readonly brokers: readonly string[] | InProcessBroker
  readonly clientId: string
  /** For the first metadata, and later for one attempt to reach one broker. Default 10_000. */
  readonly connectTimeoutMs?: number
  /** For metadata and coordinator look-ups. Default 30_000. */
  readonly requestTimeoutMs?: number
  /** Default 300_000. */
  readonly metadataMaxAgeMs?: number
  /** Default: TCP. */
  readonly dialer?: Dialer
  /** Instead of the dialer: connections that are no byte streams (the simulator's typed ones). */
  readonly connections?: ConnectionFactory
  /** Default: silent. */
  readonly logger?: TransportLogger
  /** XState inspection events of every connection. */
  readonly inspect?: Inspect
}

const IN_PROCESS: Address = { host: 'in-process', port: 0 }

/**
 * Connects to a cluster and gives the service once the first metadata is there. Fails with
 * INVALID_CONFIG, naming the field, or with BROKER_UNREACHABLE within `connectTimeoutMs`, naming
 * every address that was tried and why it did not answer. Nothing stays open after a failure.
 */
export const connectTransport = (
  settings: TransportSettings,
): Effect.Effect<TransportService, StreamBusError> =>
  Effect.suspend(() => {
    let cluster: ClusterClient
    try {
      cluster = clusterOf(settings)
    } catch (error) {
      return isStreamBusError(error) ? Effect.fail(error) : Effect.die(error)
    }
    const first = cluster.metadata([], { timeoutMs: settings.connectTimeoutMs ?? CONNECT_MS })
    return Effect.onExit(Effect.as(first, cluster as TransportService), (exit) =>
      Exit.isSuccess(exit) ? Effect.void : cluster.close,
    )
  })

const CONNECT_MS = 10_000
const REQUEST_MS = 30_000
const METADATA_MAX_AGE_MS = 300_000

const clusterOf = (settings: TransportSettings): ClusterClient => {
  const { runtime, logger = silentLogger } = settings
  return new ClusterClient({
    runtime,
    ...wayOf(settings, logger),
    connectTimeoutMs: positive(settings, 'connectTimeoutMs', CONNECT_MS),
    requestTimeoutMs: positive(settings, 'requestTimeoutMs', REQUEST_MS),
    metadataMaxAgeMs: positive(settings, 'metadataMaxAgeMs', METADATA_MAX_AGE_MS),
    logger,
  })
}

const wayOf = (
  { runtime, brokers, clientId, dialer = nodeDialer, connections, inspect }: TransportSettings,
  logger: TransportLogger,
): { readonly factory: ConnectionFactory; readonly bootstrap: readonly Address[] } => {
  if (typeof brokers === 'object' && brokers !== null && 'handle' in brokers) {
    const factory = inProcessConnections({ runtime, broker: brokers, clientId })
    return { factory, bootstrap: [IN_PROCESS] }
  }
  return {
    factory: connections ?? tcpConnections({ runtime, dialer, clientId, logger, inspect }),
    bootstrap: parseBootstrapList(brokers),
  }
}

const positive = (
  settings: TransportSettings,
  field: 'connectTimeoutMs' | 'requestTimeoutMs' | 'metadataMaxAgeMs',
  byDefault: number,
): number => {
  const value = settings[field] ?? byDefault
  if (Number.isFinite(value) && value > 0) return value
  throw new StreamBusError('INVALID_CONFIG', `${field} must be above 0, got ${value}`, { field })
}
