import { membersInOrder } from '../../machines/group-coordinator/context.js'
import type { GroupEmitted, SyncEvent } from '../../machines/group-coordinator/events.js'
import { legalTransitions } from '../../machines/group-coordinator/legal-transitions.js'
import { decodeAssignment } from '../../transport/protocol/consumer-protocol.js'
import type { CoordinatorCell, GroupCell } from './coordinator-cell.js'
import type { AnyGroupEvent, Reply } from './coordinator-steps.js'
import type { Timers } from './coordinator-timers.js'
import { bitOfId } from './identities.js'
import { partitionNames, partitionSet } from './partition-set.js'

export interface CoordinatorStepSeen {
  /** Null when a broker starts. */
  readonly from: GroupCell | null
  readonly event: AnyGroupEvent | null
  readonly next: GroupCell
  readonly replies: readonly Reply[]
  readonly emitted: readonly GroupEmitted[]
  readonly timers: Timers
}

type Rule = (seen: CoordinatorStepSeen) => string | null

/** What is wrong with a step of the coordinator, if anything. */
export const coordinatorProblem = (seen: CoordinatorStepSeen): string | null => {
  for (const rule of rules) {
    const problem = rule(seen)
    if (problem !== null) return problem
  }
  return null
}

const requestIdOf = (event: AnyGroupEvent | null): string | undefined =>
  (event as { readonly requestId?: string } | null)?.requestId

const parkedIn = (cell: GroupCell | null): string[] =>
  cell === null
    ? []
    : membersInOrder(cell.snapshot.context).flatMap(({ parkedJoin, parkedSync }) => [
        ...(parkedJoin === null ? [] : [parkedJoin.requestId]),
        ...(parkedSync === null ? [] : [parkedSync]),
      ])

/** What came in is parked or answered, and what is answered was there: each request once. */
const answersOnce: Rule = ({ from, event, next, replies }) => {
  const asked = requestIdOf(event)
  const before = [...parkedIn(from), ...(asked === undefined ? [] : [asked])].sort()
  const after = [...parkedIn(next), ...replies.map(({ requestId }) => requestId)].sort()
  return before.join() === after.join()
    ? null
    : `a request is answered once: ${before} became ${after}`
}

const generationRises: Rule = ({ from, next }) => {
  const rise = from === null ? 0 : next.generation - from.generation
  return rise === 0 || rise === 1 ? null : `the generation never falls: it rose by ${rise}`
}

/** Invariant 18: what a member is told as its part, a restart still knows. */
export const durabilityProblem = (
  { group, store }: CoordinatorCell,
  replies: readonly Reply[],
): string | null => {
  if (!replies.some((reply) => reply.to === 'member.sync' && reply.error === null)) return null
  const [stored] = store.durable
  return store.durable.length === 1 && stored?.generation === group.generation
    ? null
    : `replies follow durability: a SyncGroup of generation ${group.generation} was answered`
}

/** Invariant 3: of the current generation, by a member, and not while a new one begins. */
const commitsAreCurrent: Rule = ({ from, event, replies }) => {
  if (event?.type !== 'offsets.commit' || from === null) return null
  if (replies[0]?.error !== null) return null
  const { memberId, generation } = event as unknown as SyncEvent
  const isCurrent = from.memberIds.includes(memberId) && generation === from.generation
  return isCurrent && !from.path.startsWith('completing')
    ? null
    : `commits are of this generation: one of ${generation} by ${memberId} at ${from.generation}`
}

/** What counts as a sign of life for a member is one for the coordinator too. */
const contactRenews: Rule = ({ event, next, replies, timers }) => {
  if (event?.type !== 'member.heartbeat') return null
  const error = replies[0]?.error ?? null
  if (error !== null && error !== 'REBALANCE_IN_PROGRESS') return null
  const { memberId } = event as unknown as SyncEvent
  const runsNoSession = !next.sessions.includes(memberId)
  return runsNoSession || (timers.renewed & bitOfId(memberId)) !== 0
    ? null
    : `a heartbeat that is answered renews the session: ${memberId}'s does not`
}

/** Invariant 12: an assignment gives no partition twice. */
const assignsOnce: Rule = ({ event }) => {
  if (event?.type !== 'member.sync') return null
  let given = 0
  for (const { assignment } of (event as unknown as SyncEvent).assignments) {
    const set = partitionSet(decodeAssignment(Buffer.from(assignment, 'base64')).partitions)
    if ((set & given) !== 0) return `assigned once: ${partitionNames(set & given)} twice`
    given |= set
  }
  return null
}

/** A session timer for each member that has nothing parked, and for each id not used yet. */
const timersFit: Rule = ({ next, timers }) => {
  if (next.path === 'dead') return null
  const running = [...timers.sessions].sort()
  if (running.join() !== next.sessions.join()) {
    return `session timers: ${running} run, ${next.sessions} should`
  }
  return timers.isSyncTimed === (next.unsynced !== 0) ? null : 'the sync timer does not fit'
}

const leadersAreMembers: Rule = ({ next }) => {
  const { leaderId } = next.snapshot.context
  const isLed = leaderId !== null
  if (isLed && !next.memberIds.includes(leaderId)) return `the leader ${leaderId} is no member`
  const needsLeader = next.path.startsWith('completing') || next.path.startsWith('stable')
  return needsLeader && !isLed ? `${next.path} without a leader` : null
}

/** Invariant 17: only what the table says is ignored. */
const ignoresAsListed: Rule = ({ from, event, emitted }) => {
  if (from === null || !emitted.some(({ type }) => type === 'ignored')) return null
  const row = legalTransitions[from.path] as Readonly<Record<string, readonly string[]>>
  const listed = row[event!.type] ?? []
  return listed.includes('ignored') ? null : `ignored in ${from.path}: ${event!.type}`
}

const rules: readonly Rule[] = [
  answersOnce,
  generationRises,
  commitsAreCurrent,
  contactRenews,
  assignsOnce,
  timersFit,
  leadersAreMembers,
  ignoresAsListed,
]
