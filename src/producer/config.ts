import * as Schema from 'effect/Schema'
import type { CompressionName } from '../domain/record.js'
import { CountFrom, DurationMs, invalidConfig, validateOptions } from '../domain/validate.js'
import { murmur2Partitioner, type Partitioner } from './partitioner.js'

export interface ProducerOptions {
  /**
   * When a send counts as delivered: 'all' in-sync replicas have it (default), 1: the partition
   * leader has it, 0: it was handed to the network (offsets are -1 then, and losses go unseen).
   */
  readonly acks?: 'all' | 1 | 0
  /**
   * Default true with acks 'all', else false: the broker drops what a retry brings twice (KIP-98).
   * Without it a retry after a lost answer may store a record twice. Order is kept either way.
   */
  readonly idempotent?: boolean
  /** Default 'none'. */
  readonly compression?: CompressionName
  /** For gzip (1 to 9) and zstd (1 to 22). Default: the codec's own. */
  readonly compressionLevel?: number
  /**
   * Default 0: a batch leaves at the end of the tick, and while one of its partition is on its way
   * what comes is gathered into the next. Above 0: gathered for so long.
   */
  readonly lingerMs?: number
  /**
   * Default 1_000_000, a little below a broker's default limit (1_048_588). Also what one record
   * may take, before compression.
   */
  readonly maxBatchBytes?: number
  /** Default 8 MiB: batches of one request to one broker. */
  readonly maxRequestBytes?: number
  /** Default 32 MiB of records not settled yet; beyond, sends wait (up to deliveryTimeoutMs). */
  readonly maxBufferedBytes?: number
  /** Default 5 (which is most when idempotent): requests on their way to one broker. */
  readonly maxInFlight?: number
  /** Default 30_000: deadline of one request. */
  readonly requestTimeoutMs?: number
  /** Default 120_000: from `send` until it is delivered or fails, retries included. */
  readonly deliveryTimeoutMs?: number
  /** Default 100: before the first retry; doubled up to ten times as much. */
  readonly retryBackoffMs?: number
  /** Default 300_000: how old knowledge of partition counts may become. */
  readonly metadataMaxAgeMs?: number
  /** Default 'murmur2', as Kafka's Java producer; without a key: one partition per batch. */
  readonly partitioner?: 'murmur2' | Partitioner
}

/** Every option with its default. */
export type ProducerConfig = Required<
  Omit<ProducerOptions, 'partitioner' | 'acks' | 'compressionLevel'>
> & {
  /** As on the wire: -1 is 'all'. */
  readonly acks: -1 | 0 | 1
  readonly compressionLevel: number | undefined
  readonly partitioner: Partitioner
}

/** Brokers recognise the last five batches of a producer (Kafka's ProducerStateEntry). */
const MAX_IN_FLIGHT_IDEMPOTENT = 5

const Options = Schema.Struct({
  acks: Schema.optional(Schema.Literals(['all', 1, 0])),
  idempotent: Schema.optional(Schema.Boolean),
  compression: Schema.optional(Schema.Literals(['none', 'gzip', 'snappy', 'lz4', 'zstd'])),
  compressionLevel: Schema.optional(CountFrom(1)),
  lingerMs: Schema.optional(CountFrom(0)),
  maxBatchBytes: Schema.optional(CountFrom(256)),
  maxRequestBytes: Schema.optional(CountFrom(256)),
  maxBufferedBytes: Schema.optional(CountFrom(256)),
  maxInFlight: Schema.optional(CountFrom(1)),
  requestTimeoutMs: Schema.optional(DurationMs),
  deliveryTimeoutMs: Schema.optional(DurationMs),
  retryBackoffMs: Schema.optional(DurationMs),
  metadataMaxAgeMs: Schema.optional(DurationMs),
  partitioner: Schema.optional(Schema.Unknown),
})

/** Throws INVALID_CONFIG naming every wrong field. */
export const resolveProducerConfig = (options: ProducerOptions): ProducerConfig => {
  validateOptions('producer', Options, options)
  const acks = options.acks === undefined || options.acks === 'all' ? -1 : options.acks
  const maxBatchBytes = options.maxBatchBytes ?? 1_000_000
  const config: ProducerConfig = {
    acks,
    idempotent: options.idempotent ?? acks === -1,
    compression: options.compression ?? 'none',
    compressionLevel: options.compressionLevel,
    lingerMs: options.lingerMs ?? 0,
    maxBatchBytes,
    maxRequestBytes: options.maxRequestBytes ?? Math.max(8 * 1024 * 1024, maxBatchBytes),
    maxBufferedBytes: options.maxBufferedBytes ?? 32 * 1024 * 1024,
    maxInFlight: options.maxInFlight ?? MAX_IN_FLIGHT_IDEMPOTENT,
    requestTimeoutMs: options.requestTimeoutMs ?? 30_000,
    deliveryTimeoutMs: options.deliveryTimeoutMs ?? 120_000,
    retryBackoffMs: options.retryBackoffMs ?? 100,
    metadataMaxAgeMs: options.metadataMaxAgeMs ?? 300_000,
    partitioner:
      typeof options.partitioner === 'function' ? options.partitioner : murmur2Partitioner,
  }
  checkTogether(options, config)
  return config
}

const checkTogether = (options: ProducerOptions, config: ProducerConfig): void => {
  const wrong = (field: keyof ProducerOptions, problem: string): never => {
    throw invalidConfig('producer', `${field}: ${problem}`, field)
  }
  const { partitioner } = options
  if (partitioner !== undefined && typeof partitioner !== 'function' && partitioner !== 'murmur2') {
    wrong('partitioner', "Expected 'murmur2' or a function")
  }
  if (config.idempotent && config.acks !== -1) {
    wrong('idempotent', "needs acks 'all': leave acks out, or set idempotent to false")
  }
  if (config.idempotent && config.maxInFlight > MAX_IN_FLIGHT_IDEMPOTENT) {
    wrong('maxInFlight', `at most ${MAX_IN_FLIGHT_IDEMPOTENT} when idempotent`)
  }
  if (config.maxBatchBytes > config.maxRequestBytes) {
    wrong('maxBatchBytes', `must not exceed maxRequestBytes (${config.maxRequestBytes})`)
  }
  if (config.deliveryTimeoutMs < config.lingerMs) {
    wrong('deliveryTimeoutMs', `must not be below lingerMs (${config.lingerMs})`)
  }
  const highest = config.compression === 'gzip' ? 9 : 22
  if (config.compressionLevel !== undefined && config.compressionLevel > highest) {
    wrong('compressionLevel', `at most ${highest} for ${config.compression}`)
  }
}
