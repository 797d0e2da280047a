import * as Effect from 'effect/Effect'
import { StreamBusError } from '../domain/errors.js'
import type { ConsumerRecord } from '../domain/record.js'
import type { TimerHandle } from '../runtime/clock.js'
import { LATEST, listOffsets } from '../transport/requests/list-offsets.js'
import type { ConsumerCore } from './consumer-core.js'

/**
 * How an application takes records: by poll or one by one. It marks what came before as done,
 * waits for more, and tells the member when the application has not asked for too long.
 */
export class Reading {
  readonly #core: ConsumerCore
  #lastAskedAt: number
  #isAsking = false
  #isStopped = false
  #overdueTimer: TimerHandle | undefined

  constructor(core: ConsumerCore) {
    this.#core = core
    this.#lastAskedAt = core.parts.runtime.clock.elapsed()
    core.onMove = () => this.#memberMoved()
  }

  /** What was handed out before is done; then up to `max` records that wait already. */
  takeNow(max: number): ConsumerRecord[] {
    this.#core.delivery.settle()
    this.#asked()
    return this.#core.delivery.take(max)
  }

  takeOneNow(): ConsumerRecord | undefined {
    this.#core.delivery.settle()
    this.#core.committer.forgetGone()
    this.#lastAskedAt = this.#core.parts.runtime.clock.elapsed()
    return this.#core.delivery.takeOne()
  }

  /** Waits for records up to `timeoutMs`; empty when none came or the consumer is closing. */
  poll(timeoutMs: number, maxRecords: number): Effect.Effect<ConsumerRecord[], StreamBusError> {
    const { clock } = this.#core.parts.runtime
    return this.#asking(
      Effect.gen({ self: this }, function* () {
        const deadline = clock.elapsed() + timeoutMs
        let records = this.takeNow(maxRecords)
        for (;;) {
          if (records.length > 0) return records
          yield* this.#checkHealth()
          const left = deadline - clock.elapsed()
          if (left <= 0 || this.#core.delivery.isClosing) return records
          yield* this.#core.delivery.wait(left)
          records = this.#core.delivery.take(maxRecords)
        }
      }),
    )
  }

  /** The next record; undefined when the consumer closes, or at the end if that was asked for. */
  next(end: EndOfPartitions | null): Effect.Effect<ConsumerRecord | undefined, StreamBusError> {
    return this.#asking(
      Effect.gen({ self: this }, function* () {
        const { delivery } = this.#core
        delivery.settle()
        for (;;) {
          if (end?.isKnownToBeReached()) return undefined
          const record = delivery.takeOne()
          if (record !== undefined) return record
          yield* this.#checkHealth()
          if (delivery.isClosing) return undefined
          if (end !== null && (yield* end.isReached())) return undefined
          yield* delivery.wait(end === null ? Number.POSITIVE_INFINITY : END_CHECK_MS)
        }
      }),
    )
  }

  stop(): void {
    this.#isStopped = true
    this.#core.parts.runtime.clock.clearTimeout(this.#overdueTimer)
  }

  #asking<A>(effect: Effect.Effect<A, StreamBusError>): Effect.Effect<A, StreamBusError> {
    return Effect.suspend(() => {
      this.#isAsking = true
      this.#asked()
      return Effect.ensuring(
        effect,
        Effect.sync(() => {
          this.#isAsking = false
          this.#lastAskedAt = this.#core.parts.runtime.clock.elapsed()
        }),
      )
    })
  }

  #asked(): void {
    this.#lastAskedAt = this.#core.parts.runtime.clock.elapsed()
    this.#core.committer.forgetGone()
    this.resumeIfAwaited()
  }

  #memberMoved(): void {
    // The interval begins with the subscription, and a poll may wait already when the member is
    // ready to come back.
    const { state, parts } = this.#core
    if (state === 'joining') {
      this.#lastAskedAt = parts.runtime.clock.elapsed()
      if (this.#overdueTimer === undefined) this.#armOverdue(parts.config.maxPollIntervalMs)
    }
    if (this.#isAsking) this.resumeIfAwaited()
  }

  /** A member that gave its partitions up because nobody polled may come back. */
  resumeIfAwaited(): void {
    const { member, state } = this.#core
    if (state === 'fenced' && member.getSnapshot().matches({ fenced: 'waitingForPoll' })) {
      member.send({ type: 'poll.resumed' })
    }
  }

  *#checkHealth() {
    const { failure, delivery } = this.#core
    if (failure !== undefined) return yield* Effect.fail(failure)
    const error = delivery.takeError()
    if (error !== undefined)
      return yield* Effect.fail(new StreamBusError(error.code, error.message))
  }

  /** One timer looks at the time of the last ask; asking does not touch it. */
  #armOverdue(delayMs: number): void {
    const { clock } = this.#core.parts.runtime
    const { maxPollIntervalMs, groupId, assign } = this.#core.parts.config
    if (groupId === null || assign.length > 0 || this.#isStopped) return
    this.#overdueTimer = clock.setTimeout(() => {
      const silentMs = this.#isAsking ? 0 : clock.elapsed() - this.#lastAskedAt
      if (silentMs >= maxPollIntervalMs && this.#core.state === 'stable') {
        const what =
          `no poll for ${(silentMs / 1000).toFixed(1)} s, ` +
          `more than maxPollIntervalMs (${maxPollIntervalMs})`
        this.#core.member.send({ type: 'poll.overdue', cause: { what, evidence: 'observed' } })
      }
      const restMs = maxPollIntervalMs - silentMs
      this.#armOverdue(restMs > 0 ? restMs : Math.min(1_000, maxPollIntervalMs))
    }, delayMs)
  }
}

const END_CHECK_MS = 50

/**
 * The end of the assigned partitions as it was when each was first looked at: what is written
 * later does not move it.
 */
export class EndOfPartitions {
  readonly #core: ConsumerCore
  readonly #ends = new Map<string, number>()

  constructor(core: ConsumerCore) {
    this.#core = core
  }

  isReached(): Effect.Effect<boolean, StreamBusError> {
    return Effect.gen({ self: this }, function* () {
      const { slots, state, parts } = this.#core
      if (state !== 'stable') return false
      const unknown = [...slots.values()].filter(({ key }) => !this.#ends.has(key))
      if (unknown.length > 0) {
        const queries = unknown.map(({ topic, partition }) => ({
          topic,
          partition,
          timestamp: LATEST,
        }))
        const answers = yield* listOffsets(parts.transport, queries, {
          timeoutMs: parts.config.requestTimeoutMs,
          isolationLevel: parts.config.isolationLevel,
        })
        for (const [key, { errorCode, offset }] of answers) {
          if (errorCode === 0) this.#ends.set(key, offset)
        }
      }
      return this.isKnownToBeReached()
    })
  }

  /** Without asking anybody: every partition's end is known and passed. */
  isKnownToBeReached(): boolean {
    const { slots, state, member } = this.#core
    if (state !== 'stable') return false
    // Partitions are taken away in the step that leaves `stable`, and who waits is woken in it: no
    // partition is left, but none has been read to its end.
    if (member.getSnapshot().context.owned.length !== slots.size) return false
    for (const { key, offsets } of slots.values()) {
      const end = this.#ends.get(key)
      if (end === undefined || offsets.position < end) return false
    }
    return true
  }
}
