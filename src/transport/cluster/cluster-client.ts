import * as Effect from 'effect/Effect'
import { StreamBusError } from '../../domain/errors.js'
import type { Runtime } from '../../runtime/runtime.js'
import { isRetriable, kafkaErrorName } from '../protocol/kafka-errors.js'
import type { ApiName, ResponseBody } from '../protocol/registry.js'
import type { Address } from '../tcp/address.js'
import type {
  BrokerNode,
  ClusterView,
  Purpose,
  RequestMaker,
  RequestOptions,
  Target,
  TransportService,
} from '../transport.js'
import { type AnyBrokerParts, askAnyBroker } from './any-broker.js'
import type { ConnectionFactory, TransportLogger } from './broker-connection.js'
import { ConnectionPool } from './connection-pool.js'
import { Coordinators, type Found } from './coordinators.js'
import { MetadataCache, type Topics } from './metadata-cache.js'
import { MetadataRefresh } from './metadata-refresh.js'

export interface ClusterParts {
  readonly runtime: Runtime
  readonly factory: ConnectionFactory
  readonly bootstrap: readonly Address[]
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly metadataMaxAgeMs: number
  readonly logger: TransportLogger
}

/** Everything a client knows of its cluster, and the way to each of its brokers. */
export class ClusterClient implements TransportService {
  readonly #parts: ClusterParts
  readonly #pool: ConnectionPool
  readonly #cache: MetadataCache
  readonly #brokers: AnyBrokerParts
  readonly #coordinators: Coordinators
  readonly #lanes: Readonly<Record<'all' | 'named' | 'creating', MetadataRefresh>>
  #closed = false

