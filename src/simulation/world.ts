import * as Effect from 'effect/Effect'
import { type ConsumerConfig, resolveConsumerConfig } from '../consumer/config.js'
import type { StreamBusError } from '../domain/errors.js'
import type { WorldFact } from '../domain/facts.js'
import { partitionKey } from '../domain/topic-partition.js'
import type { Frame } from '../domain/trace.js'
import type { Runtime } from '../runtime/runtime.js'
import { type ProcessRecorder, TraceRecorder } from '../runtime/trace-recorder.js'
import type { TransportService } from '../transport/transport.js'
import { hostOf, SimulatedCluster } from './cluster/cluster.js'
import { Interferences } from './cluster/interference.js'
import { RequestWatch } from './cluster/request-watch.js'
import { addressOf, serveAll } from './cluster/serve.js'
import type { Handlers } from './members/handler.js'
import { MemberRun } from './members/member-run.js'
import { SimulatedProcess } from './members/process.js'
import { Names } from './names.js'
import { byteWire } from './network/byte-wire.js'
import { typedWire } from './network/typed-wire.js'
import type { Wire } from './network/wire.js'
import type { MemberPlan, Plan, Style } from './plan/plan.js'
import { VirtualTime } from './time/virtual-time.js'
import { directSend } from './workload/direct-send.js'
import { idempotentSend } from './workload/idempotent-send.js'
import { GROUP, memberHost, topicName } from './workload/names.js'
import { type MakeRecord, numberedRecord } from './workload/records.js'
import { type Send, Source } from './workload/source.js'
import { Topics } from './workload/topics.js'

/** Of one process within 5 s: busy ones need some 250 (the most of 300 seeds was 222). */
const MOST_TIMERS = 2_000

const AUTO_COMMITTING: ReadonlySet<Style> = new Set(['poll', 'iterate', 'handler'])

export interface WorldOptions {
  /** For members of style `handler`. */
  readonly handlers?: Handlers
  /** What records are, by their numbers. Default: the value is the number. */
  readonly makeRecord?: MakeRecord
}

/**
 * A cluster, a group and its members in one virtual world: one clock, one random, one trace. The
 * charts, the consumer, the coordinator and the broker are those of production; network, store and
 * processes are simulated. What happens in it is ordered by steps (`perform`).
 */
export class World {
  readonly plan: Plan
  readonly time: VirtualTime
  readonly trace: TraceRecorder
  readonly cluster: SimulatedCluster
  readonly wire: Wire
  readonly interferences = new Interferences()
  readonly topics: Topics
  readonly source: Source
  readonly #recorder: ProcessRecorder
  readonly #names = new Names()
  readonly #watch: RequestWatch
  readonly #members = new Map<number, MemberRun>()
  /** Members that are closing while a new process of theirs may already run. */
  readonly #leaving = new Set<MemberRun>()
  readonly #subscriptions = new Map<number, readonly number[]>()
  readonly #options: WorldOptions
  readonly #undoings = new Set<() => void>()
  #runs = 0
  #healedAt = 0

