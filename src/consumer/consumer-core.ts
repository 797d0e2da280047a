import * as Effect from 'effect/Effect'
import type { Actor } from 'xstate'
import { defectError, StreamBusError } from '../domain/errors.js'
import type { ErrorInfo, MemberState } from '../domain/membership.js'
import { identityOf } from '../machines/member/context.js'
import type { MemberMachine } from '../machines/member/member-machine.js'
import type { TimerHandle } from '../runtime/clock.js'
import type { Runtime } from '../runtime/runtime.js'
import { Tasks } from '../runtime/tasks.js'
import type { TransportService } from '../transport/transport.js'
import { CallbackQueue, type PartitionCallbacks } from './callbacks.js'
import { type ConsumerCharts, consumerCharts } from './charts.js'
import { Committer } from './committer.js'
import type { ConsumerConfig } from './config.js'
import { Delivery } from './delivery.js'
import { Fetcher } from './fetcher.js'
import { GroupClient } from './group/group-client.js'
import { GroupLeader } from './group/leader.js'
import { memberStateOf } from './member-host.js'
import { Ownership } from './ownership.js'
import type { PartitionSlot } from './partition-slot.js'
import { Positions } from './positions.js'

export interface CoreParts {
  readonly runtime: Runtime
  readonly transport: TransportService
  readonly config: ConsumerConfig
  /** Unique among the consumers of a process: names actors and connections. */
  readonly id: string
  readonly callbacks: PartitionCallbacks
  readonly onError: (error: StreamBusError) => void
  readonly onStateChange: (state: MemberState, previous: MemberState) => void
  /** An event that no state handles; recorded, since it may tell of a defect. */
  readonly onIgnored?: (event: string, state: string) => void
  /** Everything was let go of. */
  readonly onClosed?: () => void
  /** Default: those of production. Mutation tests put changed ones in their place. */
  readonly charts?: ConsumerCharts
}

/**
 * A consumer without its façade: everything is an Effect or a callback, so that it runs in
 * production and, unchanged, in virtual time.
 */
export class ConsumerCore {
  readonly parts: CoreParts
  readonly slots = new Map<string, PartitionSlot>()
  readonly member: Actor<MemberMachine>
  readonly client: GroupClient
  readonly leader: GroupLeader
  readonly delivery: Delivery
  readonly committer: Committer
  readonly fetcher: Fetcher
  readonly positions: Positions
  readonly tasks: Tasks
  ignoredEvents = 0
  /** Called after every step of the member. */
  onMove: (() => void) | undefined
  #state: MemberState = 'idle'
  #failure: StreamBusError | undefined
  readonly #changeListeners = new Set<() => void>()
  readonly #stopWatching: () => void
  #autoCommitTimer: TimerHandle | undefined
  #refreshTimer: TimerHandle | undefined

