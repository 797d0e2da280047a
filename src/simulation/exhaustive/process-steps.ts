import { initialTransition } from 'xstate'
import { codeOf } from '../../broker/groups/group-errors.js'
import { classifyGroupError } from '../../consumer/group/classify.js'
import type { Cause, CommitOutcome, ErrorInfo, RebalanceProtocol } from '../../domain/membership.js'
import type { TopicPartition } from '../../domain/topic-partition.js'
import type { GroupError } from '../../machines/group-coordinator/events.js'
import type { MemberIdentity } from '../../machines/member/context.js'
import type { MemberEvent } from '../../machines/member/events.js'
import type { MemberHappening } from '../../machines/member/legal-transitions.js'
import type { MemberMachine } from '../../machines/member/member-machine.js'
import type { Answer, Call, SyncCall } from './call.js'
import { partitionSet, TOPIC } from './partition-set.js'
import { type MemberSnapshot, type ProcessCell, type ProcessFacts, pathOf } from './process-cell.js'
import { callbackProblem, memberStepProblem, restProblem } from './process-rules.js'
import type { ProductionCalls } from './production-calls.js'
import { stepper } from './stepping.js'
import { tokenOf } from './token.js'

/** What can happen to a process, as its host sees it. */
export type ProcessEvent =
  | { readonly type: 'start' }
  | { readonly type: 'close' }
  | { readonly type: 'heartbeat.answered'; readonly error: GroupError }
  /** Nothing was heard for a session: connections are let go of, then the chart is told. */
  | { readonly type: 'lease.ended'; readonly call: Call | null }
  | { readonly type: 'call.ended'; readonly call: Call; readonly answer: Answer | null }
  | {
      readonly type: 'commit.ended'
      readonly generation: number
      /** 'none': no answer. */
      readonly error: GroupError | null | 'none'
      readonly isAwaited: boolean
    }
  | { readonly type: 'actor.ended'; readonly actor: string; readonly tag: string }
  /** Work in hand ends, and nothing of it is to be committed. */
  | { readonly type: 'drained.clean' }
  | { readonly type: 'retry' }

export interface ProcessStep {
  readonly next: ProcessCell
  /** A JoinGroup or SyncGroup that is sent now. */
  readonly asks: Call | null
  /** The one under way is given up: its connection is closed. */
  readonly dropsCall: boolean
  readonly restartsHeartbeat: boolean
  readonly leaves: boolean
  readonly contact: 'none' | 'sent' | 'answered'
  readonly problem: string | null
}

export interface ProcessSettings {
  readonly machine: MemberMachine
  readonly rebalanceProtocol: RebalanceProtocol
  readonly calls: ProductionCalls
  /**
   * Steps that nobody else can see are taken at once: the coordinator is found, the assignment is
   * computed, a pause ends. False: each is a move of its own.
   */
  readonly mergesQuietSteps: boolean
  readonly of: (facts: ProcessFacts) => ProcessCell
}

const CAUSE: Cause = { what: 'a cause', evidence: 'observed' }
const LOST: ErrorInfo = { code: 'REQUEST_TIMED_OUT', message: 'no answer' }
const UNAVAILABLE = { tag: 'unavailable', error: LOST } as const
const QUIET = new Set(['findCoordinator', 'computeAssignment'])
const CALLS = new Set(['joinGroup', 'syncGroup'])

export const verdictOf = (error: GroupError | null) =>
  classifyGroupError(codeOf(error), 'ask', 'group')

/** Steps of the member chart, with what its host does in them. Each is computed once. */
export class ProcessSteps {
  readonly #settings: ProcessSettings
  readonly #step: Step
  readonly #known = new Map<string, ProcessStep>()

  constructor(settings: ProcessSettings) {
    this.#settings = settings
    this.#step = stepper(settings.machine)
  }

  step(cell: ProcessCell, event: ProcessEvent): ProcessStep {
    const key = `${cell.id} ${keyOf(event)}`
    let step = this.#known.get(key)
    if (step === undefined) {
      step = new StepRun(this.#settings, this.#step, cell).run(event)
      this.#known.set(key, step)
    }
    return step
  }
}

const keyOf = (event: ProcessEvent): string => {
  if (event.type === 'lease.ended') return `lease ${tokenOf(event.call)}`
  if (event.type === 'call.ended') return `call ${tokenOf(event.call)} ${tokenOf(event.answer)}`
  return JSON.stringify(event)
}

type Step = ReturnType<typeof stepper<MemberMachine>>

interface Started {
  readonly id: string
  readonly input: unknown
}

class StepRun {
  readonly #settings: ProcessSettings
  readonly #step: Step
  readonly #before: ProcessCell
  #snapshot: MemberSnapshot
  #heartbeat: MemberIdentity | null
  #lastGeneration: number
  #members: ProcessFacts['members']
  #assignments: SyncCall['assignments']
  #announced: number
  #asks: Call | null = null
  #endsCall = false
  #restartsHeartbeat = false
  #leaves = false
  #contact: ProcessStep['contact'] = 'none'
  #problem: string | null = null

