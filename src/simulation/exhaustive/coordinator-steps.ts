import { type EventFromLogic, initialTransition } from 'xstate'
import type { GroupContext, GroupMember } from '../../machines/group-coordinator/context.js'
import { membersInOrder } from '../../machines/group-coordinator/context.js'
import type {
  GroupEmitted,
  GroupReply,
  GroupRequest,
} from '../../machines/group-coordinator/events.js'
import type { GroupCoordinatorMachine } from '../../machines/group-coordinator/group-coordinator-machine.js'
import { keyedBy } from '../../machines/group-coordinator/keyed.js'
import type { StoredGroup } from '../../machines/group-coordinator/stored-group.js'
import {
  type CoordinatorCell,
  type Coordinators,
  type Durable,
  type GroupCell,
  type GroupSnapshot,
  NOBODY,
  type StoreCell,
} from './coordinator-cell.js'
import { coordinatorProblem, durabilityProblem } from './coordinator-rules.js'
import { Timers } from './coordinator-timers.js'
import { pairOf } from './interner.js'
import { stepper } from './stepping.js'
import { tokenOf } from './token.js'

export type Reply = { readonly requestId: string } & GroupReply

export interface CoordinatorStep {
  readonly next: CoordinatorCell
  readonly replies: readonly Reply[]
  /** Members whose session began anew, as bits. */
  readonly renewed: number
  readonly problem: string | null
}

/** Any event of the chart, the ones that XState makes itself included. */
export type AnyGroupEvent = GroupRequest | { readonly type: string; readonly memberId?: string }

/** An event with a number, so that a step is found by two numbers. */
export interface NumberedEvent {
  readonly number: number
  readonly event: AnyGroupEvent
}

const SETTINGS = {
  initialRebalanceDelayMs: 0,
  newMemberJoinTimeoutMs: 300_000,
  maxSize: 1_000,
}

interface ChartAction {
  readonly type: string
  readonly params?: unknown
}

/** A step of the chart alone, before what the store makes of it. */
interface GroupStep {
  readonly next: GroupCell
  readonly replies: readonly Reply[]
  readonly renewed: number
  /** Writes that begin: a generation that is complete, or an empty group. */
  readonly writes: readonly StoredGroup[]
  readonly problem: string | null
}

/** Steps of the coordinator's chart with its timers and its store. Each is computed once. */
export class CoordinatorSteps {
  readonly #machine: GroupCoordinatorMachine
  readonly #step: ReturnType<typeof stepper<GroupCoordinatorMachine>>
  readonly #coordinators: Coordinators
  readonly #numbers = new Map<string, NumberedEvent>()
  readonly #expiries = new Map<string, NumberedEvent>()
  readonly #groupSteps = new Map<number, GroupStep>()
  readonly #known = new Map<number, CoordinatorStep>()
  readonly #restarts = new Map<number, readonly CoordinatorStep[]>()
  readonly #beginnings = new Map<string, CoordinatorStep>()
  readonly #orphaned = new Map<string, GroupCell>()

  constructor(machine: GroupCoordinatorMachine, coordinators: Coordinators) {
    this.#machine = machine
    this.#step = stepper(machine)
    this.#coordinators = coordinators
  }

  numbered(event: AnyGroupEvent): NumberedEvent {
    const key = JSON.stringify(event)
    let known = this.#numbers.get(key)
    if (known === undefined) {
      known = { number: this.#numbers.size, event }
      this.#numbers.set(key, known)
    }
    return known
  }

  sessionExpired(memberId: string): NumberedEvent {
    let event = this.#expiries.get(memberId)
    if (event === undefined) {
      event = this.numbered({ type: 'session.expired', memberId })
      this.#expiries.set(memberId, event)
    }
    return event
  }

  /** After a restart: of the writes under way any number has become durable, in their order. */
  restarts({ store }: CoordinatorCell): readonly CoordinatorStep[] {
    let steps = this.#restarts.get(store.id)
    if (steps === undefined) {
      steps = store.durable.map((stored) => this.begin(stored))
      this.#restarts.set(store.id, steps)
    }
    return steps
  }

  /** A coordinator that begins, with what its store has. */
  begin(stored: Durable): CoordinatorStep {
    const key = tokenOf(stored)
    let step = this.#beginnings.get(key)
    if (step === undefined) {
      step = this.#begin(stored)
      this.#beginnings.set(key, step)
    }
    return step
  }

  #begin(stored: Durable): CoordinatorStep {
    const group = { groupId: 'group', settings: SETTINGS }
    const input = stored === null ? group : { ...group, stored }
    const [snapshot, actions] = initialTransition(this.#machine, input)
    const step = this.#groupStep(snapshot, actions as readonly ChartAction[], null, null)
    const next = this.#coordinators.of(step.next, this.#coordinators.store([stored]))
    return { ...step, next }
  }

  step(cell: CoordinatorCell, numbered: NumberedEvent): CoordinatorStep {
    const place = pairOf(numbered.number, cell.id)
    let step = this.#known.get(place)
    if (step === undefined) {
      step = this.#withStore(cell, numbered)
      this.#known.set(place, step)
    }
    return step
  }

  /** Whoever waits for the answer to a parked request is gone. */
  orphan({ group, store }: CoordinatorCell, requestId: string): CoordinatorCell {
    const key = `${group.id} ${requestId}`
    let orphaned = this.#orphaned.get(key)
    if (orphaned === undefined) {
      orphaned = this.#withoutWaiter(group, requestId)
      this.#orphaned.set(key, orphaned)
    }
    return this.#coordinators.of(orphaned, store)
  }

  #withStore({ group, store }: CoordinatorCell, { number, event }: NumberedEvent): CoordinatorStep {
    const place = pairOf(number, group.id)
    let step = this.#groupSteps.get(place)
    if (step === undefined) {
      step = this.#take(group, event)
      this.#groupSteps.set(place, step)
    }
    const next = this.#coordinators.of(step.next, this.#storeAfter(store, event, step.writes))
    return { ...step, next, problem: step.problem ?? durabilityProblem(next, step.replies) }
  }

