import * as Schema from 'effect/Schema'
import type { Assignor } from '../assignors/index.js'
import { rebalanceProtocolOf, resolveAssignors } from '../assignors/index.js'
import type { MemberState, RebalanceProtocol } from '../domain/membership.js'
import type { TopicPartition } from '../domain/topic-partition.js'
import { CountFrom, DurationMs, invalidConfig, Name, validateOptions } from '../domain/validate.js'
import type { Inspect, Inspector } from '../runtime/runtime.js'

export type PartitionsCallback = (partitions: readonly TopicPartition[]) => void | Promise<void>

export type OffsetReset = 'earliest' | 'latest' | 'none'

export interface ConsumerOptions {
  /** Needed unless `assign` is given. */
  readonly groupId?: string
  readonly topics?: readonly string[]
  /** Partitions to read without joining a group. With a groupId, offsets are kept under it. */
  readonly assign?: readonly TopicPartition[]
  /** Default: the bus's client id. */
  readonly clientId?: string
  /** A name that survives restarts: static membership (KIP-345). */
  readonly groupInstanceId?: string
  /** Default 30_000. Without a heartbeat for this long the group goes on without the member. */
  readonly sessionTimeoutMs?: number
  /** Default 3_000; at most a third of the session timeout is wise. */
  readonly heartbeatIntervalMs?: number
  /** Default 60_000: how long the group waits for a member in a rebalance. */
  readonly rebalanceTimeoutMs?: number
  /** Default half of rebalanceTimeoutMs: how long a revoke waits for records in hand. */
  readonly drainTimeoutMs?: number
  /** Default 300_000: without a poll for this long the member gives its partitions up. */
  readonly maxPollIntervalMs?: number
  /** Default 'range'. A list is advertised in order of preference. */
  readonly assignmentStrategy?: string | Assignor | readonly (string | Assignor)[]
  /** Default true. Commits only what was handed out and finished with. */
  readonly autoCommit?: boolean
  /** Default 5_000. */
  readonly autoCommitIntervalMs?: number
  /** Default 'earliest': where to begin without a committed offset. 'none' fails instead. */
  readonly offsetReset?: OffsetReset
  /** Default 'read_committed'. */
  readonly isolationLevel?: 'read_committed' | 'read_uncommitted'
  /** Default 64 MiB fetched but not yet handed out. */
  readonly maxBufferedBytes?: number
  /** Default 1 MiB per partition in one fetch. */
  readonly maxPartitionFetchBytes?: number
  /** Default 1: the broker answers a fetch as soon as this much is there. */
  readonly fetchMinBytes?: number
  /** Default 500: or after this long. */
  readonly fetchMaxWaitMs?: number
  /** Default 30_000: deadline of one request. */
  readonly requestTimeoutMs?: number
  /** Default 300_000: how old the leader lets its knowledge of partition counts become. */
  readonly metadataMaxAgeMs?: number
  readonly rackId?: string
  /** Awaited after the group gave partitions and before the first record of them. */
  readonly onPartitionsAssigned?: PartitionsCallback
  /** Awaited before partitions go; may commit. */
  readonly onPartitionsRevoked?: PartitionsCallback
  /** Awaited after partitions went without warning; a commit would be refused. */
  readonly onPartitionsLost?: PartitionsCallback
  readonly onStateChange?: (state: MemberState, previous: MemberState) => void
  /** Troubles that are being retried, and callbacks that threw. */
  readonly onError?: (error: Error) => void
  /** XState inspection events of the member and of every partition; Stately's inspectors fit. */
  readonly inspect?: Inspector
}

type Callbacks =
  | 'onPartitionsAssigned'
  | 'onPartitionsRevoked'
  | 'onPartitionsLost'
  | 'onStateChange'
  | 'onError'
  | 'inspect'
type Optional = Callbacks | 'groupInstanceId' | 'rackId'

/** Every option with its default, and what follows from them. */
export type ConsumerConfig = Required<
  Omit<ConsumerOptions, Optional | 'assignmentStrategy' | 'groupId'>
> &
  Pick<ConsumerOptions, Exclude<Callbacks, 'inspect'>> & {
    readonly inspect: Inspect | undefined
    readonly groupId: string | null
    readonly groupInstanceId: string | null
    readonly rackId: string | null
    readonly assignors: readonly Assignor[]
    readonly rebalanceProtocol: RebalanceProtocol
  }

const Callback = Schema.optional(Schema.Unknown)

