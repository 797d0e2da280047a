import { AsyncLocalStorage } from 'node:async_hooks'
import * as Effect from 'effect/Effect'
import * as Option from 'effect/Option'
import { StreamBusError } from '../domain/errors.js'
import type { MemberState } from '../domain/membership.js'
import type { ConsumerRecord } from '../domain/record.js'
import {
  keyOf,
  type TopicPartition,
  type TopicPartitionOffset,
  tpOf,
} from '../domain/topic-partition.js'
import { invalidConfig } from '../domain/validate.js'
import type { Runtime } from '../runtime/runtime.js'
import type { TransportService } from '../transport/transport.js'
import { type ActorView, actorView } from './actor-view.js'
import type { PartitionCallbacks } from './callbacks.js'
import { closeWithin } from './close.js'
import { type ConsumerOptions, type PartitionsCallback, resolveConsumerConfig } from './config.js'
import { ConsumerCore } from './consumer-core.js'
import { type RecordsOptions, recordIterator } from './iteration.js'
import { guardedListeners, guardInspect } from './listeners.js'
import { lookUpOffset, requireTopics, type SeekTarget } from './look-ups.js'
import type { PartitionSlot } from './partition-slot.js'
import { Reading } from './reading.js'
import { ConsumerRecords } from './records.js'
import { type ConsumerStats, consumerStats } from './stats.js'

export interface PollOptions {
  /** Default 1_000: how long to wait for the first record. 0 returns what waits already. */
  readonly timeoutMs?: number
  /** Default 500. */
  readonly maxRecords?: number
  readonly signal?: AbortSignal
}

export interface CloseOptions {
  /** Default 30_000; then everything is let go and CLOSE_TIMED_OUT is thrown. */
  readonly timeoutMs?: number
  /** Default true. False lets a static member (`groupInstanceId`) keep its partitions. */
  readonly leaveGroup?: boolean
}

export interface ConsumerParts {
  readonly runtime: Runtime
  readonly transport: TransportService
  readonly id: string
  readonly defaultClientId: string
  readonly onIgnored?: (event: string, state: string) => void
  readonly onClosed?: () => void
}

/**
 * A member of a consumer group, or a reader of partitions given by hand. Poll it or iterate over
 * it; whichever comes first claims it.
 */
export class Consumer implements AsyncIterable<ConsumerRecord>, AsyncDisposable {
  readonly #core: ConsumerCore
  readonly #runtime: Runtime
  readonly #reading: Reading
  readonly #insideCallback = new AsyncLocalStorage<{ isRunning: boolean }>()
  #claim: 'poll' | 'iteration' | undefined
  #isPolling = false
  #isIterating = false
  #subscribing: Promise<void> | undefined
  #closing: Promise<void> | undefined

