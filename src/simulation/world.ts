import * as Effect from 'effect/Effect'
import { type Broker, createBroker } from '../broker/broker.js'
import { brokerConfig } from '../broker/config.js'
import { memoryStore } from '../broker/store/memory-store.js'
import type { ConsumerOptions } from '../consumer/config.js'
import { partitionKey } from '../domain/topic-partition.js'
import { encodeBatch } from '../transport/protocol/records/batch-writer.js'
import {
  type ApiName,
  completeRequest,
  type RequestBody,
  type RequestInput,
  validVersions,
} from '../transport/protocol/registry.js'
import type { RequestHandler } from '../transport/request-handler.js'
import { SimulatedLink } from './simulated-link.js'
import { SimulatedMember } from './simulated-member.js'
import { Trace } from './trace.js'
import { VirtualTime } from './virtual-time.js'

export interface WorldOptions {
  readonly seed: number
  readonly partitions: number
  /** For every member; the tests' own short times, so that much happens in little time. */
  readonly consumer?: Partial<ConsumerOptions>
  /** One way, drawn for each message. Default 5. */
  readonly maxLatencyMs?: number
  /** How long an application works on one poll's records, at most. Default 40. */
  readonly maxWorkMs?: number
}

export const GROUP = 'group'
export const TOPIC = 'events'

const TIMES = {
  sessionTimeoutMs: 3_000,
  heartbeatIntervalMs: 300,
  rebalanceTimeoutMs: 4_000,
  requestTimeoutMs: 1_000,
  autoCommitIntervalMs: 500,
} as const

/**
 * One broker, one group and its members in one virtual world: one clock, one random, one trace.
 * The charts, the consumer, the coordinator and the broker are those of production.
 */
export class World {
  readonly time: VirtualTime
  readonly trace: Trace
  readonly options: WorldOptions
  readonly members = new Map<string, SimulatedMember>()
  readonly broker: Broker
  #produced = 0
  #started = 0

  constructor(options: WorldOptions) {
    this.options = options
    this.time = new VirtualTime(options.seed)
    this.trace = new Trace(() => this.time.now)
    this.broker = createBroker({
      runtime: this.time.runtime,
      store: memoryStore(),
      config: brokerConfig({}, { listening: false }),
    })
    this.#ask('CreateTopics', {
      topics: [
        {
          name: TOPIC,
          numPartitions: options.partitions,
          replicationFactor: 1,
          assignments: [],
          configs: [],
        },
      ],
    })
  }

  /** Starts a process with one consumer, unless it runs already. */
  start(name: string): void {
    if (this.members.get(name)?.isRunning) return
    // A process that is started again is another one; the former may still be leaving.
    const process = `${name}.${++this.#started}`
    const link = new SimulatedLink(this.#observed(process), {
      random: this.time.random,
      maxLatencyMs: this.options.maxLatencyMs ?? 5,
    })
    const member = new SimulatedMember({
      name: process,
      link,
      runtime: this.time.runtime,
      random: this.time.random,
      trace: this.trace,
      maxWorkMs: this.options.maxWorkMs ?? 40,
      options: { groupId: GROUP, topics: [TOPIC], ...TIMES, ...this.options.consumer },
    })
    this.members.set(name, member)
    member.start()
  }

  /** Leaves the group in order. */
  stop(name: string): void {
    this.members.get(name)?.stop()
  }

  /** kill -9: nothing more is sent, nothing is told to the group. */
  crash(name: string): void {
    this.members.get(name)?.crash()
  }

  /** The process goes on, its messages do not arrive. */
  cut(name: string): void {
    const member = this.members.get(name)
    if (member?.isRunning) member.cut()
  }

  heal(name: string): void {
    this.members.get(name)?.heal()
  }

  produce(records: number): void {
    for (let index = 0; index < records; index++) {
      const partition = this.#produced % this.options.partitions
      const value = Buffer.from(`record ${this.#produced++}`)
      const record = { key: null, value, headers: [], timestampMs: this.time.clock.now() }
      this.#ask('Produce', {
        acks: -1,
        timeoutMs: 1_000,
        topicData: [
          {
            name: TOPIC,
            topicId: this.#topicId(),
            partitionData: [{ index: partition, records: encodeBatch([record], {}) }],
          },
        ],
      })
    }
  }

  /** Messages of all processes arrive again. */
  healAll(): void {
    for (const member of this.members.values()) member.heal()
  }

  running(): SimulatedMember[] {
    return [...this.members.values()].filter(({ isRunning }) => isRunning)
  }

  /** All running members stable at one generation, and every partition owned by exactly one. */
  hasConverged(): boolean {
    const running = this.running()
    if (running.length === 0) return this.groupState() !== 'Stable'
    const generations = new Set(running.map((member) => member.generation))
    const owned = running.flatMap((member) => member.owned)
    return (
      running.every(({ state }) => state === 'stable') &&
      generations.size === 1 &&
      owned.length === this.options.partitions &&
      new Set(owned).size === this.options.partitions
    )
  }

  groupState(): string {
    return this.broker.groups.describe(GROUP)?.state ?? 'Empty'
  }

  groupGeneration(): number {
    return this.broker.groups.describe(GROUP)?.generation ?? 0
  }

  close(): void {
    for (const member of this.running()) member.crash()
    this.time.runtime.run(this.broker.close)
    this.time.settle()
  }

  /** Sees commits at the coordinator, with the generation that it was at. */
  #observed(process: string): RequestHandler {
    return (api, body, context) => {
      const handled = this.broker.handle(api, body, context)
      if (api !== 'OffsetCommit') return handled
      const coordinatorGeneration = this.groupGeneration()
      const commit = body as RequestBody<'OffsetCommit'>
      return Effect.tap(handled, (response) =>
        Effect.sync(() => {
          const answers = (response as { topics: readonly CommitAnswer[] }).topics
          const accepted = answers.every(({ partitions }) =>
            partitions.every(({ errorCode }) => (errorCode ?? 0) === 0),
          )
          this.trace.fact(process, {
            fact: 'commit',
            generation: commit.generationIdOrMemberEpoch,
            coordinatorGeneration,
            accepted,
            offsets: offsetsOf(commit),
          })
        }),
      )
    }
  }

  #topicId(): string {
    return this.broker.topics.byName(TOPIC)!.topicId
  }

  #ask<N extends ApiName>(api: N, input: RequestInput<N>): void {
    const context = { apiVersion: validVersions(api).max, clientId: 'world', clientHost: 'world' }
    this.time.runtime.run(this.broker.handle(api, completeRequest(api, input), context))
    this.time.settle()
  }
}

type CommitAnswer = { readonly partitions: readonly { readonly errorCode?: number }[] }

const offsetsOf = (commit: RequestBody<'OffsetCommit'>): Record<string, number> =>
  Object.fromEntries(
    commit.topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, committedOffset }) => [
        partitionKey(name, partitionIndex),
        committedOffset,
      ]),
    ),
  )