  constructor(parts: CoreParts) {
    this.parts = parts
    const { runtime, transport, config, id, onError, charts = consumerCharts } = parts
    const onFatal = (error: StreamBusError): void => this.fail(error)
    const onIgnored = (event: string, state: string): void => {
      this.ignoredEvents++
      parts.onIgnored?.(event, state)
    }
    this.tasks = new Tasks(runtime, (defect) => this.fail(defectError(defect)))
    this.client = new GroupClient({ runtime, transport, config, owner: id, onError })
    this.leader = new GroupLeader(this.client)
    this.delivery = new Delivery({
      slots: this.slots,
      clock: runtime.clock,
      mayHandOut: () => config.assign.length > 0 || this.client.lease.isSure,
      onTaken: () => this.fetcher.pump(),
      onError,
    })
    this.fetcher = new Fetcher({
      owner: id,
      runtime,
      transport,
      config,
      slots: this.slots,
      tasks: this.tasks,
      onData: () => this.delivery.wake(),
      onOutOfRange: (slot) => this.tasks.run(this.positions.reset(slot)),
      onError,
      onFatal,
    })
    this.positions = new Positions({
      transport,
      config,
      owner: id,
      onResolved: () => this.#slotsChanged(),
      onError,
      onFatal,
    })
    const callbacks = new CallbackQueue(runtime, parts.callbacks, onError)
    this.committer = new Committer({
      clock: runtime.clock,
      config,
      client: this.client,
      slots: this.slots,
      membership: {
        state: () => this.#state,
        canCommit: () => this.canCommit,
        identity: () => identityOf(this.member.getSnapshot().context),
        changed: (timeoutMs) => this.changed(timeoutMs),
        tell: (event) => this.member.send(event),
        failure: () => this.#failure,
      },
    })
    const ownership = new Ownership({
      runtime,
      config,
      owner: id,
      slots: this.slots,
      callbacks,
      delivery: this.delivery,
      committer: this.committer,
      positions: this.positions,
      tasks: this.tasks,
      chart: charts.partition,
      inspect: config.inspect,
      onIgnored,
      onChange: () => this.#slotsChanged(),
    })
    const host = { runtime, client: this.client, leader: this.leader, ownership, onIgnored }
    this.member = charts.member.actor(host, {
      id,
      input: {
        groupId: config.assign.length > 0 ? null : config.groupId,
        groupInstanceId: config.groupInstanceId,
        rebalanceProtocol: config.rebalanceProtocol,
        topics: config.topics,
        assign: config.assign,
        jitter: runtime.random(),
        retryBackoffMs: 100,
        retryBackoffMaxMs: 1_000,
      },
      inspect: config.inspect,
    })
    this.member.subscribe(() => this.#memberMoved())
    this.#stopWatching = transport.watch(() => this.#viewChanged())
    this.member.start()
  }

  get state(): MemberState {
    return this.#state
  }

  get failure(): StreamBusError | undefined {
    return this.#failure
  }

  /** A generation is ours, from SyncGroup on until the partitions go. */
  get canCommit(): boolean {
    if (this.parts.config.assign.length > 0) return this.#state !== 'left'
    const snapshot = this.member.getSnapshot()
    if (snapshot.context.generation < 0) return false
    return (
      snapshot.matches('stable') ||
      snapshot.matches('rebalancing') ||
      snapshot.matches({ syncing: 'applying' }) ||
      (snapshot.matches('leaving') && !snapshot.matches({ leaving: 'losing' }))
    )
  }

  subscribe(topics: readonly string[]): void {
    this.member.send(
      this.#state === 'idle'
        ? { type: 'subscribe', topics }
        : { type: 'subscription.changed', topics },
    )
  }

  /** Resumes at the next change of state, or when the time is up. */
  changed(timeoutMs: number): Effect.Effect<void> {
    const { clock } = this.parts.runtime
    return Effect.callback<void>((resume) => {
      const finish = (): void => {
        this.#changeListeners.delete(finish)
        clock.clearTimeout(timer)
        resume(Effect.void)
      }
      const timer = Number.isFinite(timeoutMs) ? clock.setTimeout(finish, timeoutMs) : undefined
      this.#changeListeners.add(finish)
      return Effect.sync(() => {
        this.#changeListeners.delete(finish)
        clock.clearTimeout(timer)
      })
    })
  }

  /** Until the condition holds; checked at each change of state. */
  until(condition: () => boolean): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      while (!condition()) yield* this.changed(Number.POSITIVE_INFINITY)
    })
  }

  fail(error: StreamBusError): void {
    if (this.#state === 'left' || this.#state === 'failed') return
    this.#failure = error
    const { code, message, kafkaError } = error
    this.member.send({
      type: 'fail',
      error: kafkaError === undefined ? { code, message } : { code, message, kafkaError },
    })
  }

  /** Drains nothing further, commits, leaves. Ends when the member has left. */
  close(leaveGroup: boolean): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.delivery.beginClosing()
      if (this.#state !== 'left') this.member.send({ type: 'close', leaveGroup })
      return Effect.map(
        this.until(() => this.#state === 'left'),
        () => this.destroy(),
      )
    })
  }

  /** Lets go of everything at once. */
  destroy(): void {
    const { runtime, transport, id } = this.parts
    runtime.clock.clearTimeout(this.#autoCommitTimer)
    runtime.clock.clearTimeout(this.#refreshTimer)
    this.#stopWatching()
    this.delivery.beginClosing()
    this.fetcher.close()
    this.tasks.close()
    this.member.stop()
    for (const slot of this.slots.values()) slot.actor.stop()
    this.slots.clear()
    transport.release(id)
    if (this.#state !== 'left') this.#enter('left')
    this.parts.onClosed?.()
  }

  #memberMoved(): void {
    const snapshot = this.member.getSnapshot()
    const { error } = snapshot.context
    if (error !== null) this.#failure ??= errorOf(error, this.parts.config)
    const next = memberStateOf(snapshot.value)
    if (next !== this.#state) this.#enter(next)
    else this.#announceChange()
    this.onMove?.()
  }

  #enter(state: MemberState): void {
    const previous = this.#state
    this.#state = state
    if (state === 'failed' && this.#failure !== undefined) this.parts.onError(this.#failure)
    if (state === 'stable') this.#becameStable()
    this.parts.onStateChange(state, previous)
    this.#announceChange()
    if (state === 'failed' || state === 'left') this.delivery.wake()
  }

  #announceChange(): void {
    for (const listener of [...this.#changeListeners]) listener()
  }

  #becameStable(): void {
    this.#armAutoCommit()
    this.#armRefresh()
    this.#viewChanged()
  }

  #armAutoCommit(): void {
    const { config, runtime } = this.parts
    if (!config.autoCommit || config.groupId === null || this.#autoCommitTimer) return
    this.#autoCommitTimer = runtime.clock.setTimeout(() => {
      this.#autoCommitTimer = undefined
      this.tasks.run(
        Effect.map(this.committer.commitPending(), (outcome) => {
          if (outcome.tag === 'refused') this.parts.onError(errorOf(outcome.error, config))
          if (this.#state !== 'left' && this.#state !== 'failed') this.#armAutoCommit()
        }),
      )
    }, config.autoCommitIntervalMs)
  }

  /** The leader asks for metadata now and then: a topic that grew needs a rebalance. */
  #armRefresh(): void {
    const { config, runtime, transport } = this.parts
    if (this.#refreshTimer !== undefined) return
    this.#refreshTimer = runtime.clock.setTimeout(() => {
      this.#refreshTimer = undefined
      if (this.#state === 'left' || this.#state === 'failed') return
      const { topics } = this.#isLeader ? this.leader : config
      this.tasks.run(
        Effect.map(
          Effect.result(
            transport.metadata(topics, { maxAgeMs: 0, timeoutMs: config.requestTimeoutMs }),
          ),
          () => this.#armRefresh(),
        ),
      )
    }, config.metadataMaxAgeMs)
  }

  get #isLeader(): boolean {
    return this.member.getSnapshot().context.isLeader
  }

  #viewChanged(): void {
    if (this.#state === 'stable' && this.#isLeader) {
      const what = this.leader.difference(this.parts.transport.view())
      if (what !== undefined) {
        this.member.send({ type: 'metadata.changed', cause: { what, evidence: 'observed' } })
      }
    }
    this.fetcher.pump()
  }

  #slotsChanged(): void {
    this.fetcher.pump()
    this.delivery.wake()
  }
}

const errorOf = (info: ErrorInfo, config: ConsumerConfig): StreamBusError =>
  new StreamBusError(info.code, info.message, {
    ...(config.groupId === null ? {} : { group: config.groupId }),
    ...(info.kafkaError === undefined ? {} : { kafkaError: info.kafkaError }),
  })
