import type { Base64, MemberProtocol } from './member-protocol.js'
import type { LastRebalance } from './rebalance-cause.js'
import type { StoredGroup } from './stored-group.js'

/** The Kafka errors that the chart can answer with; `null` stands for NONE. */
export type GroupError =
  | 'COORDINATOR_NOT_AVAILABLE'
  | 'FENCED_INSTANCE_ID'
  | 'GROUP_ID_NOT_FOUND'
  | 'GROUP_MAX_SIZE_REACHED'
  | 'ILLEGAL_GENERATION'
  | 'INCONSISTENT_GROUP_PROTOCOL'
  | 'MEMBER_ID_REQUIRED'
  | 'NON_EMPTY_GROUP'
  | 'NOT_COORDINATOR'
  | 'REBALANCE_IN_PROGRESS'
  | 'UNKNOWN_MEMBER_ID'

export interface JoinEvent {
  readonly type: 'member.join'
  readonly requestId: string
  /** Empty: a member that has no id yet. */
  readonly memberId: string
  /** Drawn by the host, taken when `memberId` is empty. */
  readonly newMemberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly protocolType: string
  readonly protocols: readonly MemberProtocol[]
  readonly reason: string | null
  /** JoinGroup v4 on: a new dynamic member joins again with the id it is given (KIP-394). */
  readonly requireKnownMemberId: boolean
  /** JoinGroup v9 on (KIP-814). */
  readonly canSkipAssignment: boolean
}

interface MemberRequest {
  readonly requestId: string
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly generation: number
}

export interface SyncEvent extends MemberRequest {
  readonly type: 'member.sync'
  /** SyncGroup v5 on, else null (KIP-559). */
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly assignments: readonly { readonly memberId: string; readonly assignment: Base64 }[]
}

export interface HeartbeatEvent extends MemberRequest {
  readonly type: 'member.heartbeat'
}

/** Asks whether offsets may be committed; the host stores them when the answer is yes. */
export interface CommitEvent extends MemberRequest {
  readonly type: 'offsets.commit'
}

export interface MemberIdentity {
  /** Empty: whoever holds the instance id (an administrator removes a static member). */
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly reason: string | null
}

export interface LeaveEvent {
  readonly type: 'member.leave'
  readonly requestId: string
  readonly members: readonly MemberIdentity[]
}

export interface DeleteEvent {
  readonly type: 'group.delete'
  readonly requestId: string
}

export type GroupRequest =
  | JoinEvent
  | SyncEvent
  | HeartbeatEvent
  | CommitEvent
  | LeaveEvent
  | DeleteEvent

export type GroupEvent =
  | GroupRequest
  /** The broker closes: whoever waits is sent away. */
  | { readonly type: 'group.unload' }
  /** Delayed, with the id `session:<memberId>`. */
  | { readonly type: 'session.expired'; readonly memberId: string }
  /** Delayed, with the id `sync`: the time for SyncGroup is over (KAFKA-12890). */
  | { readonly type: 'sync.expired' }

export type EventOf<T extends GroupEvent['type']> = Extract<GroupEvent, { readonly type: T }>

export interface JoinedMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly metadata: Base64
}

export interface JoinReply {
  readonly to: 'member.join'
  readonly error: GroupError | null
  readonly memberId: string
  /** -1 with an error. */
  readonly generation: number
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly leaderId: string
  readonly skipAssignment: boolean
  /** Everybody, in the order they joined, for the group leader; empty for the others. */
  readonly members: readonly JoinedMember[]
}

export interface SyncReply {
  readonly to: 'member.sync'
  readonly error: GroupError | null
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly assignment: Base64
}

export interface LeaveReply {
  readonly to: 'member.leave'
  readonly error: GroupError | null
  readonly members: readonly {
    readonly memberId: string
    readonly groupInstanceId: string | null
    readonly error: GroupError | null
  }[]
}

export interface PlainReply {
  readonly to: 'member.heartbeat' | 'offsets.commit' | 'group.delete'
  readonly error: GroupError | null
}

export type GroupReply = JoinReply | SyncReply | LeaveReply | PlainReply

/** Which reply answers which request. */
export interface ReplyTo {
  readonly 'member.join': JoinReply
  readonly 'member.sync': SyncReply
  readonly 'member.leave': LeaveReply
  readonly 'member.heartbeat': PlainReply
  readonly 'offsets.commit': PlainReply
  readonly 'group.delete': PlainReply
}

/** What leaves the machine, as data: the host answers requests, stores and logs. */
export type GroupEmitted =
  | ({ readonly type: 'reply'; readonly requestId: string } & GroupReply)
  /** A generation is complete: stable with its members, or empty. */
  | {
      readonly type: 'rebalanced'
      readonly rebalance: LastRebalance
      readonly members: number
      readonly leaderId: string | null
    }
  /** The last member is gone. Nobody waits for it, but it is to be stored. */
  | { readonly type: 'emptied'; readonly group: StoredGroup }
  /** An event that this state does not handle. */
  | { readonly type: 'ignored'; readonly event: string }

export type PersistOutcome =
  | { readonly tag: 'stored' }
  | { readonly tag: 'notStored'; readonly message: string }
