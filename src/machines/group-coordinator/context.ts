import { get, has, type Keyed, noKeys, valuesOf } from './keyed.js'
import type { Base64, MemberProtocol } from './member-protocol.js'
import { type LastRebalance, noCauses, type RebalanceCauses } from './rebalance-cause.js'

export interface GroupSettings {
  /** How long an empty group waits for more members before its first generation. */
  readonly initialRebalanceDelayMs: number
  /**
   * How long the JoinGroup of a new member may be parked. Its session cannot tell: it does not
   * know its id yet, so it cannot heartbeat, and a broken connection is not seen (KAFKA-7610).
   */
  readonly newMemberJoinTimeoutMs: number
  /**
   * How many members may take part in a rebalance, and the size up to which a group that does not
   * rebalance accepts new ones. Static members that are absent (KIP-345) may come on top of it.
   */
  readonly maxSize: number
}

/** A JoinGroup that waits for its answer. */
export interface ParkedJoin {
  readonly requestId: string
  readonly canSkipAssignment: boolean
  /** The leader before a static member came back under a new id (see `answerStaticReturns`). */
  readonly leaderBefore: string | null
}

export interface GroupMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  /** In order of preference. */
  readonly protocols: readonly MemberProtocol[]
  readonly assignment: Base64
  /** Counts up in the group: the first who joined is the first to lead. */
  readonly order: number
  /** Not yet part of any generation. */
  readonly isNew: boolean
  readonly parkedJoin: ParkedJoin | null
  /** Its SyncGroup that waits for its answer, by request id. */
  readonly parkedSync: string | null
}

export interface GroupContext {
  readonly groupId: string
  readonly settings: GroupSettings
  readonly generation: number
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly leaderId: string | null
  readonly members: Keyed<GroupMember>
  /** Member ids by group instance id. */
  readonly statics: Keyed<string>
  /** Ids given out with MEMBER_ID_REQUIRED that did not come back yet. */
  readonly pending: Keyed<{ readonly clientId: string }>
  /** Members of this generation that did not send SyncGroup yet. */
  readonly unsynced: Keyed<true>
  /** How many members support each protocol. */
  readonly protocolCounts: Keyed<number>
  /** How many members have a parked JoinGroup. */
  readonly awaitingJoin: number
  readonly nextOrder: number
  readonly initialDelay: {
    readonly delayMs: number
    readonly remainingMs: number
    readonly newMemberJoined: boolean
  }
  readonly causes: RebalanceCauses
  readonly lastRebalance: LastRebalance | null
}

export const emptyContext = (groupId: string, settings: GroupSettings): GroupContext => ({
  groupId,
  settings,
  generation: 0,
  protocolType: null,
  protocolName: null,
  leaderId: null,
  members: noKeys(),
  statics: noKeys(),
  pending: noKeys(),
  unsynced: noKeys(),
  protocolCounts: noKeys(),
  awaitingJoin: 0,
  nextOrder: 0,
  initialDelay: { delayMs: 0, remainingMs: 0, newMemberJoined: false },
  causes: noCauses,
  lastRebalance: null,
})

/** In the order they joined. */
export const membersInOrder = (context: Pick<GroupContext, 'members'>): GroupMember[] =>
  valuesOf(context.members).sort((a, b) => a.order - b.order)

/** The longest time that any member asks for; 0 without members. */
export const rebalanceTimeoutMs = (context: GroupContext): number =>
  valuesOf(context.members).reduce((most, member) => Math.max(most, member.rebalanceTimeoutMs), 0)

export const isAwaitingJoin = (context: GroupContext, memberId: string): boolean =>
  (get(context.members, memberId)?.parkedJoin ?? null) !== null

export const hasAllJoined = (context: GroupContext): boolean =>
  context.members.size === context.awaitingJoin && context.pending.size === 0

export const isStatic = (member: GroupMember): boolean => member.groupInstanceId !== null

export const isKnown = (context: GroupContext, memberId: string): boolean =>
  has(context.members, memberId)
