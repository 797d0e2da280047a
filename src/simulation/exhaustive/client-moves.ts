import type { GroupError } from '../../machines/group-coordinator/events.js'
import type { Assumptions } from './assumptions.js'
import type { ClientCell, CommitUnderWay, Link, Stray } from './client-cell.js'
import type { ClientStep, ClientSteps } from './client-steps.js'
import { NOBODY } from './coordinator-cell.js'
import type { AnyGroupEvent, NumberedEvent } from './coordinator-steps.js'
import { memberIdOf } from './identities.js'
import type { MoveName } from './moves.js'
import type { ProcessCell } from './process-cell.js'
import { isQuiet } from './process-steps.js'
import type { ProductionCalls } from './production-calls.js'

/** A move that concerns this client alone. */
export interface OwnMove extends ClientStep {
  readonly name: MoveName
}

/** A request that can reach the coordinator now. */
export interface Delivery {
  readonly name: MoveName
  /** With a new member id, for a JoinGroup that has none. */
  readonly event: (nextId: number) => AnyGroupEvent
  readonly needsId: boolean
  /** The client once the request is there; what is answered at once, it hears then. */
  readonly sent: ClientCell
  readonly hears: ((error: GroupError | null) => ClientStep) | null
  /** The partitions that a commit is for. */
  readonly commits: number
}

export interface NumberedDelivery {
  readonly delivery: Delivery
  /** By the number of the new member id. */
  readonly events: NumberedEvent[]
}

export interface ClientMoveOptions {
  readonly assumptions: Assumptions
  readonly autoCommits: boolean
  /**
   * True: whatever can be put off or brought forward without anybody telling the difference is one
   * move (docs/exhaustive.md says what and why). False: each of them is a move of its own.
   */
  readonly mergesQuietSteps: boolean
  /** One fault more: a member that never sends its SyncGroup, nor does anything else by itself. */
  readonly forgetsSyncs: boolean
}

/** The request id of what is answered in the same step. */
export const AT_ONCE = 'at once'

const CAN_COMMIT = /^(stable|rebalancing\..*|syncing\.applying|leaving\.(?!losing|requesting).*)$/
const CALLBACKS = new Set(['assignPartitions', 'revokePartitions', 'losePartitions'])

/** What can happen to a client by itself, and what it has for the coordinator. */
export class ClientMoves {
  readonly #steps: ClientSteps
  readonly #calls: ProductionCalls
  readonly #options: ClientMoveOptions

  constructor(steps: ClientSteps, calls: ProductionCalls, options: ClientMoveOptions) {
    this.#steps = steps
    this.#calls = calls
    this.#options = options
  }

