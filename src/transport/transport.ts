import * as Context from 'effect/Context'
import type * as Effect from 'effect/Effect'
import type { StreamBusError } from '../domain/errors.js'
import type { ApiName, RequestInput, ResponseBody } from './protocol/registry.js'

/**
 * A broker serves one request per connection at a time, so each purpose has its own connection:
 * per broker one for metadata and one for produce; per consumer and broker those for fetching
 * (a fetch is held open until records come); per member one for joining (JoinGroup and SyncGroup
 * are parked for long) and one for control (Heartbeat, commits, LeaveGroup).
 */
export type Purpose = 'metadata' | 'produce' | 'fetch' | 'join' | 'control'

export type Target =
  | { readonly type: 'any' }
  | { readonly type: 'controller' }
  | { readonly type: 'node'; readonly nodeId: number }
  | { readonly type: 'coordinator'; readonly groupId: string }

export interface RequestOptions {
  readonly purpose: Purpose
  /** Deadline of the whole call: connecting, waiting in line and the answer. */
  readonly timeoutMs: number
  /** Needed for `fetch`, `join` and `control`: these connections belong to one consumer. */
  readonly owner?: string
  /** Never negotiate above this version. */
  readonly maxVersion?: number
}

/** A body, or how to make one when its shape depends on the negotiated version. */
export type RequestMaker<N extends ApiName> =
  | RequestInput<N>
  | ((version: number) => RequestInput<N>)

export interface BrokerNode {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
}

export interface PartitionView {
  readonly partition: number
  /** -1 while the partition has no leader. */
  readonly leader: number
  readonly leaderEpoch: number
  readonly replicas: readonly number[]
}

export interface TopicView {
  readonly name: string
  readonly topicId: string
  /** A Kafka error code; 0 when the topic is fine. */
  readonly errorCode: number
  /** Ordered by partition number. */
  readonly partitions: readonly PartitionView[]
}

export interface ClusterView {
  readonly clusterId: string | null
  readonly controllerId: number
  readonly nodes: ReadonlyMap<number, BrokerNode>
  /** Every topic ever asked for and still known, by name. */
  readonly topics: ReadonlyMap<string, TopicView>
  /** Grows by one at each refresh that changed anything. */
  readonly revision: number
}

/**
 * The client's one way to a cluster. Errors: BROKER_UNREACHABLE, REQUEST_TIMED_OUT,
 * CONNECTION_CLOSED (all retriable), UNSUPPORTED_VERSION, MALFORMED_MESSAGE. Error codes inside a
 * response are data and stay with the caller.
 */
export interface TransportService {
  readonly request: <N extends ApiName>(
    target: Target,
    api: N,
    input: RequestMaker<N>,
    options: RequestOptions,
  ) => Effect.Effect<ResponseBody<N>, StreamBusError>
  /**
   * The topics' metadata: from the cache when each topic is there, error-free and not older than
   * `maxAgeMs` (default metadataMaxAgeMs, 300_000) and nobody called `invalidate` since; else
   * asked anew. Concurrent refreshes share one request. `'all'` lists every topic.
   */
  readonly metadata: (
    topics: readonly string[] | 'all',
    options?: {
      readonly maxAgeMs?: number
      readonly timeoutMs?: number
      readonly allowAutoTopicCreation?: boolean
    },
  ) => Effect.Effect<ClusterView, StreamBusError>
  /** The last view, without asking. */
  readonly view: () => ClusterView
  /** The next `metadata` call asks again: a response said that leaders or topics changed. */
  readonly invalidate: () => void
  /** The group's coordinator, from the cache or by FindCoordinator. Group-level errors are data. */
  readonly coordinator: (
    groupId: string,
    timeoutMs: number,
  ) => Effect.Effect<{ readonly node: BrokerNode } | { readonly errorCode: number }, StreamBusError>
  readonly forgetCoordinator: (groupId: string) => void
  /** Called after each change of the view. Returns the unsubscribe function. */
  readonly watch: (listener: (view: ClusterView) => void) => () => void
  /**
   * Closes an owner's connections, or those for one purpose: it has left, or trusts them no more.
   * They open anew on use.
   */
  readonly release: (owner: string, purpose?: Purpose) => void
  readonly close: Effect.Effect<void>
}

export class Transport extends Context.Service<Transport, TransportService>()(
  'streambus/Transport',
) {}
