import type { Cause, ErrorInfo } from '../../domain/membership.js'

/** What reaches a member from outside: its application, its heartbeat, its commits. */
export type MemberEvent =
  | { readonly type: 'subscribe'; readonly topics: readonly string[] }
  | { readonly type: 'subscription.changed'; readonly topics: readonly string[] }
  /** The group leader saw partitions of a subscribed topic come or go. */
  | { readonly type: 'metadata.changed'; readonly cause: Cause }
  /** A heartbeat or commit was answered REBALANCE_IN_PROGRESS. */
  | { readonly type: 'group.rebalancing'; readonly cause: Cause }
  | {
      readonly type: 'member.unknown'
      readonly kafkaError: 'UNKNOWN_MEMBER_ID' | 'ILLEGAL_GENERATION'
      /** The generation the rejected request was made under: older news are no news. */
      readonly generation: number
    }
  /** FENCED_INSTANCE_ID: another process runs under our group.instance.id. */
  | { readonly type: 'member.replaced'; readonly error: ErrorInfo }
  /** No answer from the coordinator for a whole session timeout. */
  | { readonly type: 'session.expired'; readonly cause: Cause }
  /** The application did not poll for maxPollIntervalMs. */
  | { readonly type: 'poll.overdue'; readonly cause: Cause }
  | { readonly type: 'poll.resumed' }
  | { readonly type: 'fail'; readonly error: ErrorInfo }
  | { readonly type: 'close'; readonly leaveGroup: boolean }

export type MemberEventType = MemberEvent['type']