  constructor(options: ConsumerOptions, parts: ConsumerParts) {
    const config = guardInspect(
      resolveConsumerConfig(options, parts.defaultClientId),
      options.inspect,
    )
    this.#runtime = parts.runtime
    this.#core = new ConsumerCore({
      runtime: parts.runtime,
      transport: parts.transport,
      config,
      id: parts.id,
      callbacks: this.#wrapCallbacks(options),
      ...guardedListeners(config),
      ...(parts.onIgnored === undefined ? {} : { onIgnored: parts.onIgnored }),
      ...(parts.onClosed === undefined ? {} : { onClosed: parts.onClosed }),
    })
    this.#reading = new Reading(this.#core)
  }

  /** The group lifecycle; `idle` before subscribing. */
  get state(): MemberState {
    return this.#core.state
  }

  /** Why the consumer is `failed`. */
  get error(): StreamBusError | undefined {
    return this.#core.failure
  }

  /** A read-only view of the member's actor. */
  get actor(): ActorView {
    return actorView(this.#core.member)
  }

  /** Partitions held now, sorted. */
  assignment(): TopicPartition[] {
    return this.#core.member
      .getSnapshot()
      .context.owned.map(({ topic, partition }) => ({ topic, partition }))
  }

  stats(): ConsumerStats {
    return consumerStats(this.#core)
  }

  /** Records not read yet, by partition; null while unknown, which is not zero. */
  lag(): (TopicPartition & { readonly records: number | null })[] {
    return this.stats().partitions.map(({ topic, partition, positionLag }) => ({
      topic,
      partition,
      records: positionLag,
    }))
  }

  /**
   * Joins the group and resolves when first stable. `topics` replaces the subscription. Errors:
   * UNKNOWN_TOPIC, and whatever makes the consumer fail (`consumer.error`).
   */
  async subscribe(options: { readonly topics?: readonly string[] } = {}): Promise<void> {
    this.#requireOpen()
    const { config } = this.#core.parts
    const topics = [...new Set(options.topics ?? config.topics)]
    if (config.assign.length > 0 ? options.topics !== undefined : topics.length === 0) {
      throw invalidConfig('consumer', 'topics: name at least one topic to subscribe to', 'topics')
    }
    await requireTopics(this.#core, config.assign.length > 0 ? config.assign : topics)
    this.#requireOpen()
    if (this.state === 'idle' || options.topics !== undefined) this.#core.subscribe(topics)
    this.#reading.resumeIfAwaited()
    // Inside a callback it only begins: the callback has to return first.
    if (this.#insideCallback.getStore()?.isRunning) return
    const isSettled = (): boolean =>
      this.state === 'stable' || this.state === 'failed' || this.state === 'left'
    await this.#runtime.promise(this.#core.until(isSettled))
    this.#throwIfFailed()
    this.#requireOpen()
  }

  /**
   * Records from assigned partitions, at most `maxRecords`; empty when none came in time or the
   * consumer closes. The batch before is done. Subscribes if that was not done yet.
   */
  async poll(options: PollOptions = {}): Promise<ConsumerRecords> {
    this.#claimFor('poll')
    if (this.#isPolling) throw inUse('another poll is still waiting')
    const { timeoutMs = 1_000, maxRecords = 500, signal } = options
    if (!(timeoutMs >= 0)) throw badArgument('poll', 'timeoutMs', timeoutMs)
    if (!Number.isInteger(maxRecords) || maxRecords < 1) {
      throw badArgument('poll', 'maxRecords', maxRecords)
    }
    this.#isPolling = true
    try {
      signal?.throwIfAborted()
      const { clock } = this.#runtime
      const deadline = clock.elapsed() + timeoutMs
      if (!(await this.#subscribed(timeoutMs, signal))) return new ConsumerRecords([])
      const waiting = this.#reading.takeNow(maxRecords)
      if (waiting.length > 0) return new ConsumerRecords(waiting)
      const poll = this.#reading.poll(Math.max(0, deadline - clock.elapsed()), maxRecords)
      return new ConsumerRecords(await abortable(this.#runtime.promise(poll, signal), signal))
    } finally {
      this.#isPolling = false
    }
  }

  /** One record at a time; a record is done when the next one is asked for. */
  records(options: RecordsOptions = {}): AsyncIterableIterator<ConsumerRecord> {
    return recordIterator({
      core: this.#core,
      reading: this.#reading,
      runtime: this.#runtime,
      acquire: () => {
        this.#claimFor('iteration')
        if (this.#isIterating) throw inUse('another iterator over it has not ended')
        this.#isIterating = true
      },
      release: () => {
        this.#isIterating = false
      },
      begin: (signal) => this.#subscribed(Number.POSITIVE_INFINITY, signal),
      options,
    })
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<ConsumerRecord> {
    return this.records()
  }

  /**
   * Commits what was polled or yielded so far, one record (its offset + 1), or explicit offsets
   * (next to process). Errors: COMMIT_FAILED, NOT_ASSIGNED, MEMBER_FENCED.
   */
  async commit(what?: ConsumerRecord | readonly TopicPartitionOffset[]): Promise<void> {
    this.#throwIfFailed()
    if (this.#core.parts.config.groupId === null) {
      throw invalidConfig('consumer', 'groupId: needed to commit offsets', 'groupId')
    }
    const { committer, delivery } = this.#core
    if (what === undefined) {
      delivery.settle()
      await this.#runtime.promise(committer.commitDone())
      return
    }
    const offsets = isRecord(what) ? [{ ...tpOf(what), offset: what.offset + 1 }] : what
    for (const { offset, ...tp } of offsets) {
      if (!Number.isSafeInteger(offset) || offset < 0) {
        throw new StreamBusError(
          'INVALID_ARGUMENT',
          `commit ${keyOf(tp)}: no offset: ${offset}`,
          tp,
        )
      }
    }
    await this.#runtime.promise(committer.commit(() => offsets))
    delivery.settleUpTo(offsets)
  }

  /** At once. Kept over a cooperative rebalance, cleared when the partition is revoked. */
  pause(partitions: readonly TopicPartition[]): void {
    for (const slot of this.#slotsOf(partitions, 'pause')) slot.send({ type: 'pause' })
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const slot of this.#slotsOf(partitions, 'resume')) {
      slot.send({ type: 'resume', buffered: !slot.buffer.isEmpty })
    }
    this.#core.fetcher.pump()
    this.#core.delivery.wake()
  }

  /** Reads on from there. In `onPartitionsAssigned` it comes before the first record. */
  async seek(tp: TopicPartition, target: SeekTarget): Promise<void> {
    this.#slotsOf([tp], 'seek')
    const offset = typeof target === 'number' ? target : await lookUpOffset(this.#core, tp, target)
    if (!Number.isSafeInteger(offset) || offset < 0) {
      throw new StreamBusError('INVALID_ARGUMENT', `seek ${keyOf(tp)}: no offset: ${offset}`, tp)
    }
    const [slot] = this.#slotsOf([tp], 'seek')
    if (slot!.state === 'draining') throw notAssigned(tp, 'seek')
    slot!.startAt(offset, 'seek')
    this.#core.fetcher.pump()
  }

  /**
   * Stops handing out, commits what is done (auto-commit), runs `onPartitionsRevoked`, leaves the
   * group. Marks nothing as done. Idempotent. Inside a callback it only begins: the callback has to
   * return first. Errors: CLOSE_TIMED_OUT with `uncommitted`.
   */
  async close({ timeoutMs = 30_000, leaveGroup = true }: CloseOptions = {}): Promise<void> {
    this.#reading.stop()
    this.#closing ??= this.#runtime.promise(closeWithin(this.#core, timeoutMs, leaveGroup))
    if (this.#insideCallback.getStore()?.isRunning) {
      this.#closing.catch((error: unknown) => this.#core.parts.onError(error as StreamBusError))
      return
    }
    await this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #wrapCallbacks(options: ConsumerOptions): PartitionCallbacks {
    const wrap = (callback: PartitionsCallback | undefined) =>
      callback === undefined
        ? undefined
        : (partitions: readonly TopicPartition[]) =>
            Effect.tryPromise({
              try: () => this.#callInside(callback, partitions),
              catch: (error) => error,
            })
    return {
      onPartitionsAssigned: wrap(options.onPartitionsAssigned),
      onPartitionsRevoked: wrap(options.onPartitionsRevoked),
      onPartitionsLost: wrap(options.onPartitionsLost),
    }
  }

  /** What a callback set going and left behind is not inside of it any more. */
  #callInside(callback: PartitionsCallback, partitions: readonly TopicPartition[]): Promise<void> {
    const call = { isRunning: true }
    return this.#insideCallback.run(call, async () => {
      try {
        await callback(partitions)
      } finally {
        call.isRunning = false
      }
    })
  }

  /**
   * Subscribes if that was not done yet, and waits for it within the caller's own time. False when
   * the time is up (joining goes on meanwhile) or the consumer was closed while the caller waited.
   */
  async #subscribed(timeoutMs: number, signal: AbortSignal | undefined): Promise<boolean> {
    this.#throwIfFailed()
    this.#requireOpen()
    if (this.#subscribing === undefined) {
      if (this.state !== 'idle') return true
      this.#subscribing = this.subscribe().finally(() => {
        this.#subscribing = undefined
      })
      // Whoever asks next hears of a failure, too.
      this.#subscribing.catch(() => undefined)
    }
    const subscribing = this.#subscribing
    const joined = Effect.tryPromise({ try: () => subscribing, catch: (error) => error })
    const timed = Number.isFinite(timeoutMs)
      ? Effect.timeoutOption(joined, timeoutMs)
      : Effect.asSome(joined)
    try {
      return Option.isSome(await abortable(this.#runtime.promise(timed, signal), signal))
    } catch (error) {
      if (this.#closing !== undefined && !signal?.aborted) return false
      throw error
    }
  }

  #claimFor(use: 'poll' | 'iteration'): void {
    this.#claim ??= use
    if (this.#claim !== use) throw inUse(`it is read by ${this.#claim} already`)
  }

  #throwIfFailed(): void {
    if (this.#core.failure !== undefined) throw this.#core.failure
  }

  #requireOpen(): void {
    if (this.#closing === undefined && this.state !== 'left' && this.state !== 'leaving') return
    throw new StreamBusError('CONSUMER_CLOSED', 'the consumer is closed: make a new one')
  }

  #slotsOf(partitions: readonly TopicPartition[], doing: string): PartitionSlot[] {
    return partitions.map((tp) => {
      const slot = this.#core.slots.get(keyOf(tp))
      if (slot !== undefined) return slot
      throw notAssigned(tp, doing)
    })
  }
}

const isRecord = (what: ConsumerRecord | readonly TopicPartitionOffset[]): what is ConsumerRecord =>
  !Array.isArray(what)

const notAssigned = (tp: TopicPartition, doing: string): StreamBusError =>
  new StreamBusError(
    'NOT_ASSIGNED',
    `cannot ${doing} ${keyOf(tp)}: not assigned to this consumer now`,
    tpOf(tp),
  )

const inUse = (why: string): StreamBusError =>
  new StreamBusError('CONSUMER_IN_USE', `the consumer is in use: ${why}; use one consumer for each`)

const badArgument = (call: string, field: string, value: unknown): StreamBusError =>
  new StreamBusError('INVALID_ARGUMENT', `${call}: ${field} cannot be ${String(value)}`, { field })

/** An aborted call rejects with the signal's own reason. */
const abortable = async <A>(promise: Promise<A>, signal: AbortSignal | undefined): Promise<A> => {
  try {
    return await promise
  } catch (error) {
    throw signal?.aborted ? signal.reason : error
  }
}
