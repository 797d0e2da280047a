import * as Effect from 'effect/Effect'
import * as Result from 'effect/Result'
import type { ConsumerCore } from '../../consumer/consumer-core.js'
import type { Reading } from '../../consumer/reading.js'
import type { OffsetsByPartition } from '../../domain/facts.js'
import type { ConsumerRecord } from '../../domain/record.js'
import { keyOf, type TopicPartitionOffset } from '../../domain/topic-partition.js'
import type { MemberPlan } from '../plan/plan.js'
import type { CallbackKind } from './callbacks.js'
import type { Handlers } from './handler.js'
import type { SimulatedProcess } from './process.js'
import { type Run, runsOf } from './runs.js'

const POLL_MS = 3_000
const MOST_RECORDS = 20
/** How often an application that commits now and then does so. */
const COMMIT_RATE = 0.3

export interface ApplicationParts {
  readonly process: SimulatedProcess
  readonly plan: MemberPlan
  /** The number of its member. */
  readonly index: number
  readonly handlers?: Handlers
}

/** The loop around a consumer: takes records, works, is done, perhaps commits. */
export class Application {
  readonly #process: SimulatedProcess
  readonly #plan: MemberPlan
  readonly #index: number
  readonly #handlers: Handlers | undefined
  /** Its present piece of work never ends. */
  isHanging = false
  #isStopped = false
  #reading: Reading | undefined
  readonly #slow = new Set<() => void>()
  #inHand: readonly Run[] = []
  /** Ordered by the script, for the next time. */
  #nextWorkMs: number | undefined
  #nextCallbackMs: number | undefined
  #throwsIn: CallbackKind | undefined

  constructor({ process, plan, index, handlers }: ApplicationParts) {
    this.#process = process
    this.#plan = plan
    this.#index = index
    this.#handlers = handlers
  }

  /** It was handed records and is not done with them. */
  get isWorking(): boolean {
    return this.#inHand.length > 0
  }

  stop(): void {
    this.#isStopped = true
    this.#reading?.stop()
  }

