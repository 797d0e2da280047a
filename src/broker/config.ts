import { StreamBusError } from '../domain/errors.js'

/** Kafka's limit is the int32 of its wire format; a replica-less broker wants a nearer one. */
export const MAX_PARTITIONS_PER_TOPIC = 10_000

/** Every setting of the embedded broker, complete. Times are milliseconds, sizes bytes. */
export interface BrokerConfig {
  /** Default 1. */
  readonly nodeId: number
  /** `HOST:PORT` that clients are told to connect to. Default: the address they dialled. */
  readonly advertise: string | undefined
  /** Whether a Metadata request creates topics it does not find. Default false (Kafka: true). */
  readonly autoCreateTopics: boolean
  /** Partitions of a topic created without a count. Default 1. */
  readonly defaultPartitions: number
  /** All topics together; creating beyond is POLICY_VIOLATION. Default 200_000. */
  readonly maxPartitions: number
  /** Largest record batch, unless the topic says otherwise. Default 1_048_588, as Kafka. */
  readonly maxMessageBytes: number
  /** Largest request; a bigger one closes its connection. Default 100 MiB, as Kafka. */
  readonly maxRequestBytes: number
  /** Most record bytes in one fetch response, the first batch excepted. Default 55 MiB, as Kafka. */
  readonly maxFetchBytes: number
  /** Connections beyond are refused. Default 10_000. */
  readonly maxConnections: number
  /** A connection that completes no request for so long is closed. Default 600_000, as Kafka. */
  readonly connectionIdleMs: number
  /**
   * A partition forgets an idempotent producer that wrote nothing for so long. Default
   * 86_400_000, as Kafka (`producer.id.expiration.ms`).
   */
  readonly producerIdExpirationMs: number
  /**
   * How long an empty group waits for more members before its first generation. Default 0 in
   * process and 1_000 with a TCP listener (Kafka: 3_000).
   */
  readonly groupInitialRebalanceDelayMs: number
  /** Default 100 (Kafka: 6_000), so that tests and demos can lose a member quickly. */
  readonly groupMinSessionTimeoutMs: number
  /** Default 1_800_000, as Kafka. */
  readonly groupMaxSessionTimeoutMs: number
  /** Default 2^31 - 1, as Kafka. */
  readonly groupMaxSize: number
  /** Longest metadata string with a committed offset. Default 4096, as Kafka. */
  readonly maxOffsetMetadataBytes: number
}

/** What a caller may set; what is absent or undefined takes its default. */
export type BrokerSettings = { readonly [K in keyof BrokerConfig]?: BrokerConfig[K] | undefined }

const INT32_MAX = 2_147_483_647

const defaults = (listening: boolean): BrokerConfig => ({
  nodeId: 1,
  advertise: undefined,
  autoCreateTopics: false,
  defaultPartitions: 1,
  maxPartitions: 200_000,
  maxMessageBytes: 1_048_588,
  maxRequestBytes: 100 * 1024 * 1024,
  maxFetchBytes: 55 * 1024 * 1024,
  maxConnections: 10_000,
  connectionIdleMs: 600_000,
  producerIdExpirationMs: 86_400_000,
  groupInitialRebalanceDelayMs: listening ? 1_000 : 0,
  groupMinSessionTimeoutMs: 100,
  groupMaxSessionTimeoutMs: 1_800_000,
  groupMaxSize: INT32_MAX,
  maxOffsetMetadataBytes: 4096,
})

type NumberField = {
  [K in keyof BrokerConfig]: BrokerConfig[K] extends number ? K : never
}[keyof BrokerConfig]

/** Smallest and largest legal value of each number. */
const ranges: Readonly<Record<NumberField, readonly [least: number, most: number]>> = {
  nodeId: [0, INT32_MAX],
  defaultPartitions: [1, MAX_PARTITIONS_PER_TOPIC],
  maxPartitions: [1, INT32_MAX],
  maxMessageBytes: [0, INT32_MAX],
  maxRequestBytes: [1024, INT32_MAX],
  maxFetchBytes: [1024, INT32_MAX],
  maxConnections: [1, INT32_MAX],
  connectionIdleMs: [1, INT32_MAX],
  producerIdExpirationMs: [1, Number.MAX_SAFE_INTEGER],
  groupInitialRebalanceDelayMs: [0, INT32_MAX],
  groupMinSessionTimeoutMs: [1, INT32_MAX],
  groupMaxSessionTimeoutMs: [1, INT32_MAX],
  groupMaxSize: [1, INT32_MAX],
  maxOffsetMetadataBytes: [0, INT32_MAX],
}

/**
 * Fills in the defaults and checks every field. Errors: INVALID_CONFIG, one line naming each
 * wrong field.
 */
export const brokerConfig = (
  settings: BrokerSettings,
  how: { readonly listening: boolean },
): BrokerConfig => {
  const fallback = defaults(how.listening)
  const config = Object.fromEntries(
    Object.entries(fallback).map(([field, value]) => [
      field,
      settings[field as keyof BrokerConfig] ?? value,
    ]),
  ) as unknown as BrokerConfig
  const problems: string[] = []
  for (const [field, [least, most]] of Object.entries(ranges)) {
    const value = config[field as NumberField]
    if (Number.isSafeInteger(value) && value >= least && value <= most) continue
    problems.push(`${field} must be an integer from ${least} to ${most}, not ${String(value)}`)
  }
  if (typeof config.autoCreateTopics !== 'boolean') {
    problems.push('autoCreateTopics must be true or false')
  }
  if (config.advertise !== undefined && parseAddress(config.advertise) === undefined) {
    problems.push(`advertise must be HOST:PORT, not '${config.advertise}'`)
  }
  if (config.groupMinSessionTimeoutMs > config.groupMaxSessionTimeoutMs) {
    problems.push('groupMinSessionTimeoutMs must not exceed groupMaxSessionTimeoutMs')
  }
  if (problems.length > 0) throw invalidConfig(problems)
  return config
}

export const invalidConfig = (problems: readonly string[]): StreamBusError =>
  new StreamBusError('INVALID_CONFIG', `broker configuration: ${problems.join('; ')}`)

/** `host:port`, or `[v6::address]:port`. */
export const parseAddress = (text: string): { host: string; port: number } | undefined => {
  const match = /^(?:\[([0-9a-fA-F:.]{2,64})\]|([^\s:[\]]{1,255})):(\d{1,5})$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port }
}