  constructor(parts: ClusterParts) {
    const { runtime, factory, bootstrap, connectTimeoutMs, requestTimeoutMs, logger } = parts
    this.#parts = parts
    this.#pool = new ConnectionPool({
      factory,
      bootstrap,
      nodeConnectTimeoutMs: connectTimeoutMs,
      // In the first round each address gets its share of the time there is for all of them.
      bootstrapConnectTimeoutMs: Math.ceil(connectTimeoutMs / bootstrap.length),
    })
    this.#cache = new MetadataCache(runtime, logger, (view) => this.#follow(view))
    this.#brokers = {
      runtime,
      pool: this.#pool,
      bootstrap,
      view: this.view,
      attemptTimeoutMs: connectTimeoutMs,
    }
    const whenStopped = (): StreamBusError => clientClosed()
    const shared = { runtime, brokers: this.#brokers, requestTimeoutMs, whenStopped }
    this.#coordinators = new Coordinators({ ...shared, onFound: (node) => this.#pool.learn(node) })
    const refresh = { ...shared, cache: this.#cache }
    this.#lanes = {
      all: new MetadataRefresh(refresh, false),
      named: new MetadataRefresh(refresh, false),
      creating: new MetadataRefresh(refresh, true),
    }
  }

  readonly view = (): ClusterView => this.#cache.view

  readonly invalidate = (): void => this.#cache.invalidate()

  readonly watch = (listener: (view: ClusterView) => void): (() => void) =>
    this.#cache.watch(listener)

  readonly forgetCoordinator = (groupId: string): void => this.#coordinators.forget(groupId)

  readonly release = (owner: string, purpose?: Purpose): void => this.#pool.release(owner, purpose)

  readonly close: Effect.Effect<void> = Effect.sync(() => {
    if (this.#closed) return
    this.#closed = true
    this.#coordinators.stop()
    for (const lane of Object.values(this.#lanes)) lane.stop()
    this.#pool.close()
  })

  readonly metadata: TransportService['metadata'] = (topics, options = {}) =>
    Effect.suspend(() => {
      if (this.#closed) return Effect.fail(clientClosed())
      const wanted: Topics = topics === 'all' ? 'all' : new Set(topics)
      const { maxAgeMs = this.#parts.metadataMaxAgeMs, allowAutoTopicCreation = false } = options
      if (this.#cache.isFresh(wanted, maxAgeMs)) return Effect.succeed(this.view())
      const { timeoutMs = this.#parts.requestTimeoutMs } = options
      const lane = wanted === 'all' ? 'all' : allowAutoTopicCreation ? 'creating' : 'named'
      return Effect.map(this.#lanes[lane].refresh(wanted, timeoutMs), this.view)
    })

  readonly coordinator = (
    groupId: string,
    timeoutMs: number,
  ): Effect.Effect<Found, StreamBusError> =>
    Effect.suspend(() =>
      this.#closed ? Effect.fail(clientClosed()) : this.#coordinators.find(groupId, timeoutMs),
    )

  readonly request: TransportService['request'] = (target, api, input, options) =>
    Effect.suspend(() => {
      if (this.#closed) return Effect.fail(clientClosed())
      const { purpose, owner } = options
      if ((purpose === 'join' || purpose === 'control') && owner === undefined) {
        return Effect.fail(ownerMissing(api, purpose))
      }
      const { clock } = this.#parts.runtime
      const dueMs = clock.elapsed() + options.timeoutMs
      return Effect.flatMap(this.#route(target, options.timeoutMs), (node) => {
        const timeoutMs = Math.max(0, dueMs - clock.elapsed())
        return node === undefined
          ? this.#askAny(api, input, { ...options, timeoutMs })
          : this.#askNode(node, target, api, input, { ...options, timeoutMs })
      })
    })

  /** The broker that the target means; undefined when any will do. */
  #route(target: Target, timeoutMs: number): Effect.Effect<BrokerNode | undefined, StreamBusError> {
    switch (target.type) {
      case 'any':
        return Effect.succeed(undefined)
      case 'controller':
        // Without a controller to be seen any broker forwards the request (KIP-590).
        return this.#known(() => this.#node(this.view().controllerId), timeoutMs)
      case 'node':
        return Effect.flatMap(
          this.#known(() => this.#node(target.nodeId), timeoutMs),
          (node) =>
            node === undefined ? Effect.fail(unknownNode(target.nodeId)) : Effect.succeed(node),
        )
      case 'coordinator':
        return Effect.flatMap(this.#coordinators.find(target.groupId, timeoutMs), (found) =>
          'node' in found
            ? Effect.succeed(found.node)
            : Effect.fail(noCoordinator(target.groupId, found.errorCode)),
        )
    }
  }

  #known(
    look: () => BrokerNode | undefined,
    timeoutMs: number,
  ): Effect.Effect<BrokerNode | undefined, StreamBusError> {
    const node = look()
    if (node !== undefined) return Effect.succeed(node)
    return Effect.map(this.#lanes.named.refresh(new Set(), timeoutMs), look)
  }

  #node(nodeId: number): BrokerNode | undefined {
    return this.view().nodes.get(nodeId)
  }

  #askAny<N extends ApiName>(
    api: N,
    input: RequestMaker<N>,
    options: RequestOptions,
  ): Effect.Effect<ResponseBody<N>, StreamBusError> {
    return askAnyBroker(this.#brokers, { api, input, repeatable: false, ...options })
  }

  #askNode<N extends ApiName>(
    node: BrokerNode,
    target: Target,
    api: N,
    input: RequestMaker<N>,
    { purpose, owner, ...call }: RequestOptions,
  ): Effect.Effect<ResponseBody<N>, StreamBusError> {
    if (this.#closed) return Effect.fail(clientClosed())
    const connection = this.#pool.get({ type: 'node', nodeId: node.nodeId }, purpose, owner)
    return Effect.tapError(connection.request(api, input, call), (error) =>
      Effect.sync(() => {
        // A broker that cannot be talked to may have moved, and its partitions and groups too.
        if (!isConnectionFailure(error)) return
        this.#cache.invalidate()
        if (target.type === 'coordinator') this.#coordinators.forget(target.groupId)
      }),
    )
  }

  #follow(view: ClusterView): void {
    for (const node of view.nodes.values()) this.#pool.learn(node)
    this.#pool.retain(view.nodes)
  }
}

const isConnectionFailure = ({ code }: StreamBusError): boolean =>
  code === 'BROKER_UNREACHABLE' || code === 'REQUEST_TIMED_OUT' || code === 'CONNECTION_CLOSED'

const clientClosed = (): StreamBusError =>
  new StreamBusError('CONNECTION_CLOSED', 'this connection to the cluster has been closed')

const ownerMissing = (api: ApiName, purpose: string): StreamBusError =>
  new StreamBusError('INVALID_ARGUMENT', `${api} for '${purpose}' needs an owner`, {
    field: 'owner',
  })

const unknownNode = (nodeId: number): StreamBusError =>
  new StreamBusError(
    'BROKER_UNREACHABLE',
    `broker ${nodeId} is not in the cluster's metadata: it has left, or is down`,
    { retriable: true },
  )

const noCoordinator = (group: string, code: number): StreamBusError => {
  const kafkaError = kafkaErrorName(code)
  return new StreamBusError(
    'BROKER_ERROR',
    `the coordinator of group ${group} cannot be found: ${kafkaError}`,
    { group, kafkaError, retriable: isRetriable(code) },
  )
}
