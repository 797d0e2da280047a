import type { KafkaErrorName } from '../../transport/protocol/kafka-errors.js'
import type { ApiName } from '../../transport/protocol/registry.js'

/** What comes between a request and its answer, at the broker. */
export type Interference =
  /** Not handled: answered with an error that Kafka could give there. */
  | { readonly do: 'refuse'; readonly error: KafkaErrorName }
  /** Handled, and the answer comes late. */
  | { readonly do: 'delay'; readonly ms: number }
  /** Handled, and the client is asked to pause (KIP-219). */
  | { readonly do: 'throttle'; readonly ms: number }
  /** Handled, and the answer never comes. */
  | { readonly do: 'swallow' }
  /** Neither handled nor answered: it was lost on a connection that nobody knows to be dead. */
  | { readonly do: 'lose' }
  /** Handled twice: a client's retry whose first request had arrived after all. */
  | { readonly do: 'repeat' }

interface Ordered {
  readonly interference: Interference
  readonly api: ApiName
  /** A client's id, or undefined for whoever comes. */
  readonly of: string | undefined
  left: number
}

/** What is ordered for the next requests of some kind. */
export class Interferences {
  #ordered: Ordered[] = []

  order(interference: Interference, api: ApiName, times: number, of?: string): void {
    this.#ordered.push({ interference, api, of, left: times })
  }

  take(api: ApiName, clientId: string): Interference | undefined {
    if (this.#ordered.length === 0) return undefined
    const found = this.#ordered.find(
      (one) => one.api === api && (one.of === undefined || clientId.startsWith(`${one.of}.`)),
    )
    if (found === undefined) return undefined
    found.left--
    if (found.left === 0) this.#ordered = this.#ordered.filter((one) => one !== found)
    return found.interference
  }

  clear(): void {
    this.#ordered = []
  }
}

const looking = ['COORDINATOR_NOT_AVAILABLE', 'COORDINATOR_LOAD_IN_PROGRESS'] as const
const moved = ['NOT_COORDINATOR', ...looking] as const
const leader = [
  'NOT_LEADER_OR_FOLLOWER',
  'LEADER_NOT_AVAILABLE',
  'UNKNOWN_TOPIC_OR_PARTITION',
] as const
const forgotten = ['UNKNOWN_MEMBER_ID'] as const
const outdated = [...forgotten, 'ILLEGAL_GENERATION'] as const

/**
 * Errors that Kafka's broker gives in answer to each API and that may pass. Those that end a
 * consumer for good (authorization, configuration) are not among them: it would rightly stay away.
 */
export const passingErrors: Readonly<Partial<Record<ApiName, readonly KafkaErrorName[]>>> = {
  FindCoordinator: looking,
  JoinGroup: [...moved, ...forgotten, 'REBALANCE_IN_PROGRESS'],
  SyncGroup: [...moved, ...outdated, 'REBALANCE_IN_PROGRESS'],
  Heartbeat: [...moved, ...outdated, 'REBALANCE_IN_PROGRESS'],
  LeaveGroup: [...moved, ...forgotten],
  OffsetCommit: [...moved, ...outdated, 'REBALANCE_IN_PROGRESS', 'REQUEST_TIMED_OUT'],
  OffsetFetch: [...moved, 'UNSTABLE_OFFSET_COMMIT'],
  Fetch: [...leader, 'FENCED_LEADER_EPOCH', 'UNKNOWN_LEADER_EPOCH', 'KAFKA_STORAGE_ERROR'],
  ListOffsets: [...leader, 'OFFSET_NOT_AVAILABLE'],
  Metadata: ['LEADER_NOT_AVAILABLE'],
  Produce: ['NOT_LEADER_OR_FOLLOWER', 'NOT_ENOUGH_REPLICAS', 'REQUEST_TIMED_OUT'],
  InitProducerId: looking,
}
