import * as Effect from 'effect/Effect'
import { StreamBusError } from '../domain/errors.js'
import type { TopicPartitionOffset } from '../domain/topic-partition.js'
import { invalidConfig } from '../domain/validate.js'
import type { Runtime } from '../runtime/runtime.js'
import type { BrokerNode, TransportService } from '../transport/transport.js'
import { AdminCalls, caught } from './admin-calls.js'
import {
  deleteGroup,
  describeGroup,
  type GroupDescription,
  type GroupSummary,
  listGroups,
} from './groups.js'
import {
  commitGroupOffsets,
  type GroupOffset,
  groupOffsets,
  type ResetOffset,
  type ResetOptions,
  resetGroupOffsets,
} from './offsets.js'
import {
  createTopics,
  deleteTopics,
  describeTopics,
  listTopics,
  type NewTopic,
  type TopicDescription,
  type TopicSummary,
} from './topics.js'

export interface AdminOptions {
  /** Default 30_000: how long one call goes on, retries included. */
  readonly timeoutMs?: number
}

export interface AdminConnections {
  readonly runtime: Runtime
  readonly transport: TransportService
  readonly id: string
}

export interface ClusterDescription {
  readonly clusterId: string | null
  readonly controllerId: number
  readonly brokers: readonly BrokerNode[]
}

/**
 * Topics, groups and offsets. Every call retries passing trouble (a moving controller or
 * coordinator) until `timeoutMs` is over. Errors: UNKNOWN_TOPIC, TOPIC_EXISTS, UNKNOWN_GROUP,
 * GROUP_NOT_EMPTY, NOT_AUTHORIZED, REQUEST_TIMED_OUT, BROKER_UNREACHABLE, BROKER_ERROR.
 */
export class Admin implements AsyncDisposable {
  readonly #calls: AdminCalls
  #isClosed = false

  constructor(options: AdminOptions, { runtime, transport, id }: AdminConnections) {
    const { timeoutMs = 30_000 } = options
    if (!Number.isInteger(timeoutMs) || timeoutMs < 1) {
      throw invalidConfig(
        'admin',
        'timeoutMs: Expected a whole number of milliseconds',
        'timeoutMs',
      )
    }
    this.#calls = new AdminCalls({ runtime, transport, id, timeoutMs })
  }

  /** Resolves when every partition has a leader. */
  createTopic(name: string, options: Omit<NewTopic, 'name'> = {}): Promise<void> {
    return this.createTopics([{ name, ...options }])
  }

  createTopics(topics: readonly NewTopic[]): Promise<void> {
    return this.#run(createTopics(this.#calls, topics))
  }

  deleteTopics(names: readonly string[]): Promise<void> {
    return this.#run(deleteTopics(this.#calls, names))
  }

  listTopics(): Promise<readonly TopicSummary[]> {
    return this.#run(listTopics(this.#calls))
  }

  /** With the first and the next offset of every partition. */
  describeTopics(names: readonly string[]): Promise<readonly TopicDescription[]> {
    return this.#run(describeTopics(this.#calls, names))
  }

  describeCluster(): Promise<ClusterDescription> {
    const { transport, timeoutMs } = this.#calls.parts
    const asked = this.#calls.retrying(transport.metadata([], { maxAgeMs: 0, timeoutMs }))
    return this.#run(
      Effect.map(asked, ({ clusterId, controllerId, nodes }) => ({
        clusterId,
        controllerId,
        brokers: [...nodes.values()],
      })),
    )
  }

  /** `states`: Kafka's names, for example `['Stable']`; all without. */
  listGroups({
    states = [],
  }: {
    readonly states?: readonly string[]
  } = {}): Promise<readonly GroupSummary[]> {
    return this.#run(listGroups(this.#calls, states))
  }

  describeGroup(groupId: string): Promise<GroupDescription> {
    return this.#run(describeGroup(this.#calls, groupId))
  }

  /** Only groups without members: GROUP_NOT_EMPTY. */
  deleteGroup(groupId: string): Promise<void> {
    return this.#run(deleteGroup(this.#calls, groupId))
  }

  /** Committed offsets and lag of every partition that the group reads. */
  groupOffsets(groupId: string): Promise<readonly GroupOffset[]> {
    return this.#run(groupOffsets(this.#calls, groupId))
  }

  /** Sets offsets (next to process) of a group without members. */
  commitOffsets(groupId: string, offsets: readonly TopicPartitionOffset[]): Promise<void> {
    return this.#run(commitGroupOffsets(this.#calls, groupId, offsets))
  }

  /** Moves a group without members; returns what was (or, with `dryRun`, would be) changed. */
  resetOffsets(groupId: string, options: ResetOptions): Promise<readonly ResetOffset[]> {
    return this.#run(resetGroupOffsets(this.#calls, groupId, options))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const { transport, id } = this.#calls.parts
    transport.release(id)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #run<A>(effect: Effect.Effect<A, StreamBusError>): Promise<A> {
    if (this.#isClosed) {
      return Promise.reject(new StreamBusError('CONNECTION_CLOSED', 'the admin is closed'))
    }
    return this.#calls.parts.runtime.promise(caught(effect))
  }
}