  /** Writes become durable in their order: the last one that is stored stands for all before it. */
  #storeAfter(store: StoreCell, event: AnyGroupEvent, writes: readonly StoredGroup[]): StoreCell {
    const isStored = event === internal.stored
    if (!isStored && event !== internal.notStored && writes.length === 0) return store
    const { durable } = store
    const settled = isStored
      ? durable.slice(-1)
      : event === internal.notStored
        ? durable.slice(0, -1)
        : durable
    return this.#coordinators.store([...settled, ...writes])
  }

  #take(group: GroupCell, event: AnyGroupEvent): GroupStep {
    const [snapshot, actions] = this.#step(
      group.snapshot,
      event as EventFromLogic<GroupCoordinatorMachine>,
    )
    return this.#groupStep(snapshot, actions as readonly ChartAction[], group, event)
  }

  #groupStep(
    snapshot: GroupSnapshot,
    actions: readonly ChartAction[],
    from: GroupCell | null,
    event: AnyGroupEvent | null,
  ): GroupStep {
    const timers = new Timers(from, event)
    const emitted: GroupEmitted[] = []
    const writes: StoredGroup[] = []
    for (const { type, params } of actions) {
      if (type === 'xstate.raise') timers.start((params as { readonly id: string }).id)
      if (type === 'xstate.cancel') timers.cancel((params as { readonly sendId: string }).sendId)
      if (type === 'xstate.emit') {
        emitted.push((params as { readonly event: GroupEmitted }).event)
      }
      if (type === 'xstate.spawnChild') {
        writes.push((params as { readonly input: StoredGroup }).input)
      }
    }
    const replies: Reply[] = []
    for (const each of emitted) {
      if (each.type === 'reply') replies.push(each)
      if (each.type === 'emptied') writes.push(each.group)
    }
    const next = this.#coordinators.group(snapshot)
    const { renewed } = timers
    const seen = { from, event, next, replies, emitted, timers }
    return { next, replies, renewed, writes, problem: coordinatorProblem(seen) }
  }

  #withoutWaiter({ snapshot }: GroupCell, requestId: string): GroupCell {
    const members = membersInOrder(snapshot.context).map((member): GroupMember => {
      const { parkedJoin, parkedSync } = member
      return {
        ...member,
        parkedJoin:
          parkedJoin?.requestId === requestId ? { ...parkedJoin, requestId: NOBODY } : parkedJoin,
        parkedSync: parkedSync === requestId ? NOBODY : parkedSync,
      }
    })
    const keyed = keyedBy(members.map((member) => [member.memberId, member] as const))
    const context: GroupContext = { ...snapshot.context, members: keyed }
    return this.#coordinators.group({ ...snapshot, context } as GroupSnapshot)
  }
}

export const internal = {
  delayElapsed: {
    type: 'xstate.after.initialRebalanceDelay.group.preparingRebalance.initialDelay',
  },
  rebalanceTimedOut: {
    type: 'xstate.after.rebalanceTimeout.group.preparingRebalance.awaitingMembers',
  },
  syncTimedOut: { type: 'sync.expired' },
  stored: {
    type: 'xstate.done.actor.persistGroup',
    actorId: 'persistGroup',
    output: { tag: 'stored' },
  },
  notStored: {
    type: 'xstate.done.actor.persistGroup',
    actorId: 'persistGroup',
    output: { tag: 'notStored', message: 'no' },
  },
} as const
