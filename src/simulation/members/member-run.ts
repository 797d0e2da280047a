import * as Effect from 'effect/Effect'
import * as Result from 'effect/Result'
import { closeWithin } from '../../consumer/close.js'
import type { ConsumerConfig } from '../../consumer/config.js'
import { ConsumerCore } from '../../consumer/consumer-core.js'
import { Reading } from '../../consumer/reading.js'
import type { StreamBusError } from '../../domain/errors.js'
import { keyOf } from '../../domain/topic-partition.js'
import type { TransportService } from '../../transport/transport.js'
import type { MemberPlan } from '../plan/plan.js'
import { Application } from './application.js'
import { callbacksOf } from './callbacks.js'
import { consumerInspector } from './consumer-inspector.js'
import type { Handlers } from './handler.js'
import type { SimulatedProcess } from './process.js'
import { tracedCommits } from './traced-commits.js'

export interface MemberRunParts {
  /** The number of its member in the plan. */
  readonly index: number
  readonly process: SimulatedProcess
  readonly plan: MemberPlan
  readonly config: ConsumerConfig
  readonly connect: () => Effect.Effect<TransportService, StreamBusError>
  readonly nameOf: (memberId: string) => string
  readonly onLeft: () => void
  readonly handlers?: Handlers
}

const CLOSE_MS = 30_000

/** One process with one consumer: it connects, subscribes, and runs its application. */
export class MemberRun {
  readonly process: SimulatedProcess
  readonly application: Application
  readonly #parts: MemberRunParts
  #core: ConsumerCore | undefined
  #transport: TransportService | undefined
  /** `close` was called; it may still be under way. */
  isStopping = false
  hasLeft = false

  constructor(parts: MemberRunParts) {
    this.#parts = parts
    this.process = parts.process
    this.application = new Application(parts)
  }

  get core(): ConsumerCore | undefined {
    return this.#core
  }

  /** Its application never comes back, and it gave its partitions up. */
  get isIdle(): boolean {
    const snapshot = this.#core?.member.getSnapshot()
    return this.application.isHanging && (snapshot?.matches({ fenced: 'waitingForPoll' }) ?? false)
  }

  isStableAt(generation: number): boolean {
    const core = this.#core
    return core?.state === 'stable' && core.member.getSnapshot().context.generation === generation
  }

  get index(): number {
    return this.#parts.index
  }

  /** Keys of the partitions that it holds. */
  get held(): string[] {
    return [...(this.#core?.slots.keys() ?? [])]
  }

  /** The coordinator answered it as to its member. */
  hasHeardSince(time: number): boolean {
    return (this.#core?.client.lease.heardAt ?? Number.NEGATIVE_INFINITY) >= time
  }

  /** Of a partition that it holds and has not paused, not everything is handed out. */
  hasUnread(endOf: (partition: string) => number): boolean {
    if (this.#core === undefined) return false
    return [...this.#core.slots.values()].some(
      ({ key, offsets, isPaused }) => !isPaused && offsets.position < endOf(key),
    )
  }

  start(): void {
    this.#tell({ fact: 'start' })
    this.process.runtime.run(this.#live())
  }

  /** Ctrl+C: the consumer is closed in order. */
  stop(): void {
    if (this.isStopping) return
    this.isStopping = true
    this.#tell({ fact: 'stop' })
    const core = this.#core
    this.application.stop()
    if (core === undefined) {
      this.#left(true)
      return
    }
    this.process.runtime.run(
      Effect.map(Effect.result(closeWithin(core, CLOSE_MS, true)), (closed) =>
        this.#left(Result.isSuccess(closed)),
      ),
    )
  }

  /** The application's own commit of everything in hand, wherever it stands. */
  commit(): void {
    if (this.#core !== undefined) this.process.runtime.run(this.application.commitAll(this.#core))
  }

  #live(): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      for (;;) {
        const connected = yield* Effect.result(this.#parts.connect())
        if (Result.isFailure(connected)) {
          if (this.isStopping) return
          continue
        }
        if (this.isStopping) return yield* connected.success.close
        this.#transport = connected.success
        const core = this.#makeCore(connected.success)
        this.#core = core
        const reading = new Reading(core)
        core.subscribe(this.#parts.config.topics)
        return yield* this.application.run(core, reading)
      }
    })
  }

  #makeCore(transport: TransportService): ConsumerCore {
    const { process, config } = this.#parts
    const { recorder, runtime, name } = process
    const generation = (): number => core.member.getSnapshot().context.generation
    const core: ConsumerCore = new ConsumerCore({
      runtime,
      transport: tracedCommits(transport, recorder),
      config: { ...config, inspect: consumerInspector(recorder, this.#parts.nameOf) },
      id: name,
      callbacks: callbacksOf({
        process,
        application: this.application,
        generation,
        core: () => core,
      }),
      onError: (error) => this.#tellError(error),
      onStateChange: (state) => {
        if (state === 'failed') this.#tell({ fact: 'failed', code: core.failure?.code ?? '' })
      },
    })
    return core
  }

  #tellError({ code, address }: StreamBusError): void {
    const { topic, partition } = address
    const where =
      topic === undefined || partition === undefined ? {} : { where: keyOf({ topic, partition }) }
    this.#tell({ fact: 'error', code, ...where })
  }

  #left(inTime: boolean): void {
    this.hasLeft = true
    // The process ends, and with it whatever its application still does.
    this.application.hurry()
    this.#parts.handlers?.end(this.process)
    if (this.#transport !== undefined) this.process.runtime.run(this.#transport.close)
    this.#tell({ fact: 'left', inTime })
    this.#parts.onLeft()
  }

  #tell(fact: Parameters<SimulatedProcess['recorder']['fact']>[1]): void {
    this.process.recorder.fact(this.process.name, fact)
  }
}