  constructor(settings: ProcessSettings, step: Step, cell: ProcessCell) {
    this.#settings = settings
    this.#step = step
    this.#before = cell
    const { facts } = cell
    this.#snapshot = facts?.snapshot ?? this.#initial()
    this.#heartbeat = facts?.heartbeat ?? null
    this.#lastGeneration = facts?.lastGeneration ?? -1
    this.#members = facts?.members ?? []
    this.#assignments = facts?.assignments ?? []
    this.#announced = facts?.announced ?? 0
  }

  run(event: ProcessEvent): ProcessStep {
    this.#take(event)
    this.#settle()
    const { actor } = this.#before
    const wasCalling = actor !== null && CALLS.has(actor)
    const isCalling = this.#asks === null && this.#waitedFor() === actor
    const facts = {
      snapshot: this.#snapshot,
      heartbeat: this.#heartbeat,
      lastGeneration: this.#lastGeneration,
      members: this.#members,
      assignments: this.#assignments,
      announced: this.#announced,
    }
    this.#note(restProblem(facts))
    return {
      next: this.#settings.of(facts),
      asks: this.#asks,
      dropsCall: wasCalling && !this.#endsCall && !isCalling,
      restartsHeartbeat: this.#restartsHeartbeat,
      leaves: this.#leaves,
      contact: this.#contact,
      problem: this.#problem,
    }
  }

  #initial(): MemberSnapshot {
    const { machine, rebalanceProtocol } = this.#settings
    const input = {
      groupId: 'group',
      groupInstanceId: null,
      rebalanceProtocol,
      topics: [TOPIC],
      assign: [],
      jitter: 0.5,
      retryBackoffMs: 100,
      retryBackoffMaxMs: 1_000,
    }
    return initialTransition(machine, input)[0]
  }

