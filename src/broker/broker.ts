import * as Cause from 'effect/Cause'
import * as Effect from 'effect/Effect'
import type { StreamBusError } from '../domain/errors.js'
import { guardedInspect } from '../runtime/guarded-inspect.js'
import type { Inspector, Runtime } from '../runtime/runtime.js'
import type { ApiName } from '../transport/protocol/registry.js'
import type { RequestContext, RequestHandler } from '../transport/request-handler.js'
import type { BrokerParts, NodeAddress } from './broker-parts.js'
import { type BrokerConfig, parseAddress } from './config.js'
import { closedError, errorResponse } from './error-response.js'
import { createGroups, type Groups, type GroupsSettings } from './groups/groups.js'
import type { Handler, Handlers } from './handler.js'
import { apiVersions } from './handlers/api-versions.js'
import { createTopics } from './handlers/create-topics.js'
import { deleteTopics } from './handlers/delete-topics.js'
import { describeCluster } from './handlers/describe-cluster.js'
import { fetch } from './handlers/fetch.js'
import { initProducerId } from './handlers/init-producer-id.js'
import { listOffsets } from './handlers/list-offsets.js'
import { metadata } from './handlers/metadata.js'
import { offsetForLeaderEpoch } from './handlers/offset-for-leader-epoch.js'
import { produce } from './handlers/produce.js'
import { type Logger, silentLogger } from './logger.js'
import { ProducerIds } from './producer-ids.js'
import type { Store } from './store/store.js'
import { TopicCatalog } from './topics.js'
import { randomUuid } from './uuid.js'

export interface BrokerOptions extends Pick<GroupsSettings, 'onRebalance' | 'chart'> {
  /** XState inspection events of every group coordinator; Stately's inspectors fit. */
  readonly inspect?: Inspector | undefined
  readonly runtime: Runtime
  readonly store: Store
  readonly config: BrokerConfig
  readonly logger?: Logger
  /** Where the TCP server listens, once it does. */
  readonly listener?: () => { readonly host: string; readonly port: number } | undefined
}

export interface Broker {
  /** Answers every request; it neither fails nor dies. */
  readonly handle: RequestHandler
  readonly config: BrokerConfig
  readonly clusterId: string
  readonly topics: TopicCatalog
  readonly groups: Groups
  /** What it serves. */
  readonly served: readonly ApiName[]
  /** Done when what a first start has to store is durable. */
  readonly ready: Effect.Effect<void, StreamBusError>
  /** Lets go of everything that waits, then closes the store. Idempotent. */
  readonly close: Effect.Effect<void>
}

const CLUSTER_ID_KEY = 'clusterId'

/**
 * The embedded broker over a store, without any socket: topics, logs and groups come back as the
 * store has them. Only `clock` and `random` of the runtime drive it, so it runs in virtual time.
 */
export const createBroker = (options: BrokerOptions): Broker => {
  const { runtime, store, config, logger = silentLogger } = options
  const stored = store.get('broker', CLUSTER_ID_KEY)
  const clusterId = typeof stored === 'string' ? stored : randomUuid(runtime.random)
  const topics = new TopicCatalog({ runtime, store, config, logger })
  const node = nodeOf(options)
  const groups = createGroups({
    runtime,
    store,
    config,
    logger,
    onRebalance: options.onRebalance,
    chart: options.chart,
    inspect: guardedInspect(options.inspect, (error) =>
      logger.error({ err: error }, `inspect threw and is not called any more: ${String(error)}`),
    ),
    topics: {
      exists: (name) => topics.byName(name) !== undefined,
      partitionCount: (name) => topics.byName(name)?.logs.length,
      nameOf: (topicId) => topics.byId(topicId)?.name,
      node,
    },
  })
  const parts: BrokerParts = {
    runtime,
    store,
    config,
    logger,
    clusterId,
    topics,
    producerIds: new ProducerIds(runtime, store),
    node,
    topicDeleted: groups.topicDeleted,
  }
  const handlers = handlersOf(parts, groups.handlers)
  let closing = false
  return {
    handle: router(handlers, logger, () => closing),
    config,
    clusterId,
    topics,
    groups,
    served: Object.keys(handlers) as ApiName[],
    ready:
      stored === clusterId
        ? Effect.void
        : store.write([{ type: 'put', table: 'broker', key: CLUSTER_ID_KEY, value: clusterId }]),
    close: Effect.suspend(() => {
      if (closing) return Effect.void
      closing = true
      topics.close()
      return Effect.andThen(groups.close, store.close)
    }),
  }
}

/**
 * The address to give to a client: the configured one, else the one that it dialled (right also
 * behind 0.0.0.0), else that of the listener. In process there is nothing to dial.
 */
const nodeOf = ({ config, listener }: BrokerOptions): BrokerParts['node'] => {
  const advertised = config.advertise === undefined ? undefined : parseAddress(config.advertise)
  return (context): NodeAddress => {
    const address = advertised ?? context.listener ?? listener?.()
    const { host, port } = address ?? { host: 'in-process', port: 0 }
    return { nodeId: config.nodeId, host, port }
  }
}

const handlersOf = (parts: BrokerParts, groupHandlers: Handlers): Handlers => {
  const handlers: Handlers = {
    ...groupHandlers,
    Produce: produce(parts),
    Fetch: fetch(parts),
    ListOffsets: listOffsets(parts),
    Metadata: metadata(parts),
    CreateTopics: createTopics(parts),
    DeleteTopics: deleteTopics(parts),
    InitProducerId: initProducerId(parts),
    OffsetForLeaderEpoch: offsetForLeaderEpoch(parts),
    DescribeCluster: describeCluster(parts),
  }
  const served = [...Object.keys(handlers), 'ApiVersions'] as ApiName[]
  return { ...handlers, ApiVersions: apiVersions(served) }
}

const router =
  (handlers: Handlers, logger: Logger, isClosing: () => boolean): RequestHandler =>
  (api, body, context) => {
    const handler = handlers[api] as Handler<typeof api> | undefined
    const { apiVersion } = context
    if (isClosing()) return Effect.succeed(errorResponse(api, body, closedError(api), apiVersion))
    if (handler === undefined) {
      return Effect.succeed(errorResponse(api, body, 'UNSUPPORTED_VERSION', apiVersion))
    }
    // Not run when the request itself is interrupted: then nobody waits for an answer.
    return Effect.catchCause(
      Effect.suspend(() => handler(body, context)),
      (cause) => {
        const error = isClosing() ? closedError(api) : 'UNKNOWN_SERVER_ERROR'
        if (!isClosing()) logDefect(logger, api, context, Cause.squash(cause))
        return Effect.succeed(errorResponse(api, body, error, apiVersion))
      },
    )
  }

/** A bug of ours: one line with its place, and the client gets UNKNOWN_SERVER_ERROR. */
const logDefect = (
  logger: Logger,
  api: ApiName,
  { apiVersion, clientId, clientHost }: RequestContext,
  error: unknown,
): void => {
  const message = error instanceof Error ? error.message : String(error)
  const fields = { api, apiVersion, clientId, clientHost, err: error }
  logger.error(fields, `defect in ${api} v${apiVersion}: ${message}`)
}
