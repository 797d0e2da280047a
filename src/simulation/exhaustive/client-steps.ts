import type { GroupError } from '../../machines/group-coordinator/events.js'
import type { Answer, Call } from './call.js'
import type { ClientCell, Clients, CommitUnderWay, Link, Stray } from './client-cell.js'
import { noLink } from './client-cell.js'
import { partitionSet } from './partition-set.js'
import type { ProcessCell, Processes } from './process-cell.js'
import type { ProcessEvent, ProcessStep, ProcessSteps } from './process-steps.js'

export interface ClientStep {
  readonly next: ClientCell
  /** A request that is parked at the coordinator: its answer will go nowhere. */
  readonly orphans: boolean
  readonly problem: string | null
}

/** Steps of a process together with its connections. */
export class ClientSteps {
  readonly #clients: Clients
  readonly #processes: Processes
  readonly #steps: ProcessSteps

  constructor(clients: Clients, processes: Processes, steps: ProcessSteps) {
    this.#clients = clients
    this.#processes = processes
    this.#steps = steps
  }

  /** The process takes a step; what it sends, gives up and closes shows on its connections. */
  step({ process, link }: ClientCell, event: ProcessEvent): ClientStep {
    const step = this.#steps.step(process, event)
    let { heartbeatAnswer, call, commit, strays } = link
    let orphans = false
    if (step.dropsCall && call !== null) {
      orphans = call.stage === 'parked'
      strays = withUnsent(strays, call.stage === 'asked' ? call.call : null)
      call = null
    }
    if (step.asks !== null) {
      call = { call: step.asks, stage: 'asked', answer: null, isRenewed: false }
    }
    if (step.restartsHeartbeat) heartbeatAnswer = null
    if (commit?.waiter === 'revoke' && step.next.actor !== 'commitOffsets') {
      // An interrupted request keeps its place in line; its answer is heard by nobody.
      commit = commit.answer === undefined ? { ...commit, waiter: 'nobody' } : null
    }
    commit ??= commitOf(step.next)
    const leave = step.leaves ? { memberId: step.next.memberId, isAnswered: false } : link.leave
    const next = { ...link, heartbeatAnswer, call, commit, leave, strays }
    return this.#rest(step, next, orphans)
  }

  /** kill -9: what was sent may arrive, nothing comes back. */
  crash({ link }: ClientCell): ClientStep {
    return this.#end(link, null)
  }

  endCall(client: ClientCell, answer: Answer | null): ClientStep {
    const { process, link } = client
    const { call, isRenewed } = link.call!
    const { contact } = this.#steps.step(process, { type: 'call.ended', call, answer })
    // A member that holds nothing counts from the answer on, but its SyncGroup is still to come, and
    // that counts from its sending on.
    const countsFromSending = contact === 'sent' && !isRenewed
    const heard = {
      ...link,
      call: null,
      isAhead: link.isAhead || countsFromSending,
      isSilent: link.isSilent && answer === null,
    }
    return this.step(this.#clients.of(process, heard), { type: 'call.ended', call, answer })
  }

  endCommit(client: ClientCell, error: GroupError | null | 'none'): ClientStep {
    const { process, link } = client
    const { generation, waiter } = link.commit!
    const isAwaited = waiter === 'revoke'
    return this.step(this.#clients.of(process, { ...link, commit: null }), {
      type: 'commit.ended',
      generation,
      error,
      isAwaited,
    })
  }

  /** Nothing is heard for a session. A member whose heartbeat runs knows it, and acts. */
  fallSilent(client: ClientCell): ClientStep {
    const { process, link } = client
    if (process.facts?.heartbeat == null) {
      const next = this.#clients.of(process, { ...link, isSilent: true })
      return { next, orphans: false, problem: null }
    }
    const { call, commit } = link
    const strays = withUnsent(link.strays, call?.stage === 'asked' ? call.call : null)
    const closed: Link = {
      ...link,
      call: null,
      heartbeatAnswer: null,
      commit: null,
      strays: withUnsentCommit(strays, commit),
      isSilent: true,
    }
    const waiting = call === null ? null : call.call
    const event = { type: 'lease.ended', call: waiting } as const
    const { next, problem, orphans } = this.step(this.#clients.of(process, closed), event)
    return { next, problem, orphans: orphans || call?.stage === 'parked' }
  }

  /**
   * The broker is another one: what was under way on the old connections is lost. A call that was
   * on its way may also be one that is sent only now, if the steps before it count as none.
   */
  disconnect(client: ClientCell, mergesQuietSteps: boolean): readonly ClientStep[] {
    const { process, link } = client
    const { call, leave } = link
    const cut: Link = {
      ...link,
      call: call === null ? null : { ...call, stage: 'lost', answer: null, isRenewed: false },
      heartbeatAnswer: null,
      // A commit before a revoke is tried again, as long as the hand-over may take.
      commit: commitOf(process),
      leave: null,
      strays: [],
    }
    const cell = this.#clients.of(process, cut)
    if (leave !== null) {
      return [this.step(cell, { type: 'actor.ended', actor: 'leaveGroup', tag: 'unavailable' })]
    }
    const lost = { next: cell, orphans: false, problem: null }
    if (call?.stage !== 'asked' || !mergesQuietSteps) return [lost]
    return [lost, { ...lost, next: this.#clients.of(process, { ...cut, call }) }]
  }

  /** The member's session began anew at the coordinator. */
  renew(client: ClientCell): ClientCell {
    const { process, link } = client
    const { call } = link
    // What is parked or on its way there is answered later, and only then does it count.
    const isHeard = call?.stage === 'answered' && call.answer?.error === null
    const renewed = isHeard ? { ...call, isRenewed: true } : call
    return this.#clients.of(process, { ...link, call: renewed, isAhead: false })
  }

  change({ process }: ClientCell, link: Link): ClientCell {
    return this.#clients.of(process, link)
  }

  /** A request was served that nobody waits for: the next in line is sent. */
  freeCommit({ process, link }: ClientCell): ClientCell {
    return this.#clients.of(process, { ...link, commit: commitOf(process) })
  }

  #rest(step: ProcessStep, link: Link, orphans: boolean): ClientStep {
    const { next, problem } = step
    if (next.path === 'left') return this.#end(link, problem)
    return { next: this.#clients.of(next, link), orphans, problem }
  }

  #end({ call, commit, leave, strays }: Link, problem: string | null): ClientStep {
    let left = withUnsent(strays, call?.stage === 'asked' ? call.call : null)
    left = withUnsentCommit(left, commit)
    if (leave !== null && !leave.isAnswered) {
      left = [...left, { type: 'leave', memberId: leave.memberId }]
    }
    const link = { ...noLink, strays: left }
    const next = this.#clients.of(this.#processes.gone, link)
    return { next, orphans: call?.stage === 'parked', problem }
  }
}

const withUnsent = (strays: readonly Stray[], call: Call | null): readonly Stray[] =>
  call === null ? strays : [...strays, { type: 'call', call }]

const withUnsentCommit = (
  strays: readonly Stray[],
  commit: CommitUnderWay | null,
): readonly Stray[] =>
  commit === null || commit.answer !== undefined
    ? strays
    : [...strays, { type: 'commit', commit: { ...commit, waiter: 'nobody' } }]

/** What a hand-over has to commit now, if it is at that. */
const commitOf = ({ facts, actor }: ProcessCell): CommitUnderWay | null => {
  if (actor !== 'commitOffsets') return null
  const { memberId, generation, revoking } = facts!.snapshot.context
  return { memberId, generation, partitions: partitionSet(revoking), waiter: 'revoke' }
}
