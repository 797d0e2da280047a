import * as Effect from 'effect/Effect'
import type { Runtime } from '../runtime/runtime.js'
import type { KafkaErrorName } from '../transport/protocol/kafka-errors.js'
import type { BrokerConfig } from './config.js'
import type { Logger } from './logger.js'
import { PartitionLog, type PartitionLogParts } from './partition-log.js'
import type { Mutation, Store } from './store/store.js'
import { collisionKey, topicSettings } from './topic-config.js'
import { type NewTopic, type Refusal, topicProblem } from './topic-rules.js'
import { randomUuid } from './uuid.js'

export interface Topic {
  readonly name: string
  readonly topicId: string
  /** By partition number. */
  readonly logs: readonly PartitionLog[]
  /** As given when the topic was made; the rest are defaults. */
  readonly configs: Readonly<Record<string, string>>
  readonly logAppendTime: boolean
  readonly maxMessageBytes: number
}

export type Created = { readonly type: 'created'; readonly topic: Topic } | Refusal
export type Deleted = { readonly type: 'deleted' } | Refusal

export interface CatalogParts {
  readonly runtime: Runtime
  readonly store: Store
  readonly config: BrokerConfig
  readonly logger: Logger
}

interface StoredTopic {
  readonly topicId: string
  readonly partitions: number
  readonly configs: Readonly<Record<string, string>>
}

/**
 * The topics of the broker, with their logs. A topic exists once its creation is durable, and is
 * gone once its deletion is; while either is on its way the name stays taken.
 */
export class TopicCatalog {
  readonly #parts: CatalogParts
  readonly #logParts: PartitionLogParts
  readonly #byName = new Map<string, Topic>()
  readonly #byId = new Map<string, Topic>()
  /** Names being created or deleted. */
  readonly #changing = new Set<string>()
  /** Names taken, dots as underscores. */
  readonly #taken = new Set<string>()
  #partitionCount = 0
  #storeFailed = false