const Options = Schema.Struct({
  groupId: Schema.optional(Name),
  topics: Schema.optional(Schema.Array(Name)),
  assign: Schema.optional(Schema.Array(Schema.Struct({ topic: Name, partition: CountFrom(0) }))),
  clientId: Schema.optional(Name),
  groupInstanceId: Schema.optional(Name),
  sessionTimeoutMs: Schema.optional(DurationMs),
  heartbeatIntervalMs: Schema.optional(DurationMs),
  rebalanceTimeoutMs: Schema.optional(DurationMs),
  drainTimeoutMs: Schema.optional(DurationMs),
  maxPollIntervalMs: Schema.optional(DurationMs),
  assignmentStrategy: Schema.optional(Schema.Unknown),
  autoCommit: Schema.optional(Schema.Boolean),
  autoCommitIntervalMs: Schema.optional(DurationMs),
  offsetReset: Schema.optional(Schema.Literals(['earliest', 'latest', 'none'])),
  isolationLevel: Schema.optional(Schema.Literals(['read_committed', 'read_uncommitted'])),
  maxBufferedBytes: Schema.optional(CountFrom(1)),
  maxPartitionFetchBytes: Schema.optional(CountFrom(1)),
  fetchMinBytes: Schema.optional(CountFrom(0)),
  fetchMaxWaitMs: Schema.optional(CountFrom(0)),
  requestTimeoutMs: Schema.optional(DurationMs),
  metadataMaxAgeMs: Schema.optional(DurationMs),
  rackId: Schema.optional(Name),
  onPartitionsAssigned: Callback,
  onPartitionsRevoked: Callback,
  onPartitionsLost: Callback,
  onStateChange: Callback,
  onError: Callback,
  inspect: Callback,
})

/** Throws INVALID_CONFIG naming every wrong field. */
export const resolveConsumerConfig = (
  options: ConsumerOptions,
  defaultClientId: string,
): ConsumerConfig => {
  validateOptions('consumer', Options, options)
  const assignors = resolveAssignors(options.assignmentStrategy ?? 'range')
  const rebalanceTimeoutMs = options.rebalanceTimeoutMs ?? 60_000
  const config: ConsumerConfig = {
    groupId: options.groupId ?? null,
    topics: [...new Set(options.topics ?? [])],
    assign: options.assign ?? [],
    clientId: options.clientId ?? defaultClientId,
    groupInstanceId: options.groupInstanceId ?? null,
    sessionTimeoutMs: options.sessionTimeoutMs ?? 30_000,
    heartbeatIntervalMs: options.heartbeatIntervalMs ?? 3_000,
    rebalanceTimeoutMs,
    drainTimeoutMs: options.drainTimeoutMs ?? Math.ceil(rebalanceTimeoutMs / 2),
    maxPollIntervalMs: options.maxPollIntervalMs ?? 300_000,
    assignors,
    rebalanceProtocol: rebalanceProtocolOf(assignors),
    autoCommit: options.autoCommit ?? true,
    autoCommitIntervalMs: options.autoCommitIntervalMs ?? 5_000,
    offsetReset: options.offsetReset ?? 'earliest',
    isolationLevel: options.isolationLevel ?? 'read_committed',
    maxBufferedBytes: options.maxBufferedBytes ?? 64 * 1024 * 1024,
    maxPartitionFetchBytes: options.maxPartitionFetchBytes ?? 1024 * 1024,
    fetchMinBytes: options.fetchMinBytes ?? 1,
    fetchMaxWaitMs: options.fetchMaxWaitMs ?? 500,
    requestTimeoutMs: options.requestTimeoutMs ?? 30_000,
    metadataMaxAgeMs: options.metadataMaxAgeMs ?? 300_000,
    rackId: options.rackId ?? null,
    onPartitionsAssigned: options.onPartitionsAssigned,
    onPartitionsRevoked: options.onPartitionsRevoked,
    onPartitionsLost: options.onPartitionsLost,
    onStateChange: options.onStateChange,
    onError: options.onError,
    inspect: undefined,
  }
  checkTogether(options, config)
  return config
}

const checkTogether = (options: ConsumerOptions, config: ConsumerConfig): void => {
  const wrong = (field: string, problem: string): never => {
    throw invalidConfig('consumer', `${field}: ${problem}`, field)
  }
  for (const name of [
    'onPartitionsAssigned',
    'onPartitionsRevoked',
    'onPartitionsLost',
    'onStateChange',
    'onError',
  ] as const) {
    const given = options[name]
    if (given !== undefined && typeof given !== 'function') wrong(name, 'Expected a function')
  }
  if (options.inspect !== undefined && !isInspector(options.inspect)) {
    wrong('inspect', 'Expected a function or an observer with `next`')
  }
  if (config.assign.length > 0 && config.topics.length > 0) {
    wrong('assign', 'give either `topics` (with a group) or `assign` (without), not both')
  }
  if (config.groupId === null && config.assign.length === 0) {
    wrong('groupId', 'needed to join a group; to read without one give `assign`')
  }
  if (config.heartbeatIntervalMs >= config.sessionTimeoutMs) {
    wrong('heartbeatIntervalMs', `must be below sessionTimeoutMs (${config.sessionTimeoutMs})`)
  }
  const limit = config.rebalanceTimeoutMs - config.heartbeatIntervalMs
  if (config.assign.length === 0 && config.drainTimeoutMs >= limit) {
    wrong(
      'drainTimeoutMs',
      `must be below rebalanceTimeoutMs - heartbeatIntervalMs (${limit}), is ${config.drainTimeoutMs}`,
    )
  }
}

const isInspector = (given: unknown): boolean =>
  typeof given === 'function' ||
  (typeof given === 'object' &&
    given !== null &&
    'next' in given &&
    typeof given.next === 'function')
