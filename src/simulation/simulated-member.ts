import * as Effect from 'effect/Effect'
import type * as Fiber from 'effect/Fiber'
import * as Result from 'effect/Result'
import { type ConsumerOptions, resolveConsumerConfig } from '../consumer/config.js'
import { ConsumerCore } from '../consumer/consumer-core.js'
import { Reading } from '../consumer/reading.js'
import type { MemberState } from '../domain/membership.js'
import type { ConsumerRecord } from '../domain/record.js'
import { keyOf, type TopicPartition } from '../domain/topic-partition.js'
import type { Runtime } from '../runtime/runtime.js'
import { connectTransport } from '../transport/cluster/connect-transport.js'
import type { TransportService } from '../transport/transport.js'
import type { SimulatedLink } from './simulated-link.js'
import type { Fact, Trace } from './trace.js'

export interface SimulatedMemberParts {
  readonly name: string
  readonly link: SimulatedLink
  readonly runtime: Runtime
  readonly random: () => number
  readonly trace: Trace
  readonly options: ConsumerOptions
  /** How long the application works on one poll's records, at most. */
  readonly maxWorkMs: number
}

const MAX_CALLBACK_MS = 30

/** A process with one consumer that polls, works and polls again, and tells the trace. */
export class SimulatedMember {
  readonly #parts: SimulatedMemberParts
  #core: ConsumerCore | undefined
  #reading: Reading | undefined
  #fiber: Fiber.Fiber<void> | undefined
  /** A callback that was under way when the process died tells nothing any more. */
  #isDead = false
  isRunning = false
  isCut = false

  constructor(parts: SimulatedMemberParts) {
    this.#parts = parts
  }

  get name(): string {
    return this.#parts.name
  }

  get state(): MemberState {
    return this.#core?.state ?? 'idle'
  }

  get generation(): number {
    return this.#core?.member.getSnapshot().context.generation ?? -1
  }

  /** Keys of the partitions held now. */
  get owned(): string[] {
    return this.#core?.member.getSnapshot().context.owned.map(keyOf) ?? []
  }

  get ignoredEvents(): number {
    return this.#core?.ignoredEvents ?? 0
  }

  start(): void {
    this.isRunning = true
    this.#parts.trace.fact(this.name, { fact: 'start' })
    this.#fiber = this.#parts.runtime.run(this.#live())
  }

  stop(): void {
    if (!this.isRunning) return
    this.#parts.trace.fact(this.name, { fact: 'stop' })
    this.isRunning = false
    if (this.#core === undefined) {
      this.#fiber?.interruptUnsafe()
      return
    }
    this.#reading?.stop()
    this.#parts.runtime.run(this.#core.close(true))
  }

  crash(): void {
    if (!this.isRunning) return
    this.#parts.trace.fact(this.name, { fact: 'crash' })
    this.isRunning = false
    this.#isDead = true
    this.#parts.link.isCut = true
    this.#fiber?.interruptUnsafe()
    this.#reading?.stop()
    this.#core?.destroy()
  }

  cut(): void {
    if (this.isCut) return
    this.isCut = true
    this.#parts.link.isCut = true
    this.#parts.trace.fact(this.name, { fact: 'cut' })
  }

  heal(): void {
    if (!this.isCut || this.#isDead) return
    this.isCut = false
    this.#parts.link.isCut = false
    this.#parts.trace.fact(this.name, { fact: 'heal' })
  }

  #live(): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      const { runtime, link, name, options } = this.#parts
      for (;;) {
        const connected = yield* Effect.result(
          connectTransport({
            runtime,
            brokers: { handle: link.handle },
            clientId: name,
            requestTimeoutMs: options.requestTimeoutMs ?? 1_000,
          }),
        )
        if (Result.isFailure(connected)) continue
        const core = this.#makeCore(connected.success)
        this.#core = core
        this.#reading = new Reading(core)
        core.subscribe(options.topics ?? [])
        return yield* this.#work(this.#reading)
      }
    })
  }

  #work(reading: Reading): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      while (this.isRunning) {
        const polled = yield* Effect.result(reading.poll(200, 20))
        if (Result.isFailure(polled)) return
        const runs = this.#tellDelivered(polled.success)
        yield* Effect.sleep(this.#parts.random() * this.#parts.maxWorkMs)
        for (const [partition, run] of runs) this.#tell({ fact: 'done', partition, ...run })
      }
    })
  }

  #makeCore(transport: TransportService): ConsumerCore {
    const { name, runtime, trace, options } = this.#parts
    return new ConsumerCore({
      runtime,
      transport,
      config: { ...resolveConsumerConfig(options, name), inspect: trace.inspector(name) },
      id: name,
      callbacks: this.#callbacks(),
      onError: () => undefined,
      onStateChange: () => undefined,
    })
  }

  #callbacks() {
    const { random } = this.#parts
    const pause = Effect.suspend(() => Effect.sleep(random() * MAX_CALLBACK_MS))
    const tell = (fact: 'assign' | 'revoke' | 'lost', partitions: readonly TopicPartition[]) =>
      Effect.sync(() => this.#tell({ fact, partitions: partitions.map(keyOf) }))
    type Partitions = readonly TopicPartition[]
    return {
      onPartitionsAssigned: (partitions: Partitions) =>
        Effect.andThen(tell('assign', partitions), pause),
      // Held until the callback has returned.
      onPartitionsRevoked: (partitions: Partitions) =>
        Effect.andThen(pause, tell('revoke', partitions)),
      onPartitionsLost: (partitions: Partitions) => Effect.andThen(tell('lost', partitions), pause),
    }
  }

  #tell(fact: Fact): void {
    if (!this.#isDead) this.#parts.trace.fact(this.name, fact)
  }

  #tellDelivered(records: readonly ConsumerRecord[]): ReadonlyMap<string, Run> {
    const runs = new Map<string, Run>()
    for (const record of records) {
      const key = keyOf(record)
      const run = runs.get(key)
      if (run === undefined) runs.set(key, { first: record.offset, last: record.offset, count: 1 })
      else Object.assign(run, { last: record.offset, count: run.count + 1 })
    }
    for (const [partition, run] of runs) this.#tell({ fact: 'deliver', partition, ...run })
    return runs
  }
}

/** Records of one partition in one poll. */
interface Run {
  first: number
  last: number
  count: number
}
