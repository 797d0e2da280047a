/** Mutants that no run of their host can tell from the chart as it is, and why. */
export interface Equivalent {
  readonly mutants: readonly string[]
  /** Why no behaviour differs; "hard to notice" is no reason. */
  readonly reason: string
}

/**
 * A host sees the state in which a step ends, its context and what it has done; which states it
 * passes on the way (`always`) is no difference. The rules that the reasons speak of are tests.
 */
export const equivalents: readonly Equivalent[] = [
  {
    mutants: [
      'member/joining.findingCoordinator/done:findCoordinator/swap:isFound,isUnavailable',
      'member/joining.requesting/done:joinGroup/swap:isJoined,isMemberIdRequired',
      'member/joining.requesting/done:joinGroup/swap:isMemberIdRequired,isMemberUnknown',
      'member/joining.requesting/done:joinGroup/swap:isMemberUnknown,isUnavailable',
      'member/syncing.computing/done:computeAssignment/swap:isComputed,isUnavailable',
      'member/syncing.requesting/done:syncGroup/swap:isSynced,isRebalancing',
      'member/syncing.requesting/done:syncGroup/swap:isRebalancing,isMemberUnknown',
      'member/syncing.requesting/done:syncGroup/swap:isMemberUnknown,isUnavailable',
    ],
    reason: 'An outcome has one tag, so at most one of the two guards holds.',
  },
  {
    mutants: ['member/syncing.entering/always/swap:isGroupless,isLeader'],
    reason: 'Only JoinGroup makes a leader, and a consumer without a group sends none.',
  },
  {
    mutants: [
      'member/idle/on:subscribe[else]/retarget:rebalancing',
      'member/joining.identityRejected/always[else]/retarget:rebalancing',
      'member/fenced.losing/done:losePartitions[else]/retarget:rebalancing',
      'member/fenced.waitingForPoll/on:poll.resumed/retarget:rebalancing',
      'member/fenced.waitingForPoll/on:subscription.changed/retarget:rebalancing',
    ],
    reason:
      'Nothing is held here (a rule), so `rebalancing` has nothing to revoke and goes on to ' +
      '`joining` in the same step; the heartbeat has ended already.',
  },
  {
    mutants: [
      'member/idle/on:close/retarget:leaving',
      'member/idle/on:close/retarget:failed',
      'member/fenced.waitingForPoll/on:close/retarget:failed',
      'member/fenced.waitingForPoll/on:close/retarget:left',
      'member/fenced.waitingForPoll/always/retarget:failed',
      'member/fenced.waitingForPoll/always/retarget:left',
    ],
    reason:
      'Nothing is held and there is no member id to leave with, and a close is noted: `leaving` ' +
      'and `failed` both go on to `left` in the same step.',
  },
  {
    mutants: [
      'member/fenced.waitingForPoll/on:close/drop',
      'member/fenced.waitingForPoll/on:close/retarget:nowhere',
      'member/failed.resting/on:close/retarget:nowhere',
    ],
    reason:
      'The close is noted all the same (without its own handler by the one of `fenced`), and ' +
      '`always` takes the way out in the same step.',
  },
  {
    mutants: ['member/fenced.losing/done:losePartitions[isClosing]/retarget:fenced.waitingForPoll'],
    reason: '`waitingForPoll` sends a member that is closing to `leaving` in the same step.',
  },
  {
    mutants: [
      'member/leaving.revoking/done:revokePartitions/retarget:leaving',
      'member/leaving.losing/done:losePartitions/retarget:leaving',
      'member/failed.losing/done:losePartitions/retarget:failed',
      'member/failed.losing/error:losePartitions/retarget:failed',
    ],
    reason:
      'Everything was given up in this transition, so planning anew finds nothing and comes to ' +
      '`deciding` in the same step.',
  },
  {
    mutants: ['member/leaving.deciding/always[needNotLeaveGroup]/retarget:failed'],
    reason:
      'Who leaves is closing and holds nothing any more; `failed` finds that there is no group ' +
      'to leave either and goes on to `left` in the same step.',
  },
  {
    mutants: ['member/left/entry/without:stopHeartbeat'],
    reason:
      'No heartbeat runs where a way leads to `left`: `idle` never had one, `failed` and ' +
      '`leaving.deciding` stopped theirs on entry; and a final state stops what is left.',
  },
  {
    mutants: ['coordinator/completingRebalance.awaitingSync/on:member.sync[else]/drop'],
    reason: 'The surrounding state does the same with a SyncGroup that is not the leader’s.',
  },
  {
    mutants: ['coordinator/stable/on:member.join[isUnchangedStaticReturn]/no-reenter'],
    reason:
      'The target lies inside the state that handles the event, so it is left and entered anew ' +
      'either way; `stable` itself does nothing on entry or exit.',
  },
  {
    mutants: ['coordinator/preparingRebalance/initial/retarget:initialDelay'],
    reason: 'Every transition into `preparingRebalance` names the inner state.',
  },
  {
    mutants: [
      'coordinator/preparingRebalance/on:session.expired/swap:isMemberSession,isPendingSession',
      'coordinator/completingRebalance/on:session.expired/swap:isMemberSession,isPendingSession',
      'coordinator/stable/on:session.expired/swap:isMemberSession,isPendingSession',
    ],
    reason: 'An id is never both a member’s and pending (a rule), so one guard holds at most.',
  },
  {
    mutants: [
      'coordinator/preparingRebalance/on:member.join/swap:needsMemberId,isStaticReturn',
      'coordinator/completingRebalance/on:member.join/swap:needsMemberId,isStaticReturn',
      'coordinator/stable/on:member.join/swap:needsMemberId,isUnchangedStaticReturn',
    ],
    reason: 'The one asks for no instance id, the other for one.',
  },
  {
    mutants: ['coordinator/stable/on:member.join/swap:isNewMember,isGroupLeader'],
    reason: 'A new member has no id or a pending one; the leader’s is a member’s (a rule).',
  },
  {
    mutants: ['coordinator/stable/on:member.join/swap:isGroupLeader,hasChangedProtocols'],
    reason: 'Both have the same target and the same actions.',
  },
]

/** The reason for which a mutant is listed, if it is. */
export const reasonFor = (id: string): string | undefined =>
  equivalents.find(({ mutants }) => mutants.includes(id))?.reason
