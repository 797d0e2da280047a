import type { Answering } from './answering.js'
import type { Assumptions } from './assumptions.js'
import type { ClientCell } from './client-cell.js'
import { AT_ONCE, type ClientMoves, type Delivery } from './client-moves.js'
import type { ClientStep, ClientSteps } from './client-steps.js'
import type { CoordinatorCell, GroupCell } from './coordinator-cell.js'
import {
  type AnyGroupEvent,
  type CoordinatorStep,
  type CoordinatorSteps,
  internal,
  type NumberedEvent,
} from './coordinator-steps.js'
import { bitOfId, nextIdNumber, processName } from './identities.js'
import type { Model, State } from './model.js'
import { type MoveName, moveOf, NO_PROCESS } from './moves.js'
import { partitionNames } from './partition-set.js'
import { mayFire } from './timers.js'

/** What is told of each move that a state allows. The state is only lent. */
export type Visit = (move: number, next: State, problem: string | null) => void

export interface SuccessorParts {
  readonly model: Model
  readonly clientSteps: ClientSteps
  readonly clientMoves: ClientMoves
  readonly coordinatorSteps: CoordinatorSteps
  readonly answering: Answering
}

const CALLS: ReadonlySet<MoveName> = new Set(['callArrives', 'start', 'startAgain'])

/** What can happen in a state: everything that anybody can do next. */
export class Successors {
  readonly #model: Model
  readonly #members: number
  readonly #assumptions: Assumptions
  readonly #clientSteps: ClientSteps
  readonly #clientMoves: ClientMoves
  readonly #coordinatorSteps: CoordinatorSteps
  readonly #answering: Answering
  readonly #internal = new Map<AnyGroupEvent, NumberedEvent>()
  readonly #next: State

  constructor(parts: SuccessorParts) {
    const { members, assumptions } = parts.model.options
    this.#model = parts.model
    this.#members = members
    this.#assumptions = assumptions
    this.#clientSteps = parts.clientSteps
    this.#clientMoves = parts.clientMoves
    this.#coordinatorSteps = parts.coordinatorSteps
    this.#answering = parts.answering
    this.#next = new Int32Array(1 + members)
  }

  of(state: State, visit: Visit): void {
    for (let process = 0; process < this.#members; process++) {
      this.#ownMoves(state, process, visit)
      this.#requests(state, process, visit)
      this.#silences(state, process, visit)
    }
    const { group } = this.#model.coordinator(state)
    for (const memberId of group.sessions) this.#sessionTimer(state, memberId, visit)
    this.#groupTimers(state, group, visit)
    if (group.path.endsWith('.storing')) {
      this.#internalMove(state, 'stored', internal.stored, visit)
      this.#internalMove(state, 'notStored', internal.notStored, visit)
    }
    this.#restarts(state, visit)
  }

