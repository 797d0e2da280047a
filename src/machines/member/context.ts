import type { Cause, ErrorInfo, RebalanceProtocol } from '../../domain/membership.js'
import type { TopicPartition } from '../../domain/topic-partition.js'

export interface MemberInput {
  /** Null for a consumer that has partitions assigned by hand and no group. */
  readonly groupId: string | null
  readonly groupInstanceId: string | null
  readonly rebalanceProtocol: RebalanceProtocol
  readonly topics: readonly string[]
  /** For a consumer without a group: what it reads. */
  readonly assign: readonly TopicPartition[]
  /** A draw in [0, 1) that spreads the retries of many members. */
  readonly jitter: number
  readonly retryBackoffMs: number
  readonly retryBackoffMaxMs: number
}

/** Plain JSON: a snapshot can be stored, sent to an inspector and compared. */
export interface MemberContext extends MemberInput {
  /** Empty until the coordinator gave one. */
  readonly memberId: string
  /** -1 while not a member of any generation. */
  readonly generation: number
  readonly protocol: string | null
  readonly isLeader: boolean
  readonly skipAssignment: boolean
  readonly memberCount: number
  /** What this member holds now: from before `onPartitionsAssigned` until after revoke or loss. */
  readonly owned: readonly TopicPartition[]
  /** What the coordinator decided in this generation. */
  readonly assigned: readonly TopicPartition[]
  /** Being given to the application in `syncing.applying`. */
  readonly adding: readonly TopicPartition[]
  /** On the way out in `rebalancing` and `leaving`. */
  readonly revoking: readonly TopicPartition[]
  /** Why the current or last rebalance of this member began. */
  readonly cause: Cause | null
  /** A reason to join again that came up while it could not be acted on. */
  readonly pendingCause: Cause | null
  /** Consecutive failures to reach the coordinator. */
  readonly attempt: number
  readonly rebalances: number
  readonly closing: { readonly leaveGroup: boolean } | null
  readonly error: ErrorInfo | null
  /** The last reason why the coordinator could not be used, while that lasts. */
  readonly trouble: ErrorInfo | null
}

export const initialContext = (input: MemberInput): MemberContext => ({
  ...input,
  memberId: '',
  generation: -1,
  protocol: null,
  isLeader: false,
  skipAssignment: false,
  memberCount: 0,
  owned: [],
  assigned: [],
  adding: [],
  revoking: [],
  cause: null,
  pendingCause: null,
  attempt: 0,
  rebalances: 0,
  closing: null,
  error: null,
  trouble: null,
})

/** The identity under which a request is made; the host builds requests from it. */
export interface MemberIdentity {
  readonly memberId: string
  readonly generation: number
}

export const identityOf = (context: MemberContext): MemberIdentity => ({
  memberId: context.memberId,
  generation: context.generation,
})
