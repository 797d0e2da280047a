import type { ErrorCode } from './errors.js'
import type { TopicPartition } from './topic-partition.js'

/** The group lifecycle as users see it. */
export type MemberState =
  | 'idle'
  | 'joining'
  | 'syncing'
  | 'stable'
  | 'rebalancing'
  | 'leaving'
  | 'left'
  | 'fenced'
  | 'failed'

export type RebalanceProtocol = 'eager' | 'cooperative'

/** Why something happened, and how well that is known. */
export interface Cause {
  readonly what: string
  readonly evidence: 'observed' | 'inferred' | 'unknown'
}

/** An error as plain data, for machine contexts and traces. */
export interface ErrorInfo {
  readonly code: ErrorCode
  readonly message: string
  readonly kafkaError?: string
}

interface Refused {
  readonly tag: 'refused'
  readonly error: ErrorInfo
}

/** The coordinator moved, is loading, or cannot be reached: find it again after a pause. */
interface Unavailable {
  readonly tag: 'unavailable'
  readonly error: ErrorInfo
}

/** UNKNOWN_MEMBER_ID or ILLEGAL_GENERATION: what we held under that identity is gone. */
interface MemberUnknown {
  readonly tag: 'memberUnknown'
  readonly kafkaError: 'UNKNOWN_MEMBER_ID' | 'ILLEGAL_GENERATION'
}

export type FindCoordinatorOutcome = { readonly tag: 'found' } | Unavailable | Refused

export type JoinOutcome =
  | {
      readonly tag: 'joined'
      readonly memberId: string
      readonly generation: number
      readonly protocol: string
      readonly isLeader: boolean
      /** The leader of a static group may be told to keep the assignment (KIP-814). */
      readonly skipAssignment: boolean
      readonly memberCount: number
    }
  | { readonly tag: 'memberIdRequired'; readonly memberId: string }
  | MemberUnknown
  | Unavailable
  | Refused

/** The group leader's own work: all members' subscriptions in, an assignment for each out. */
export type AssignOutcome = { readonly tag: 'computed' } | Unavailable | Refused

export type SyncOutcome =
  | { readonly tag: 'synced'; readonly assigned: readonly TopicPartition[] }
  | { readonly tag: 'rebalancing' }
  | MemberUnknown
  | Unavailable
  | Refused

export type DrainOutcome = { readonly tag: 'drained' } | { readonly tag: 'timedOut' }

export type CommitOutcome =
  | { readonly tag: 'committed' }
  | { readonly tag: 'rebalancing' }
  | MemberUnknown
  | Unavailable
  | Refused

export type LeaveOutcome = { readonly tag: 'left' } | Unavailable

/** A callback's own error has been reported already; the rebalance goes on. */
export type CallbackOutcome = { readonly tag: 'called' }