  #ownMoves(state: State, process: number, visit: Visit): void {
    const client = this.#model.client(state, process)
    client.memo.own ??= this.#clientMoves.own(client)
    for (const step of client.memo.own) this.#clientStep(state, process, step.name, step, visit)
  }

  #clientStep(state: State, process: number, name: MoveName, step: ClientStep, visit: Visit): void {
    const next = this.#copy(state)
    next[1 + process] = step.next.id
    if (step.orphans) {
      next[0] = this.#orphan(this.#model.coordinator(state), this.#model.client(state, process)).id
    }
    visit(moveOf(name, process), next, step.problem)
  }

  #orphan(coordinator: CoordinatorCell, { link }: ClientCell): CoordinatorCell {
    return this.#coordinatorSteps.orphan(coordinator, link.call!.call.memberId)
  }

  #requests(state: State, process: number, visit: Visit): void {
    const client = this.#model.client(state, process)
    client.memo.deliveries ??= this.#clientMoves
      .deliveries(client)
      .map((delivery) => ({ delivery, events: [] }))
    for (const { delivery, events } of client.memo.deliveries) {
      const nextId = delivery.needsId ? this.#nextId(state) : 0
      events[nextId] ??= this.#coordinatorSteps.numbered(delivery.event(nextId))
      const step = this.#coordinatorSteps.step(this.#model.coordinator(state), events[nextId])
      this.#deliver(state, process, delivery, step, visit)
    }
  }

  #nextId(state: State): number {
    let { ids } = this.#model.coordinator(state)
    for (let process = 0; process < this.#members; process++) {
      ids |= this.#model.client(state, process).ids
    }
    return nextIdNumber(ids)
  }

  #deliver(
    state: State,
    process: number,
    { name, sent, hears, commits }: Delivery,
    step: CoordinatorStep,
    visit: Visit,
  ): void {
    const next = this.#copy(state)
    let { problem, next: coordinator } = step
    let client = sent
    const atOnce = step.replies.find(({ requestId }) => requestId === AT_ONCE)
    if (hears !== null) {
      const heard = hears(atOnce!.error)
      client = heard.next
      problem ??= heard.problem
      if (heard.orphans) coordinator = this.#orphan(coordinator, sent)
    } else if (CALLS.has(name) && atOnce !== undefined) {
      client = this.#answering.answered(client, atOnce)
    }
    if (commits !== 0 && step.replies[0]!.error === null) {
      problem = this.#foreignCommit(state, process, commits) ?? problem
    }
    next[1 + process] = client.id
    this.#tell(next, step)
    next[0] = coordinator.id
    visit(moveOf(name, process), next, problem)
  }

  /** What is committed for a partition counts for its next owner too: only its owner may. */
  #foreignCommit(state: State, process: number, partitions: number): string | null {
    for (let other = 0; other < this.#members; other++) {
      const foreign = partitions & this.#model.client(state, other).held
      if (other !== process && foreign !== 0) {
        const names = partitionNames(foreign)
        return `only owners commit: ${processName(process)}'s for ${names} of ${processName(other)}`
      }
    }
    return null
  }

  /** Answers go out to whoever waits, and sessions that began anew are noted. */
  #tell(next: State, step: CoordinatorStep): void {
    next[0] = step.next.id
    if (step.replies.length === 0 && step.renewed === 0) return
    for (let process = 0; process < this.#members; process++) {
      next[1 + process] = this.#answering.told(this.#model.client(next, process), step).id
    }
  }

  /** A member that hears nothing for a session, by a fault or because it is waiting in vain. */
  #silences(state: State, process: number, visit: Visit): void {
    const client = this.#model.client(state, process)
    const { process: cell, link } = client
    if (cell.facts === null) return
    const { heartbeat } = cell.facts
    const { group } = this.#model.coordinator(state)
    if (!link.isSilent && (heartbeat !== null || (client.liveIds & group.timed) !== 0)) {
      this.#fallSilent(state, process, 'silence', visit)
    }
    if (heartbeat === null || link.call?.stage !== 'lost') return
    const isAccepted =
      heartbeat.generation === group.generation && group.memberIds.includes(heartbeat.memberId)
    if (!isAccepted) this.#fallSilent(state, process, 'leaseEnds', visit)
  }

  #fallSilent(state: State, process: number, name: MoveName, visit: Visit): void {
    const client = this.#model.client(state, process)
    client.memo.silent ??= this.#clientSteps.fallSilent(client)
    this.#clientStep(state, process, name, client.memo.silent, visit)
  }

  #sessionTimer(state: State, memberId: string, visit: Visit): void {
    const process = this.#processOf(state, bitOfId(memberId))
    // Nobody is behind the id: its process died, or goes by another one now.
    const verdict =
      process === NO_PROCESS
        ? 'yes'
        : mayFire('session', this.#model.client(state, process), this.#assumptions)
    if (verdict === 'no') return
    const name = verdict === 'early' ? 'sessionEndsEarly' : 'sessionEnds'
    const event = this.#coordinatorSteps.sessionExpired(memberId)
    this.#coordinatorMove(state, moveOf(name, process), event, visit)
  }

  #groupTimers(state: State, { path, awaited, unsynced }: GroupCell, visit: Visit): void {
    if (path === 'preparingRebalance.initialDelay') {
      this.#internalMove(state, 'delayEnds', internal.delayElapsed, visit)
    }
    if (path === 'preparingRebalance.awaitingMembers') {
      const names = ['rebalanceTimer', 'rebalanceTimerEarly'] as const
      this.#groupTimer(state, awaited, names, internal.rebalanceTimedOut, visit)
    }
    if (unsynced !== 0) {
      const names = ['syncTimer', 'syncTimerEarly'] as const
      this.#groupTimer(state, unsynced, names, internal.syncTimedOut, visit)
    }
  }

  /** The timer waits for all of these members: the slowest reason not to fire counts. */
  #groupTimer(
    state: State,
    ids: number,
    [name, earlyName]: readonly [MoveName, MoveName],
    event: AnyGroupEvent,
    visit: Visit,
  ): void {
    let isEarly = false
    for (let process = 0; process < this.#members; process++) {
      const client = this.#model.client(state, process)
      // Those nobody is behind hold no timer up.
      if ((client.liveIds & ids) === 0) continue
      const verdict = mayFire('rebalance', client, this.#assumptions)
      if (verdict === 'no') return
      isEarly ||= verdict === 'early'
    }
    this.#internalMove(state, isEarly ? earlyName : name, event, visit)
  }

  /** The process that goes by an id, or is about to hear that it does. */
  #processOf(state: State, bit: number): number {
    for (let process = 0; process < this.#members; process++) {
      if ((this.#model.client(state, process).liveIds & bit) !== 0) return process
    }
    return NO_PROCESS
  }

  #restarts(state: State, visit: Visit): void {
    for (const step of this.#coordinatorSteps.restarts(this.#model.coordinator(state))) {
      this.#disconnect(state, 0, step, this.#copy(state), step.problem, visit)
    }
  }

  /** Each client in turn, in each way in which it can be cut off. */
  #disconnect(
    state: State,
    process: number,
    step: CoordinatorStep,
    next: State,
    problem: string | null,
    visit: Visit,
  ): void {
    if (process === this.#members) {
      const told = next.slice()
      this.#tell(told, step)
      visit(moveOf('restart'), told, problem)
      return
    }
    const client = this.#model.client(state, process)
    const { mergesQuietSteps } = this.#model.options
    client.memo.disconnected ??= this.#clientSteps.disconnect(client, mergesQuietSteps)
    for (const cut of client.memo.disconnected) {
      next[1 + process] = cut.next.id
      this.#disconnect(state, process + 1, step, next, problem ?? cut.problem, visit)
    }
  }

  #internalMove(state: State, name: MoveName, event: AnyGroupEvent, visit: Visit): void {
    let numbered = this.#internal.get(event)
    if (numbered === undefined) {
      numbered = this.#coordinatorSteps.numbered(event)
      this.#internal.set(event, numbered)
    }
    this.#coordinatorMove(state, moveOf(name), numbered, visit)
  }

  #coordinatorMove(state: State, move: number, event: NumberedEvent, visit: Visit): void {
    const step = this.#coordinatorSteps.step(this.#model.coordinator(state), event)
    const next = this.#copy(state)
    this.#tell(next, step)
    visit(move, next, step.problem)
  }

  #copy(state: State): State {
    this.#next.set(state)
    return this.#next
  }
}