  /** What is slow comes to its end, and what was ordered for later is forgotten. */
  hurry(): void {
    this.#nextWorkMs = undefined
    this.#nextCallbackMs = undefined
    this.#throwsIn = undefined
    for (const finish of [...this.#slow]) finish()
  }

  /** `Infinity`: it never ends. */
  slowDownNextWork(ms: number): void {
    this.#nextWorkMs = ms
  }

  slowDownNextCallback(ms: number): void {
    this.#nextCallbackMs = ms
  }

  throwInNext(kind: CallbackKind): void {
    this.#throwsIn = kind
  }

  run(core: ConsumerCore, reading: Reading): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      this.#reading = reading
      while (!this.#isStopped) {
        const taken = yield* Effect.result(this.#take(reading))
        if (this.#isStopped) break
        // A consumer that failed for good: the process stays, for an operator to look at.
        if (Result.isFailure(taken)) {
          if (core.state === 'failed' || core.state === 'left') break
          continue
        }
        const records = taken.success
        if (records.length > 0) yield* this.#finish(core, records)
        else if (this.#plan.style === 'commitOnRevoke') yield* this.#maybeCommit(core)
      }
      reading.stop()
    })
  }

  callback(kind: CallbackKind, core: ConsumerCore): Effect.Effect<void, Error> {
    return Effect.gen({ self: this }, function* () {
      const ms = this.#nextCallbackMs ?? this.#process.random() * this.#plan.maxCallbackMs
      this.#nextCallbackMs = undefined
      yield* this.#takeTime(ms)
      if (kind === 'revoked' && this.#plan.style === 'commitOnRevoke') yield* this.commitAll(core)
      if (this.#throwsIn !== kind) return
      this.#throwsIn = undefined
      yield* Effect.fail(new Error(`thrown in ${kind}`))
    })
  }

  /** `consumer.commit()`: what is in hand is done with that. */
  commitAll(core: ConsumerCore): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#tellDone()
      core.delivery.settle()
      return Effect.ignore(core.committer.commitDone())
    })
  }

  /** Pauses all partitions that it has, or resumes them. */
  flow(core: ConsumerCore, what: 'pause' | 'resume'): void {
    const slots = [...core.slots.values()].filter(({ isOpen }) => isOpen)
    this.#tell({ fact: 'flow', do: what, partitions: slots.map(({ key }) => key) })
    for (const slot of slots) {
      slot.send(
        what === 'pause' ? { type: 'pause' } : { type: 'resume', buffered: !slot.buffer.isEmpty },
      )
    }
    core.fetcher.pump()
    core.delivery.wake()
  }

  /** Seeks in the first of its partitions; `back` is to what it has committed, or to the start. */
  seek(core: ConsumerCore, to: 'beginning' | 'end' | 'back'): void {
    const slot = [...core.slots.values()].find(
      ({ isOpen, state }) => isOpen && state !== 'draining',
    )
    if (slot === undefined) return
    const { highWatermark, committed } = slot.offsets
    const offset = { beginning: 0, end: Math.max(0, highWatermark), back: Math.max(0, committed) }[
      to
    ]
    slot.startAt(offset, 'seek')
    core.fetcher.pump()
  }

  #take(reading: Reading) {
    if (this.#plan.style !== 'iterate') return reading.poll(POLL_MS, MOST_RECORDS)
    return Effect.map(reading.next(null), (record) => (record === undefined ? [] : [record]))
  }

  #finish(core: ConsumerCore, records: readonly ConsumerRecord[]): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      const runs = runsOf(records)
      this.#inHand = runs
      for (const { partition, first, last, ids } of runs) {
        this.#tell({ fact: 'deliver', partition, first, last, ids })
      }
      if (this.#plan.style === 'handler') yield* this.#handle(records)
      else yield* this.#work()
      this.#tellDone()
      if (this.#plan.style === 'commit') yield* this.commitAll(core)
      if (this.#plan.style === 'commitOnRevoke') yield* this.#maybeCommit(core)
      if (this.#plan.style === 'explicit') yield* this.#commitHalf(core, runs)
    })
  }

  #tellDone(): void {
    for (const { partition, first, last } of this.#inHand) {
      this.#tell({ fact: 'done', partition, first, last })
    }
    this.#inHand = []
  }

  /** One after the other; who is closed meanwhile still ends the record in hand. */
  #handle(records: readonly ConsumerRecord[]): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      for (const record of records) {
        if (this.#isStopped) return yield* Effect.never
        const call = this.#handlers!.call(record, this.#index, this.#process)
        const handled = yield* Effect.result(call)
        if (Result.isSuccess(handled)) continue
        const where = `${keyOf(record)} ${record.offset}`
        this.#tell({ fact: 'handler.failed', where, what: String(handled.failure) })
        return yield* Effect.never
      }
    })
  }

  #work(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const ms = this.#nextWorkMs ?? this.#process.random() * this.#plan.maxWorkMs
      this.#nextWorkMs = undefined
      this.isHanging = !Number.isFinite(ms)
      return this.isHanging ? Effect.never : this.#takeTime(ms)
    })
  }

  /** As long as that, or until the application is told to hurry. */
  #takeTime(ms: number): Effect.Effect<void> {
    const { clock } = this.#process.runtime
    return Effect.callback<void>((resume) => {
      const finish = (): void => {
        clock.clearTimeout(timer)
        this.#slow.delete(finish)
        resume(Effect.void)
      }
      const timer = clock.setTimeout(finish, ms)
      this.#slow.add(finish)
      return Effect.sync(finish)
    })
  }

  #maybeCommit(core: ConsumerCore): Effect.Effect<void> {
    return this.#process.random() < COMMIT_RATE ? this.commitAll(core) : Effect.void
  }

  /** Offsets that the application names itself: the first part of what it has done. */
  #commitHalf(core: ConsumerCore, runs: readonly Run[]): Effect.Effect<void> {
    return Effect.suspend(() => {
      const chosen = runs.filter(() => this.#process.random() < 0.5)
      const offsets: TopicPartitionOffset[] = chosen.map(({ place, first, last }) => ({
        ...place,
        offset: first + 1 + Math.floor(this.#process.random() * (last - first + 1)),
      }))
      if (offsets.length === 0) return Effect.void
      const declared: OffsetsByPartition = Object.fromEntries(
        offsets.map((at) => [keyOf(at), at.offset]),
      )
      this.#tell({ fact: 'declare', offsets: declared })
      return Effect.ignore(
        Effect.map(
          core.committer.commit(() => offsets),
          () => core.delivery.settleUpTo(offsets),
        ),
      )
    })
  }

  #tell(fact: Parameters<SimulatedProcess['recorder']['fact']>[1]): void {
    this.#process.recorder.fact(this.#process.name, fact)
  }
}