  own(client: ClientCell): readonly OwnMove[] {
    const moves: OwnMove[] = []
    const add = (name: MoveName, step: ClientStep): void => {
      moves.push({ name, ...step })
    }
    if (client.process.facts !== null) this.#addRunning(client, client.process, add)
    else if (!this.#startsAtOnce(client)) {
      add(startOf(client), this.#steps.step(client, { type: 'start' }))
    }
    client.link.strays.forEach((_, index) => {
      add('strayVanishes', this.#unlessStray(client, index))
    })
    return moves
  }

  #addRunning(client: ClientCell, process: ProcessCell, add: Add): void {
    const { context } = process.facts!.snapshot
    if (context.closing === null && process.path !== 'idle') {
      add('close', this.#steps.step(client, { type: 'close' }))
    }
    add('crash', this.#steps.crash(client))
    this.#addCall(client, add)
    this.#addCommit(client, add)
    this.#addLeave(client, add)
    const { heartbeatAnswer: error } = client.link
    if (error !== null) add('heartbeatAnswer', this.#hearHeartbeat(client, error))
    const { actor } = process
    if (actor === 'drainPartitions') {
      add('drained', this.#steps.step(client, { type: 'actor.ended', actor, tag: 'drained' }))
      add('drainedClean', this.#steps.step(client, { type: 'drained.clean' }))
    }
    if (actor !== null && CALLBACKS.has(actor)) {
      add('callbackEnds', this.#steps.step(client, { type: 'actor.ended', actor, tag: 'called' }))
    }
    if (isQuiet(process)) add('quietStep', this.#steps.step(client, { type: 'retry' }))
  }

  #addCall(client: ClientCell, add: Add): void {
    const { link } = client
    const { call } = link
    if (call === null) return
    if (call.stage === 'answered') add('answerArrives', this.#steps.endCall(client, call.answer))
    if (call.stage === 'lost') add('callTimesOut', this.#steps.endCall(client, null))
    if (call.stage === 'lost' || call.stage === 'forgotten') return
    if (this.#options.forgetsSyncs && call.stage === 'asked' && call.call.api === 'SyncGroup') {
      const forgotten: Link = { ...link, call: { ...call, stage: 'forgotten' } }
      add('syncForgotten', plain(this.#steps.change(client, forgotten)))
    }
    const strays: readonly Stray[] =
      call.stage === 'asked' ? [...link.strays, { type: 'call', call: call.call }] : link.strays
    const next = this.#steps.change(client, {
      ...link,
      call: { ...call, stage: 'lost', answer: null, isRenewed: false },
      strays,
    })
    add('callLost', { next, orphans: call.stage === 'parked', problem: null })
  }

  #addCommit(client: ClientCell, add: Add): void {
    const { process, link } = client
    const { commit } = link
    if (commit === null) {
      const { memberId, generation, held: partitions } = process
      const mayCommit = CAN_COMMIT.test(process.path) && generation >= 0 && partitions !== 0
      if (!this.#options.autoCommits || !mayCommit) return
      const sent: CommitUnderWay = { memberId, generation, partitions, waiter: 'auto' }
      add('autoCommit', plain(this.#steps.change(client, { ...link, commit: sent })))
      return
    }
    if (commit.answer !== undefined) {
      add('commitAnswer', this.#steps.endCommit(client, commit.answer))
    }
    if (commit.waiter === 'nobody') return
    const strays: readonly Stray[] =
      commit.answer === undefined
        ? [...link.strays, { type: 'commit', commit: { ...commit, waiter: 'nobody' } }]
        : link.strays
    const cut = this.#steps.change(client, { ...link, strays })
    add('commitLost', this.#steps.endCommit(cut, 'none'))
  }

  #addLeave(client: ClientCell, add: Add): void {
    const { leave } = client.link
    if (leave === null) return
    const tag = leave.isAnswered ? 'left' : 'unavailable'
    const ended = { type: 'actor.ended', actor: 'leaveGroup', tag } as const
    add(leave.isAnswered ? 'leaveAnswer' : 'leaveLost', this.#steps.step(client, ended))
  }

  #hearHeartbeat(client: ClientCell, error: GroupError): ClientStep {
    const heard = this.#steps.change(client, { ...client.link, heartbeatAnswer: null })
    return this.#steps.step(heard, { type: 'heartbeat.answered', error })
  }

  #unlessStray(client: ClientCell, index: number): ClientStep {
    const strays = client.link.strays.filter((_, place) => place !== index)
    return plain(this.#steps.change(client, { ...client.link, strays }))
  }

  /** Until its first request arrives, nobody can tell whether a process runs. */
  #startsAtOnce(client: ClientCell): boolean {
    if (!this.#options.mergesQuietSteps) return false
    return this.#steps.step(client, { type: 'start' }).problem === null
  }

  deliveries(client: ClientCell): readonly Delivery[] {
    const deliveries: Delivery[] = []
    const { link } = client
    if (client.process.facts === null && this.#startsAtOnce(client)) {
      const started = this.#steps.step(client, { type: 'start' }).next
      deliveries.push(this.#callDelivery(started, startOf(client)))
    }
    if (link.call?.stage === 'asked') {
      deliveries.push(this.#callDelivery(client, 'callArrives'))
    }
    // One request at a time: what was sent behind a commit waits for it.
    const isFree = link.commit === null || link.commit.answer !== undefined
    if (link.commit !== null && !isFree) {
      deliveries.push(this.#commitDelivery(client, link.commit))
    }
    if (link.leave?.isAnswered === false && isFree) {
      deliveries.push(this.#leaveDelivery(client, link.leave.memberId))
    }
    // A heartbeat waits for nothing here: else a member that commits all the time would send none.
    if (client.process.facts?.heartbeat && link.heartbeatAnswer === null) {
      deliveries.push(this.#heartbeatDelivery(client))
    }
    link.strays.forEach((stray, index) => {
      deliveries.push({
        name: 'strayArrives',
        event: this.#strayEvent(stray),
        needsId: stray.type === 'call' && stray.call.memberId === '',
        sent: this.#afterStray(client, stray, index),
        hears: null,
        commits: stray.type === 'commit' ? stray.commit.partitions : 0,
      })
    })
    return deliveries
  }

  #afterStray(client: ClientCell, stray: Stray, index: number): ClientCell {
    const { strays } = client.link
    const [older, newer] = [strays.slice(0, index), strays.slice(index + 1)]
    const left = stray.type === 'call' ? this.#straysBehind(older, stray.call.memberId) : older
    return this.#steps.change(client, { ...client.link, strays: [...left, ...newer] })
  }

  #callDelivery(client: ClientCell, name: MoveName): Delivery {
    const call = client.link.call!
    return {
      name,
      event: this.#callEvent(call.call, call.call.memberId || AT_ONCE),
      needsId: call.call.memberId === '',
      sent: this.#steps.change(client, {
        ...client.link,
        call: { ...call, stage: 'parked' },
        strays: this.#straysBehind(client.link.strays, call.call.memberId),
      }),
      hears: null,
      commits: 0,
    }
  }

  /** What was given up before it cannot arrive any more, if calls stay in order. */
  #straysBehind(strays: readonly Stray[], memberId: string): readonly Stray[] {
    if (!this.#options.assumptions.callsStayInOrder) return strays
    return strays.filter((stray) => stray.type !== 'call' || stray.call.memberId !== memberId)
  }

  #callEvent(call: Parameters<ProductionCalls['eventOf']>[0], requestId: string) {
    const event = this.#calls.eventOf(call)
    return (nextId: number): AnyGroupEvent =>
      event.type === 'member.join' && event.memberId === ''
        ? { ...event, requestId, newMemberId: memberIdOf(nextId) }
        : { ...event, requestId }
  }

  #commitDelivery(client: ClientCell, commit: CommitUnderWay): Delivery {
    const { link } = client
    const hears = (error: GroupError | null): ClientStep => {
      const isOver = commit.waiter === 'nobody' || (commit.waiter === 'auto' && error === null)
      if (isOver) return plain(this.#steps.freeCommit(client))
      if (this.#options.mergesQuietSteps) return this.#steps.endCommit(client, error)
      return plain(this.#steps.change(client, { ...link, commit: { ...commit, answer: error } }))
    }
    return {
      name: 'commitArrives',
      event: commitEvent(commit),
      needsId: false,
      sent: client,
      hears: remembered(hears),
      commits: commit.partitions,
    }
  }

  #leaveDelivery(client: ClientCell, memberId: string): Delivery {
    const leave = { memberId, isAnswered: true }
    const answered = this.#steps.change(client, { ...client.link, leave })
    const left = { type: 'actor.ended', actor: 'leaveGroup', tag: 'left' } as const
    const end = this.#steps.step(answered, left)
    const sent = this.#options.mergesQuietSteps && end.problem === null ? end.next : answered
    const name = 'leaveArrives'
    return { name, event: leaveEvent(memberId), needsId: false, sent, hears: null, commits: 0 }
  }

  #heartbeatDelivery(client: ClientCell): Delivery {
    const identity = client.process.facts!.heartbeat!
    const event = {
      type: 'member.heartbeat',
      requestId: AT_ONCE,
      ...identity,
      groupInstanceId: null,
    }
    return {
      name: 'heartbeat',
      event: () => event,
      needsId: false,
      sent: client,
      hears: remembered((error) => this.#heartbeatAnswered(client, error)),
      commits: 0,
    }
  }

  #heartbeatAnswered(client: ClientCell, error: GroupError | null): ClientStep {
    const isContact = error === null || error === 'REBALANCE_IN_PROGRESS'
    const link = isContact ? { ...client.link, isSilent: false } : client.link
    const heard = this.#steps.change(client, link)
    if (error === null) return plain(heard)
    return this.#options.mergesQuietSteps
      ? this.#hearHeartbeat(heard, error)
      : plain(this.#steps.change(client, { ...link, heartbeatAnswer: error }))
  }

  #strayEvent(stray: Stray): Delivery['event'] {
    switch (stray.type) {
      case 'call':
        return this.#callEvent(stray.call, NOBODY)
      case 'commit':
        return commitEvent(stray.commit)
      case 'leave':
        return leaveEvent(stray.memberId)
    }
  }
}

type Add = (name: MoveName, step: ClientStep) => void

const startOf = ({ process }: ClientCell): MoveName =>
  process.path === 'off' ? 'start' : 'startAgain'

const remembered = (hears: NonNullable<Delivery['hears']>): Delivery['hears'] => {
  const known = new Map<GroupError | null, ClientStep>()
  return (error) => {
    let step = known.get(error)
    if (step === undefined) {
      step = hears(error)
      known.set(error, step)
    }
    return step
  }
}

const plain = (next: ClientCell): ClientStep => ({ next, orphans: false, problem: null })

const commitEvent = ({ memberId, generation }: CommitUnderWay) => {
  const identity = { memberId, generation, groupInstanceId: null }
  const event = { type: 'offsets.commit', requestId: AT_ONCE, ...identity }
  return (): AnyGroupEvent => event
}

const leaveEvent = (memberId: string) => {
  const members = [{ memberId, groupInstanceId: null, reason: null }]
  const event = { type: 'member.leave', requestId: AT_ONCE, members }
  return (): AnyGroupEvent => event
}
