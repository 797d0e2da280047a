import type { MemberEventType } from './events.js'

/** The chart's innermost states in which a member can rest. */
export type MemberPath =
  | 'idle'
  | 'joining.findingCoordinator'
  | 'joining.requesting'
  | 'joining.backingOff'
  | 'syncing.computing'
  | 'syncing.requesting'
  | 'syncing.applying'
  | 'stable'
  | 'rebalancing.draining'
  | 'rebalancing.committing'
  | 'rebalancing.revoking'
  | 'leaving.draining'
  | 'leaving.committing'
  | 'leaving.revoking'
  | 'leaving.losing'
  | 'leaving.requesting'
  | 'fenced.losing'
  | 'fenced.abandoning'
  | 'fenced.releasing'
  | 'fenced.waitingForPoll'
  | 'failed.losing'
  | 'failed.releasing'
  | 'failed.resting'
  | 'left'

/** An actor's outcome by its tag, its defect, or the end of a pause. */
export type MemberOutcome = `${string}: ${string}` | 'backoff.elapsed'

export type MemberHappening = MemberEventType | MemberOutcome

/**
 * Another state; `stays`: expected there, and changes at most the context; `ignored`: out of place
 * there, recorded by the host.
 */
export type Decision = MemberPath | 'stays' | 'ignored'

type Row = Readonly<Record<MemberEventType, readonly Decision[]>>

const stays = ['stays'] as const
const ignored = ['ignored'] as const
/** Partitions are given up first, then the group, as far as there are any. */
const failing = ['failed.losing', 'failed.releasing', 'failed.resting'] as const
const failingAsMember = ['failed.losing', 'failed.releasing'] as const
const failingWithPartitions = ['failed.losing'] as const
/** Ignored: of an older generation, or nothing is held, or there is no group. */
const losingIfCurrent = ['fenced.losing', 'ignored'] as const

const rejoiningInGroup = ['rebalancing.draining', 'joining.findingCoordinator', 'ignored'] as const

const joining: Row = {
  subscribe: ignored,
  'subscription.changed': stays,
  'metadata.changed': stays,
  'group.rebalancing': stays,
  'member.unknown': losingIfCurrent,
  'member.replaced': failing,
  'session.expired': losingIfCurrent,
  'poll.overdue': stays,
  'poll.resumed': ignored,
  fail: failing,
  close: ['leaving.draining', 'leaving.requesting', 'left'],
}

const syncing: Row = {
  ...joining,
  'member.replaced': failingAsMember,
  fail: failingAsMember,
}

const rebalancing: Row = {
  ...syncing,
  'session.expired': ['fenced.losing'],
  'member.replaced': failingWithPartitions,
  fail: failingWithPartitions,
  close: ['leaving.draining'],
}

const leaving: Row = {
  subscribe: ignored,
  'subscription.changed': stays,
  'metadata.changed': stays,
  'group.rebalancing': stays,
  'member.unknown': stays,
  'member.replaced': stays,
  'session.expired': stays,
  'poll.overdue': stays,
  'poll.resumed': ignored,
  fail: stays,
  close: stays,
}

/** As long as something is held, a loss changes the way out. */
const leavingWithPartitions: Row = {
  ...leaving,
  'member.unknown': ['leaving.losing', 'ignored'],
  'member.replaced': ['leaving.losing'],
  'session.expired': ['leaving.losing', 'ignored'],
}

/** All wait for `onPartitionsLost`, also a failure and a close. */
const fenced: Row = leaving

const failed: Row = { ...leaving, 'poll.resumed': stays }

/**
 * Every pair of state and event, decided on purpose. Where a row lists several decisions, guards
 * decide by what the event says and what the member holds; each listed one does occur.
 */
