import * as Effect from 'effect/Effect'
import type { StreamBusError } from '../domain/errors.js'
import { type Runtime, realRuntime } from '../runtime/runtime.js'
import type { InProcessBroker } from '../transport/request-handler.js'
import { formatAddress } from '../transport/tcp/address.js'
import { type Broker, type BrokerOptions, createBroker } from './broker.js'
import { type BrokerSettings, brokerConfig, invalidConfig } from './config.js'
import type { Groups } from './groups/groups.js'
import { type Logger, silentLogger } from './logger.js'
import { listenTcp, type TcpServer } from './server/tcp-server.js'
import { openLmdbStore } from './store/lmdb-store.js'
import { memoryStore } from './store/memory-store.js'
import type { Store } from './store/store.js'
import { topicProblem } from './topic-rules.js'

export interface StartBrokerOptions
  extends BrokerSettings,
    Pick<BrokerOptions, 'onRebalance' | 'inspect'> {
  /** Where data is kept. Absent: in memory, gone with the broker. */
  readonly dataDir?: string | undefined
  /** TCP port; 0 takes any free one. Absent: only clients in this process. */
  readonly port?: number | undefined
  /** Address to listen at. Default 127.0.0.1, this machine only. */
  readonly host?: string | undefined
  /** Wait for the disk, not only for the commit (survives power loss). Default false. */
  readonly fsync?: boolean | undefined
  /** Created if missing; one that exists must have this many partitions. */
  readonly topics?: Readonly<Record<string, { readonly partitions?: number }>> | undefined
  /** A pino logger fits. Default: silence. */
  readonly logger?: Logger | undefined
  /** For tests: another clock and random. */
  readonly runtime?: Runtime | undefined
}

/** A running broker. `connect({ brokers: broker })` talks to it without a socket. */
export interface EmbeddedBroker extends InProcessBroker, AsyncDisposable {
  readonly clusterId: string
  /** These three are undefined without a port. */
  readonly host: string | undefined
  readonly port: number | undefined
  /** `host:port`. */
  readonly address: string | undefined
  /** A group as it is now, with why it last rebalanced; undefined when there is none. */
  readonly describeGroup: Groups['describe']
  /** Ends connections, frees the port and the data directory. Idempotent. */
  readonly close: () => Promise<void>
}

/**
 * Starts a broker in this process. Rejects with INVALID_CONFIG (naming each wrong field),
 * PORT_IN_USE, DATA_DIR_LOCKED or STORE_FAILED, and leaves nothing behind then.
 */
export const startBroker = (options: StartBrokerOptions = {}): Promise<EmbeddedBroker> => {
  const runtime = options.runtime ?? realRuntime()
  return runtime.promise(
    Effect.map(start(options, runtime), (started) => embedded(started, runtime)),
  )
}

interface Started {
  readonly broker: Broker
  readonly server: TcpServer | undefined
}

const start = (
  options: StartBrokerOptions,
  runtime: Runtime,
): Effect.Effect<Started, StreamBusError> =>
  Effect.gen(function* () {
    const config = yield* attempt(() => checkedConfig(options))
    const logger = options.logger ?? silentLogger
    const store = yield* openStore(options)
    let server: TcpServer | undefined
    const broker = yield* attempt(() => {
      const listener = (): TcpServer | undefined => server
      const { onRebalance, inspect } = options
      return createBroker({ runtime, store, config, logger, listener, onRebalance, inspect })
    }).pipe(Effect.onError(() => store.close))
    const opened = Effect.gen(function* () {
      yield* broker.ready
      yield* createMissing(broker, options)
      if (options.port !== undefined) server = yield* listen(broker, options, runtime, logger)
      return { broker, server }
    })
    return yield* Effect.onError(opened, () => broker.close)
  })

const attempt = <A>(make: () => A): Effect.Effect<A, StreamBusError> =>
  Effect.try({ try: make, catch: (error) => error as StreamBusError })

const openStore = ({ dataDir, fsync }: StartBrokerOptions): Effect.Effect<Store, StreamBusError> =>
  dataDir === undefined
    ? Effect.sync(memoryStore)
    : openLmdbStore({ directory: dataDir, fsync: fsync ?? false })

const checkedConfig = (options: StartBrokerOptions) => {
  const { dataDir, port, host, fsync, topics } = options
  const problems: string[] = []
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65_535)) {
    problems.push(`port must be an integer from 0 to 65535, not ${String(port)}`)
  }
  if (host === '') problems.push('host must not be empty')
  if (dataDir === '') problems.push('dataDir must not be empty')
  if (fsync === true && dataDir === undefined) problems.push('fsync needs a dataDir')
  for (const [name, { partitions = 1 }] of Object.entries(topics ?? {})) {
    const problem = topicProblem({ name, partitions, configs: {} })
    if (problem !== undefined) problems.push(`topics.${name}: ${problem.message}`)
  }
  if (problems.length > 0) throw invalidConfig(problems)
  return brokerConfig(options, { listening: port !== undefined })
}

const createMissing = (
  { topics, config }: Broker,
  options: StartBrokerOptions,
): Effect.Effect<void, StreamBusError> =>
  Effect.forEach(
    Object.entries(options.topics ?? {}),
    ([name, { partitions = config.defaultPartitions }]) => {
      const existing = topics.byName(name)?.logs.length
      if (existing === partitions) return Effect.void
      if (existing !== undefined) {
        const problem = `topics.${name}: it exists with ${existing} partitions, not ${partitions}`
        return Effect.fail(invalidConfig([problem]))
      }
      return Effect.flatMap(topics.create({ name, partitions, configs: {} }), (created) =>
        created.type === 'created'
          ? Effect.void
          : Effect.fail(invalidConfig([`topics.${name}: ${created.message}`])),
      )
    },
    { discard: true },
  )

const listen = (
  broker: Broker,
  { host, port = 0 }: StartBrokerOptions,
  runtime: Runtime,
  logger: Logger,
): Effect.Effect<TcpServer, StreamBusError> =>
  listenTcp({
    runtime,
    logger,
    port,
    ...(host === undefined ? {} : { host }),
    handle: broker.handle,
    served: broker.served,
    maxRequestBytes: broker.config.maxRequestBytes,
    maxConnections: broker.config.maxConnections,
    idleMs: broker.config.connectionIdleMs,
  })

const embedded = ({ broker, server }: Started, runtime: Runtime): EmbeddedBroker => {
  let closed: Promise<void> | undefined
  const close = (): Promise<void> => {
    closed ??= runtime.promise(Effect.andThen(server?.close ?? Effect.void, broker.close))
    return closed
  }
  return {
    handle: broker.handle,
    clusterId: broker.clusterId,
    host: server?.host,
    port: server?.port,
    address: server && formatAddress(server),
    describeGroup: broker.groups.describe,
    close,
    [Symbol.asyncDispose]: close,
  }
}