  constructor(parts: CatalogParts) {
    this.#parts = parts
    this.#logParts = {
      runtime: parts.runtime,
      store: parts.store,
      producerIdExpirationMs: parts.config.producerIdExpirationMs,
      onStoreFailure: (cause) => this.#onStoreFailure(cause),
    }
    for (const [name, value] of parts.store.list('topics')) {
      const stored = value as StoredTopic
      this.#partitionCount += stored.partitions
      this.#add(this.#open(name, stored))
    }
    this.#restoreProducers()
  }

  get size(): number {
    return this.#byName.size
  }

  byName(name: string): Topic | undefined {
    return this.#byName.get(name)
  }

  byId(topicId: string): Topic | undefined {
    return this.#byId.get(topicId)
  }

  /** In the order of their names, by UTF-16 code units. */
  all(): Topic[] {
    return [...this.#byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** Why the topic cannot be created now; undefined when it can. */
  refusal(topic: NewTopic): Refusal | undefined {
    const { name } = topic
    if (this.#byName.has(name) || this.#changing.has(name)) {
      return refused('TOPIC_ALREADY_EXISTS', `topic '${name}' already exists`)
    }
    const problem = topicProblem(topic)
    if (problem !== undefined) return problem
    if (this.#taken.has(collisionKey(name))) {
      const why = `topic '${name}' differs from an existing one only in dots and underscores`
      return refused('INVALID_TOPIC_EXCEPTION', why)
    }
    const { maxPartitions } = this.#parts.config
    if (this.#partitionCount + topic.partitions > maxPartitions) {
      const why = `topic '${name}' would bring the broker beyond its ${maxPartitions} partitions`
      return refused('POLICY_VIOLATION', why)
    }
    return undefined
  }

  /** Durable when it says `created`. */
  create(topic: NewTopic): Effect.Effect<Created> {
    return Effect.suspend(() => {
      const refusal = this.refusal(topic)
      if (refusal !== undefined) return Effect.succeed(refusal)
      const { name, partitions, configs } = topic
      const stored = { topicId: this.#newTopicId(), partitions, configs }
      this.#reserve(name, partitions)
      return this.#write(
        [{ type: 'put', table: 'topics', key: name, value: stored }],
        (written) => {
          this.#changing.delete(name)
          if (!written) {
            this.#free(name, partitions)
            return STORAGE_REFUSAL
          }
          const created = this.#open(name, stored)
          this.#add(created)
          return { type: 'created', topic: created } as const
        },
      )
    })
  }

  /** Durable when it says `deleted`. Appends are refused from the first moment on. */
  delete(topic: Topic): Effect.Effect<Deleted> {
    return Effect.suspend(() => {
      const { name, topicId, logs } = topic
      if (this.#byId.get(topicId) !== topic || this.#changing.has(name)) {
        return Effect.succeed(refused('UNKNOWN_TOPIC_OR_PARTITION', `topic '${name}' is gone`))
      }
      this.#changing.add(name)
      for (const log of logs) log.retire()
      const mutations: Mutation[] = [
        { type: 'delete', table: 'topics', key: name },
        { type: 'deleteLog', topicId },
        ...logs.flatMap((log) => log.producerDeletions()),
      ]
      return this.#write(mutations, (written) => {
        this.#changing.delete(name)
        if (written) {
          this.#byName.delete(name)
          this.#byId.delete(topicId)
          this.#free(name, logs.length)
        }
        for (const log of logs) log.retired(written ? 'deleted' : 'failed')
        return written ? ({ type: 'deleted' } as const) : STORAGE_REFUSAL
      })
    })
  }

  /** The broker closes: waiting fetches end, appends are refused, reads find no leader here. */
  close(): void {
    for (const { logs } of this.#byName.values()) for (const log of logs) log.retired('closed')
  }

  /**
   * One write, and what follows from it. The write runs on its own: a client that goes away in
   * the middle must not leave memory and store apart.
   */
  #write<A>(mutations: readonly Mutation[], then: (written: boolean) => A): Effect.Effect<A> {
    const { runtime, store } = this.#parts
    return Effect.callback<A>((resume) => {
      runtime.run(store.write(mutations)).addObserver((exit) => {
        if (exit._tag === 'Failure') this.#onStoreFailure(exit.cause)
        resume(Effect.succeed(then(exit._tag === 'Success')))
      })
    })
  }

  #newTopicId(): string {
    for (;;) {
      const topicId = randomUuid(this.#parts.runtime.random)
      if (!this.#byId.has(topicId)) return topicId
    }
  }

  #open(name: string, { topicId, partitions, configs }: StoredTopic): Topic {
    const logs = Array.from(
      { length: partitions },
      (_, partition) => new PartitionLog(name, { topicId, partition }, this.#logParts),
    )
    return { name, topicId, logs, configs, ...topicSettings(configs, this.#parts.config) }
  }

  #add(topic: Topic): void {
    this.#byName.set(topic.name, topic)
    this.#byId.set(topic.topicId, topic)
    this.#taken.add(collisionKey(topic.name))
  }

  #reserve(name: string, partitions: number): void {
    this.#changing.add(name)
    this.#taken.add(collisionKey(name))
    this.#partitionCount += partitions
  }

  #free(name: string, partitions: number): void {
    this.#taken.delete(collisionKey(name))
    this.#partitionCount -= partitions
  }

  #restoreProducers(): void {
    for (const [key, value] of this.#parts.store.list('producers')) {
      const match = /^([^/]+)\/(\d+)\/(\d+)$/.exec(key)
      const log = this.#byId.get(match?.[1] ?? '')?.logs[Number(match?.[2])]
      log?.restoreProducer(BigInt(match?.[3] ?? 0), value)
    }
  }

  #onStoreFailure(cause: unknown): void {
    if (this.#storeFailed) return
    this.#storeFailed = true
    this.#parts.logger.error({ cause }, 'the store has failed: the broker takes no more writes')
  }
}

const refused = (error: KafkaErrorName, message: string): Refusal => ({
  type: 'refused',
  error,
  message,
})

const STORAGE_REFUSAL = refused('KAFKA_STORAGE_ERROR', 'the store of this broker has failed')