export const legalTransitions: Readonly<Record<MemberPath, Row>> = {
  idle: {
    subscribe: ['joining.findingCoordinator', 'syncing.applying'],
    'subscription.changed': ignored,
    'metadata.changed': ignored,
    'group.rebalancing': ignored,
    'member.unknown': ignored,
    'member.replaced': ignored,
    'session.expired': ignored,
    'poll.overdue': ignored,
    'poll.resumed': ignored,
    fail: ignored,
    close: ['left'],
  },
  'joining.findingCoordinator': joining,
  'joining.requesting': joining,
  'joining.backingOff': joining,
  'syncing.computing': { ...syncing, 'session.expired': ['fenced.losing'] },
  'syncing.requesting': { ...syncing, 'session.expired': ['fenced.losing'] },
  // By hand there is no group to lose, to rejoin or to leave.
  'syncing.applying': syncing,
  stable: {
    ...syncing,
    // Without anything to revoke the way through `rebalancing` takes no time.
    'subscription.changed': rejoiningInGroup,
    'metadata.changed': rejoiningInGroup,
    'group.rebalancing': rejoiningInGroup,
    'poll.overdue': ['fenced.abandoning', 'ignored'],
  },
  'rebalancing.draining': rebalancing,
  'rebalancing.committing': rebalancing,
  'rebalancing.revoking': { ...rebalancing, close: stays },
  'leaving.draining': leavingWithPartitions,
  'leaving.committing': leavingWithPartitions,
  'leaving.revoking': leavingWithPartitions,
  'leaving.losing': leaving,
  'leaving.requesting': leaving,
  'fenced.losing': fenced,
  'fenced.abandoning': fenced,
  'fenced.releasing': {
    ...fenced,
    'member.replaced': ['failed.releasing', 'left'],
    fail: ['failed.releasing', 'left'],
  },
  'fenced.waitingForPoll': {
    ...fenced,
    'subscription.changed': ['joining.findingCoordinator'],
    'member.replaced': ['failed.resting'],
    'poll.resumed': ['joining.findingCoordinator'],
    fail: ['failed.resting'],
    close: ['left'],
  },
  'failed.losing': failed,
  'failed.releasing': failed,
  'failed.resting': { ...failed, close: ['left'] },
  left: {
    subscribe: stays,
    'subscription.changed': stays,
    'metadata.changed': stays,
    'group.rebalancing': stays,
    'member.unknown': stays,
    'member.replaced': stays,
    'session.expired': stays,
    'poll.overdue': stays,
    'poll.resumed': stays,
    fail: stays,
    close: stays,
  },
}

type Outcomes = Readonly<Partial<Record<MemberOutcome, readonly MemberPath[]>>>

/** A failure while closing ends at once when there is nothing to leave. */
const failingOrLeft = [...failing, 'left'] as const
const revokingNext: Outcomes = {
  'commitOffsets: committed': ['rebalancing.revoking'],
  'commitOffsets: rebalancing': ['rebalancing.revoking'],
  'commitOffsets: memberUnknown': ['fenced.losing'],
  'commitOffsets: unavailable': ['rebalancing.revoking'],
  'commitOffsets: refused': ['rebalancing.revoking'],
  'commitOffsets: defect': failingWithPartitions,
}

