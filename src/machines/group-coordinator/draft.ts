import type { GroupContext, GroupMember } from './context.js'
import type {
  GroupEmitted,
  GroupError,
  GroupReply,
  GroupRequest,
  JoinReply,
  SyncReply,
} from './events.js'
import { put } from './keyed.js'
import { type RebalanceCause, type RebalanceWhat, withCause } from './rebalance-cause.js'

/** What a step asks the chart to do besides changing the context. */
export type Output =
  | { readonly type: 'emit'; readonly event: GroupEmitted }
  | { readonly type: 'startSession'; readonly memberId: string; readonly delayMs: number }
  | { readonly type: 'endSession'; readonly memberId: string }
  | { readonly type: 'startSyncTimer'; readonly delayMs: number }
  | { readonly type: 'endSyncTimer' }

/**
 * One action of the chart in the making: the context so far and what shall happen. It lives only
 * while the action is computed, which is why it may change in place.
 */
export class Draft {
  context: GroupContext
  readonly outputs: Output[] = []

  constructor(context: GroupContext) {
    this.context = context
  }

  set(change: Partial<GroupContext>): void {
    this.context = { ...this.context, ...change }
  }

  setMember(member: GroupMember): void {
    this.set({ members: put(this.context.members, member.memberId, member) })
  }

  emit(event: GroupEmitted): void {
    this.outputs.push({ type: 'emit', event })
  }

  reply(requestId: string, reply: GroupReply): void {
    this.emit({ type: 'reply', requestId, ...reply })
  }

  startSession(memberId: string, delayMs: number): void {
    this.outputs.push({ type: 'startSession', memberId, delayMs })
  }

  endSession(memberId: string): void {
    this.outputs.push({ type: 'endSession', memberId })
  }

  startSyncTimer(delayMs: number): void {
    this.outputs.push({ type: 'startSyncTimer', delayMs })
  }

  endSyncTimer(): void {
    this.outputs.push({ type: 'endSyncTimer' })
  }

  because(
    what: RebalanceWhat,
    member: Pick<RebalanceCause, 'memberId' | 'clientId'>,
    reason: string | null = null,
  ): void {
    const { memberId, clientId } = member
    const cause = { what, memberId, clientId, ...(reason === null ? {} : { reason }) }
    this.set({ causes: withCause(this.context.causes, cause) })
  }
}

export const joinError = (error: GroupError, memberId: string): JoinReply => ({
  to: 'member.join',
  error,
  memberId,
  generation: -1,
  protocolType: null,
  protocolName: null,
  leaderId: '',
  skipAssignment: false,
  members: [],
})

export const syncError = (error: GroupError): SyncReply => ({
  to: 'member.sync',
  error,
  protocolType: null,
  protocolName: null,
  assignment: '',
})

export const errorReply = (request: GroupRequest, error: GroupError): GroupReply => {
  switch (request.type) {
    case 'member.join':
      return joinError(error, request.memberId)
    case 'member.sync':
      return syncError(error)
    case 'member.leave':
      return { to: 'member.leave', error, members: [] }
    default:
      return { to: request.type, error }
  }
}