  #take(event: ProcessEvent): void {
    switch (event.type) {
      case 'start':
        this.#tell({ type: 'subscribe', topics: [TOPIC] })
        break
      case 'close':
        this.#tell({ type: 'close', leaveGroup: true })
        break
      case 'heartbeat.answered':
        this.#hearError(event.error, this.#heartbeat!.generation)
        break
      case 'lease.ended':
        // The connections close first, and whoever waits on them is answered before the chart.
        if (event.call !== null) this.#endCall(event.call, null)
        this.#tell({ type: 'session.expired', cause: CAUSE })
        break
      case 'call.ended':
        this.#endCall(event.call, event.answer)
        break
      case 'commit.ended':
        this.#endCommit(event)
        break
      case 'actor.ended':
        this.#end(event.actor, { tag: event.tag })
        break
      case 'drained.clean':
        this.#end('drainPartitions', { tag: 'drained' })
        this.#end('commitOffsets', { tag: 'committed' })
        break
      case 'retry':
        this.#stepQuietly()
    }
  }

  /** As `heartbeat` and `Committer` report it; the generation is that of the request. */
  #hearError(error: GroupError | null, generation: number): void {
    const verdict = verdictOf(error)
    switch (verdict.tag) {
      case 'rebalancing':
        this.#tell({ type: 'group.rebalancing', cause: CAUSE })
        break
      case 'memberUnknown':
        this.#tell({ type: 'member.unknown', kafkaError: verdict.kafkaError, generation })
        break
      case 'refused':
        this.#tell({ type: 'fail', error: verdict.error })
        break
    }
  }

  /** The committer tells the member first, then whoever waits for the commit. */
  #endCommit(event: Extract<ProcessEvent, { readonly type: 'commit.ended' }>): void {
    const { error, isAwaited, generation } = event
    if (error !== 'none' && verdictOf(error).tag !== 'refused') this.#hearError(error, generation)
    if (!isAwaited || this.#waitedFor() !== 'commitOffsets') return
    const verdict = error === 'none' ? UNAVAILABLE : verdictOf(error)
    this.#end(
      'commitOffsets',
      verdict.tag === 'ok' ? { tag: 'committed' } : (verdict as CommitOutcome),
    )
  }

  #endCall(call: Call, answer: Answer | null): void {
    const { calls } = this.#settings
    this.#endsCall = true
    if (call.api === 'JoinGroup') {
      const { outcome, contact, members } = calls.hearJoin(call, answer)
      this.#contact = contact
      this.#members = outcome.tag === 'joined' && outcome.isLeader ? members : []
      this.#end('joinGroup', outcome)
      return
    }
    const { outcome, contact, lastGeneration } = calls.hearSync(call, answer)
    this.#contact = contact
    this.#lastGeneration = lastGeneration
    this.#end('syncGroup', outcome)
  }

  #tell(event: MemberEvent): void {
    this.#apply(event.type, event)
  }

  #end(actor: string, output: { readonly tag: string }): void {
    const event = { type: `xstate.done.actor.${actor}`, actorId: actor, output }
    this.#apply(`${actor}: ${output.tag}`, event as unknown as MemberEvent)
  }

  #settle(): void {
    if (!this.#settings.mergesQuietSteps) return
    while (this.#stepQuietly()) {
      // Each round takes one step that nobody else can see.
    }
  }

  #stepQuietly(): boolean {
    const actor = this.#waitedFor()
    if (actor === 'findCoordinator') this.#end(actor, { tag: 'found' })
    else if (actor === 'computeAssignment') this.#assign()
    else if (pathOf(this.#snapshot.value) === 'joining.backingOff') {
      const type = 'xstate.after.retryBackoff.member.joining.backingOff'
      this.#apply('backoff.elapsed', { type } as unknown as MemberEvent)
    } else return false
    return true
  }

  #assign(): void {
    const { calls } = this.#settings
    const protocol = this.#snapshot.context.protocol ?? ''
    const { outcome, assignments } = calls.assign(protocol, this.#members)
    this.#assignments = assignments
    this.#members = []
    this.#end('computeAssignment', outcome)
  }

  #waitedFor(): string | undefined {
    return Object.keys(this.#snapshot.children).find((id) => id !== 'heartbeat')
  }

  #apply(happening: MemberHappening, event: MemberEvent): void {
    const from = pathOf(this.#snapshot.value)
    const [next, actions] = this.#step(this.#snapshot, event)
    this.#snapshot = next
    let isIgnored = false
    for (const { type, params } of actions as readonly { type: string; params?: unknown }[]) {
      if (type === 'recordIgnored') isIgnored = true
      if (type === 'xstate.stopChild') this.#stopped((params as Started | undefined)?.id)
      if (type === 'xstate.spawnChild') this.#started(params as Started)
    }
    this.#note(memberStepProblem(from, happening, pathOf(next.value), isIgnored))
  }

  #stopped(id: string | undefined): void {
    if (id !== 'heartbeat') return
    this.#heartbeat = null
    this.#restartsHeartbeat = true
  }

  #started({ id, input }: Started): void {
    if (id === 'heartbeat') {
      this.#heartbeat = input as MemberIdentity
      this.#restartsHeartbeat = true
    } else if (id === 'leaveGroup') this.#leaves = true
    else if (id === 'joinGroup') this.#join(input as MemberIdentity & Owned)
    else if (id === 'syncGroup') this.#sync(input as MemberIdentity & SyncCall)
    else if (id.endsWith('Partitions')) this.#callBack(id, input as Partitions)
  }

  #join({ memberId, owned }: MemberIdentity & Owned): void {
    const lastGeneration = this.#lastGeneration
    // The generation is no part of a JoinGroup.
    this.#asks = { api: 'JoinGroup', memberId, generation: -1, owned, lastGeneration }
  }

  #sync({ memberId, generation, protocol, withAssignment }: SyncCall): void {
    const assignments = withAssignment ? this.#assignments : []
    const lastGeneration = this.#lastGeneration
    const identity = { memberId, generation }
    const api = 'SyncGroup'
    this.#asks = { api, ...identity, protocol, withAssignment, lastGeneration, assignments }
    this.#assignments = []
  }

  /** As `Ownership` announces: a partition is told of once when it comes and once when it goes. */
  #callBack(actor: string, { partitions }: Partitions): void {
    const set = partitionSet(partitions)
    this.#note(callbackProblem(actor, set, this.#announced))
    if (actor === 'assignPartitions') this.#announced |= set
    if (actor === 'revokePartitions' || actor === 'losePartitions') this.#announced &= ~set
  }

  #note(problem: string | null): void {
    this.#problem ??= problem
  }
}

type Owned = { readonly owned: readonly TopicPartition[] }
type Partitions = { readonly partitions: readonly TopicPartition[] }

export const isQuiet = ({ actor, path }: ProcessCell): boolean =>
  path === 'joining.backingOff' || (actor !== null && QUIET.has(actor))