/** What comes of each end of what a state waits for: an outcome, a defect, or time. */
export const legalOutcomes: Readonly<Partial<Record<MemberPath, Outcomes>>> = {
  'joining.findingCoordinator': {
    'findCoordinator: found': ['joining.requesting'],
    'findCoordinator: unavailable': ['joining.backingOff'],
    'findCoordinator: refused': failing,
    'findCoordinator: defect': failing,
  },
  'joining.requesting': {
    // An eager leader that keeps its assignment has nothing to compute (KIP-814).
    'joinGroup: joined': ['syncing.requesting', 'syncing.computing'],
    'joinGroup: memberIdRequired': ['joining.requesting'],
    'joinGroup: memberUnknown': ['joining.findingCoordinator', 'fenced.losing'],
    'joinGroup: unavailable': ['joining.backingOff'],
    'joinGroup: refused': failing,
    'joinGroup: defect': failing,
  },
  'joining.backingOff': { 'backoff.elapsed': ['joining.findingCoordinator'] },
  'syncing.computing': {
    'computeAssignment: computed': ['syncing.requesting'],
    'computeAssignment: unavailable': ['joining.backingOff'],
    'computeAssignment: refused': failingAsMember,
    'computeAssignment: defect': failingAsMember,
  },
  'syncing.requesting': {
    'syncGroup: synced': ['syncing.applying'],
    'syncGroup: rebalancing': ['joining.findingCoordinator'],
    'syncGroup: memberUnknown': ['joining.findingCoordinator', 'fenced.losing'],
    'syncGroup: unavailable': ['joining.backingOff'],
    'syncGroup: refused': failingAsMember,
    'syncGroup: defect': failingAsMember,
  },
  'syncing.applying': {
    // Straight on to `joining` when a reason to join again came meanwhile.
    'assignPartitions: called': ['stable', 'rebalancing.draining', 'joining.findingCoordinator'],
    'assignPartitions: defect': failingAsMember,
  },
  'rebalancing.draining': {
    'drainPartitions: drained': ['rebalancing.committing'],
    'drainPartitions: timedOut': ['rebalancing.committing'],
    'drainPartitions: defect': failingWithPartitions,
  },
  'rebalancing.committing': revokingNext,
  'rebalancing.revoking': {
    'revokePartitions: called': [
      'joining.findingCoordinator',
      'leaving.draining',
      'leaving.requesting',
      'left',
    ],
    'revokePartitions: defect': failingWithPartitions,
  },
  'leaving.draining': {
    'drainPartitions: drained': ['leaving.committing'],
    'drainPartitions: timedOut': ['leaving.committing'],
    'drainPartitions: defect': failingWithPartitions,
  },
  'leaving.committing': {
    'commitOffsets: committed': ['leaving.revoking'],
    'commitOffsets: rebalancing': ['leaving.revoking'],
    'commitOffsets: memberUnknown': ['leaving.losing'],
    'commitOffsets: unavailable': ['leaving.revoking'],
    'commitOffsets: refused': ['leaving.revoking'],
    'commitOffsets: defect': failingWithPartitions,
  },
  'leaving.revoking': {
    'revokePartitions: called': ['leaving.requesting', 'left'],
    'revokePartitions: defect': failingWithPartitions,
  },
  'leaving.losing': {
    'losePartitions: called': ['leaving.requesting', 'left'],
    'losePartitions: defect': failingWithPartitions,
  },
  'leaving.requesting': {
    'leaveGroup: left': ['left'],
    'leaveGroup: unavailable': ['left'],
    'leaveGroup: defect': ['failed.releasing'],
  },
  'fenced.losing': {
    'losePartitions: called': [
      'joining.findingCoordinator',
      'leaving.requesting',
      'left',
      'failed.releasing',
      'failed.resting',
    ],
    'losePartitions: defect': failingOrLeft,
  },
  'fenced.abandoning': {
    'losePartitions: called': ['fenced.releasing', 'failed.releasing', 'left'],
    'losePartitions: defect': ['failed.losing', 'failed.releasing', 'left'],
  },
  'fenced.releasing': {
    'leaveGroup: left': ['fenced.waitingForPoll', 'left'],
    'leaveGroup: unavailable': ['fenced.waitingForPoll', 'left'],
    'leaveGroup: defect': ['failed.releasing', 'left'],
  },
  'failed.losing': {
    'losePartitions: called': ['failed.releasing', 'failed.resting', 'left'],
    'losePartitions: defect': ['failed.releasing', 'failed.resting', 'left'],
  },
  'failed.releasing': {
    'leaveGroup: left': ['failed.resting', 'left'],
    'leaveGroup: unavailable': ['failed.resting', 'left'],
    'leaveGroup: defect': ['failed.resting', 'left'],
  },
}