  /** `sink` is given each frame of the trace as it is made. */
  constructor(plan: Plan, sink: (frame: Frame) => void, options: WorldOptions = {}) {
    this.plan = plan
    this.#options = options
    this.time = new VirtualTime(plan.seed, { mostTimers: MOST_TIMERS })
    this.trace = new TraceRecorder(() => this.time.now, sink)
    this.#recorder = this.trace.process('world')
    const { time, trace } = this
    const nameOf = this.#names.of
    this.cluster = new SimulatedCluster({
      time,
      recorder: trace.process('broker'),
      nodes: plan.brokers,
      storeTimes: plan.commitLatency,
      initialRebalanceDelayMs: plan.times.initialRebalanceDelayMs,
      group: GROUP,
      nameOf,
      onTopicDeleted: (topic) => {
        this.topics.deleted(topic)
        this.source.forget(topic)
      },
    })
    this.wire = (plan.transport === 'bytes' ? byteWire : typedWire)(time, trace, plan.latency)
    this.#watch = new RequestWatch({
      recorder: this.cluster.recorder,
      broker: () => this.cluster.broker,
      topicName: (topicId) => this.cluster.topicName(topicId),
      visible: (topic) => this.cluster.roles.visible(topic),
      nameOf,
    })
    this.startBroker()
    this.topics = new Topics(this)
    const { cluster, topics } = this
    const make = options.makeRecord ?? numberedRecord
    const send = plan.producer === 'direct' ? directSend(cluster, make) : this.#idempotentSend(make)
    this.source = new Source({ cluster, time, topics, send })
  }

  get runtime(): Runtime {
    return this.time.runtime
  }

  tell(fact: WorldFact): void {
    this.#recorder.fact('world', fact)
  }

  member(index: number): MemberRun | undefined {
    return this.#members.get(index)
  }

  /** Processes that run and were not asked to stop. */
  running(): MemberRun[] {
    return [...this.#members.values()].filter((run) => !run.isStopping && run.process.isAlive)
  }

  /** Processes that run, those that are closing among them. */
  alive(): MemberRun[] {
    const leaving = [...this.#leaving].filter((run) => run.process.isAlive && !run.hasLeft)
    return [...this.running(), ...leaving]
  }

  /** Processes whose consumer has closed. */
  left(): MemberRun[] {
    return [...this.#members.values()].filter((run) => run.hasLeft)
  }

  get memberIndexes(): IterableIterator<number> {
    return this.#members.keys()
  }

  /**
   * Nothing is left to be done: all members stable at the coordinator's generation, every partition
   * held by one of them, and every record read; with a handler, handled. Members whose application
   * gave up polling count as gone.
   */
  isAtRest(): boolean {
    const { cluster, topics } = this
    if (!cluster.isUp || cluster.roles.loading.size > 0 || topics.isChanging) return false
    const group = cluster.broker.groups.describe(GROUP)
    const members = this.running().filter((run) => !run.isIdle)
    const state = group?.state ?? 'empty'
    if (members.length === 0) return state === 'empty'
    if (state !== 'stable' || group?.members.length !== members.length) return false
    const endOf = (partition: string): number => this.source.endOf(partition)
    const hasHandler = this.#options.handlers !== undefined
    return (
      members.every((run) => run.isStableAt(group.generation) && !run.hasUnread(endOf)) &&
      members.every((run) => run.hasHeardSince(this.#healedAt) && !run.application.isHanging) &&
      !(hasHandler && members.some((run) => run.application.isWorking)) &&
      this.alive().length === this.running().length &&
      this.#isAllHeld(members)
    )
  }

  /** By a handler of the one who simulates; each counts once. */
  get recordsHandled(): number {
    return this.#options.handlers?.recordsHandled ?? 0
  }

  /** Which topics a member subscribes to now. */
  topicsOf(index: number): readonly number[] {
    return this.#subscriptions.get(index) ?? this.#planOf(index).topics
  }

  subscribe(index: number, topics: readonly number[]): void {
    this.#subscriptions.set(index, topics)
    const run = this.member(index)
    if (run === undefined || run.isStopping || !run.process.isAlive) return
    run.core?.subscribe(topics.map(topicName))
  }

  startMember(index: number): void {
    const running = this.#members.get(index)
    if (running?.process.isAlive && !running.isStopping) return
    const plan = this.#planOf(index)
    // Two processes under one instance id are a mistake of an operator; a supervisor makes sure.
    if (plan.isStatic) this.crashMember(index, 'kill')
    const run = ++this.#runs
    const process = new SimulatedProcess(this.time, this.trace, memberHost(index), run)
    const member: MemberRun = new MemberRun({
      index,
      process,
      plan,
      config: this.#configOf(index, plan, process.name),
      connect: () => this.connect(process),
      nameOf: this.#names.of,
      onLeft: () => this.#leaving.delete(member),
      ...(this.#options.handlers === undefined ? {} : { handlers: this.#options.handlers }),
    })
    this.#members.set(index, member)
    this.wire.revive(memberHost(index))
    member.start()
  }

  stopMember(index: number): void {
    const run = this.member(index)
    if (run === undefined || run.isStopping || !run.process.isAlive) return
    this.#leaving.add(run)
    run.stop()
  }

  crashMember(index: number, how: 'kill' | 'power'): void {
    const run = this.member(index)
    if (run === undefined || !run.process.isAlive || run.hasLeft) return
    run.process.recorder.fact(run.process.name, { fact: 'crash', how })
    this.wire.drop(run.process.gate, how === 'kill', 'the process was killed')
    this.time.shut(run.process.gate)
    this.#leaving.delete(run)
  }

  connect(process: SimulatedProcess): Effect.Effect<TransportService, StreamBusError> {
    const addresses = this.cluster.nodeIds.map(addressOf)
    return this.wire.connect(process, addresses, this.plan.times.requestTimeoutMs)
  }

  startBroker(): void {
    if (this.cluster.isUp) return
    this.cluster.start()
    const { cluster, wire, interferences, plan } = this
    serveAll({ cluster, wire, interferences, watch: this.#watch, oldness: plan.oldness })
    for (const nodeId of cluster.nodeIds) wire.revive(hostOf(nodeId))
    cluster.roles.loading.clear()
    this.topics?.restore()
  }

  /** `kill`: the system closes its sockets. `power`: nobody hears of it. */
  crashBroker(how: 'kill' | 'power'): void {
    if (!this.cluster.isUp) return
    const { gate, nodeIds } = this.cluster
    for (const nodeId of nodeIds) this.wire.stopListening(addressOf(nodeId))
    this.wire.drop(gate, how === 'kill', 'the broker was killed')
    this.cluster.crash()
  }

  /** An undoing of a fault: at its time, or when the world heals. */
  undoAfter(ms: number, undo: () => void): void {
    const entry = (): void => {
      if (this.#undoings.delete(entry)) undo()
    }
    this.#undoings.add(entry)
    this.time.clock.setTimeout(entry, ms)
  }

  /** Every fault ends now, and what was down comes up. */
  heal(): void {
    this.tell({ fact: 'phase', phase: 'heal' })
    this.#healedAt = this.time.now
    for (const undo of [...this.#undoings]) undo()
    this.interferences.clear()
    this.wire.heal()
    // Whoever counts what was handled has to count on somebody who handles it.
    if (this.#options.handlers !== undefined && this.running().length === 0) this.startMember(0)
    for (const { core, application } of this.running()) {
      application.hurry()
      if (core !== undefined) application.flow(core, 'resume')
    }
  }

  /** SIGSTOP and SIGCONT, or a blocked event loop: it is the same to a process. */
  holdMember(index: number, ms: number): void {
    const run = this.member(index)
    if (run === undefined || run.process.gate.state !== 'open') return
    const { gate, recorder, name } = run.process
    recorder.fact(name, { fact: 'hold', ms })
    this.time.hold(gate)
    this.undoAfter(ms, () => {
      if (gate.state !== 'held') return
      recorder.fact(name, { fact: 'release' })
      this.time.release(gate, this.time.random() < 0.7)
    })
  }

  holdBroker(ms: number): void {
    if (!this.cluster.isUp || this.cluster.gate.state !== 'open') return
    const { gate, recorder } = this.cluster
    recorder.fact('broker', { fact: 'hold', ms })
    this.time.hold(gate)
    this.undoAfter(ms, () => {
      if (gate.state !== 'held') return
      recorder.fact('broker', { fact: 'release' })
      this.time.release(gate, this.time.random() < 0.7)
    })
  }

  /** The group's coordinator lets go of it, and another one, or the same, reads its state again. */
  reloadGroup(loadMs: number): void {
    if (!this.cluster.isUp) return
    const { roles, broker, runtime } = this.cluster
    roles.loading.add(GROUP)
    this.cluster.recorder.fact(`group/${GROUP}`, { fact: 'group.unloaded', group: GROUP })
    runtime.run(
      Effect.andThen(
        broker.groups.reload(GROUP, loadMs),
        Effect.sync(() => roles.loading.delete(GROUP)),
      ),
    )
  }

  /** Every partition of their topics, and none that is not there any more. */
  #isAllHeld(members: readonly MemberRun[]): boolean {
    const topics = new Set(members.flatMap((run) => this.topicsOf(run.index)))
    const there = [...topics].flatMap((topic) =>
      Array.from({ length: this.topics.partitionsOf(topic) }, (_, partition) =>
        partitionKey(topicName(topic), partition),
      ),
    )
    const held = new Set(members.flatMap((run) => run.held))
    return held.size === there.length && there.every((partition) => held.has(partition))
  }

  #idempotentSend(make: MakeRecord): Send {
    const process = new SimulatedProcess(this.time, this.trace, 'producer', ++this.#runs)
    const { requestTimeoutMs } = this.plan.times
    return idempotentSend({ process, connect: () => this.connect(process), requestTimeoutMs, make })
  }

  #planOf(index: number): MemberPlan {
    const { members } = this.plan
    return members[index % members.length]!
  }

  #configOf(index: number, plan: MemberPlan, clientId: string): ConsumerConfig {
    const { initialRebalanceDelayMs: _, ...times } = this.plan.times
    return resolveConsumerConfig(
      {
        ...times,
        groupId: GROUP,
        topics: this.topicsOf(index).map(topicName),
        clientId,
        ...(plan.isStatic ? { groupInstanceId: memberHost(index) } : {}),
        assignmentStrategy: this.plan.strategies,
        autoCommit: AUTO_COMMITTING.has(plan.style),
      },
      clientId,
    )
  }
}
