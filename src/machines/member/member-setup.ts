import { setup } from 'xstate'
import type {
  AssignOutcome,
  CallbackOutcome,
  CommitOutcome,
  DrainOutcome,
  FindCoordinatorOutcome,
  JoinOutcome,
  LeaveOutcome,
  SyncOutcome,
} from '../../domain/membership.js'
import type { TopicPartition } from '../../domain/topic-partition.js'
import { given } from '../given.js'
import { assigns } from './assigns.js'
import type { MemberContext, MemberIdentity, MemberInput } from './context.js'
import type { MemberEvent } from './events.js'
import { guards } from './guards.js'

export interface JoinInput extends MemberIdentity {
  readonly topics: readonly string[]
  readonly owned: readonly TopicPartition[]
  readonly reason: string
}

export interface PartitionsInput extends MemberIdentity {
  readonly partitions: readonly TopicPartition[]
}

/** I/O that the host gives: each ends with an outcome union, never with an expected failure. */
const actors = {
  findCoordinator: given<FindCoordinatorOutcome, undefined>('findCoordinator'),
  joinGroup: given<JoinOutcome, JoinInput>('joinGroup'),
  computeAssignment: given<AssignOutcome, { readonly protocol: string }>('computeAssignment'),
  syncGroup: given<
    SyncOutcome,
    MemberIdentity & {
      readonly topics: readonly string[]
      readonly protocol: string
      readonly withAssignment: boolean
    }
  >('syncGroup'),
  /** Lives from `syncing` on, through drains and callbacks, and reports by events. */
  heartbeat: given<never, MemberIdentity>('heartbeat'),
  assignPartitions: given<CallbackOutcome, PartitionsInput>('assignPartitions'),
  drainPartitions: given<DrainOutcome, PartitionsInput>('drainPartitions'),
  commitOffsets: given<CommitOutcome, PartitionsInput>('commitOffsets'),
  revokePartitions: given<CallbackOutcome, PartitionsInput>('revokePartitions'),
  losePartitions: given<CallbackOutcome, PartitionsInput>('losePartitions'),
  leaveGroup: given<LeaveOutcome, MemberIdentity>('leaveGroup'),
}

const base = setup({
  types: {
    context: {} as MemberContext,
    events: {} as MemberEvent,
    input: {} as MemberInput,
  },
  actors,
  guards,
  delays: {
    /** Doubles with each failure up to the maximum; the member's own draw spreads many members. */
    retryBackoff: ({ context }) => {
      const { retryBackoffMs, retryBackoffMaxMs, attempt, jitter } = context
      const exponential = retryBackoffMs * 2 ** Math.min(Math.max(attempt - 1, 0), 16)
      return Math.round(Math.min(exponential, retryBackoffMaxMs) * (0.8 + 0.4 * jitter))
    },
  },
  actions: {
    ...assigns,
    /** Nothing is dropped in silence: the host counts, logs and traces what came out of place. */
    recordIgnored: (): void => {},
  },
})

/** The vocabulary of the member chart; its states are written with it, a file each. */
export const memberSetup = base.extend({
  actions: {
    startHeartbeat: base.enqueueActions(({ enqueue, context }) => {
      enqueue.stopChild('heartbeat')
      enqueue.spawnChild('heartbeat', {
        id: 'heartbeat',
        input: { memberId: context.memberId, generation: context.generation },
      })
    }),
    stopHeartbeat: base.stopChild('heartbeat'),
    stopHeartbeatIfNothingHeld: base.enqueueActions(({ enqueue, context }) => {
      if (context.owned.length === 0) enqueue.stopChild('heartbeat')
    }),
  },
})
