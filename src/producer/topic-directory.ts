import * as Effect from 'effect/Effect'
import * as Exit from 'effect/Exit'
import { StreamBusError } from '../domain/errors.js'
import type { TimerHandle } from '../runtime/clock.js'
import type { Runtime } from '../runtime/runtime.js'
import type { Tasks } from '../runtime/tasks.js'
import { errorCode, isRetriable } from '../transport/protocol/kafka-errors.js'
import { kafkaFailure } from '../transport/requests/kafka-failure.js'
import type { ClusterView, TransportService } from '../transport/transport.js'
import { failureOf } from './failure.js'

export interface DirectoryParts {
  readonly runtime: Runtime
  readonly transport: TransportService
  readonly tasks: Tasks
  readonly requestTimeoutMs: number
  readonly retryBackoffMs: number
  readonly onNews: (topic: string) => void
  /** The topic does not exist, or must not be written to. */
  readonly onFailed: (topic: string, error: StreamBusError) => void
  /** It will be asked again. */
  readonly onTrouble: (topic: string, error: StreamBusError) => void
}

const UNKNOWN = errorCode('UNKNOWN_TOPIC_OR_PARTITION')

/**
 * How often a topic may be unknown in a row, the pauses between doubling. More than once, since
 * Kafka answers so while it creates the topic that it was just asked for.
 */
const UNKNOWN_ANSWERS = 4

interface Wanted {
  unknownAnswers: number
  dueMs: number
  /** Not the first question: what the cache holds has not helped. */
  isAgain: boolean
}

/** Asks for the metadata of topics, again and again until each is usable or surely not there. */
export class TopicDirectory {
  readonly #parts: DirectoryParts
  readonly #wanted = new Map<string, Wanted>()
  readonly #askedMs = new Map<string, number>()
  #isAsking = false
  #timer: TimerHandle | undefined

  constructor(parts: DirectoryParts) {
    this.#parts = parts
  }

  /** When the topic was last asked for, on the runtime's clock; -Infinity: never. */
  askedMs(topic: string): number {
    return this.#askedMs.get(topic) ?? Number.NEGATIVE_INFINITY
  }

  /** `isStale`: what is known has proved wrong. Asks at most once per retryBackoffMs. */
  want(topic: string, isStale: boolean): void {
    if (this.#wanted.has(topic)) return
    const dueMs = isStale ? this.askedMs(topic) + this.#parts.retryBackoffMs : 0
    this.#wanted.set(topic, { unknownAnswers: 0, dueMs, isAgain: isStale })
    this.#askNext()
  }

  stop(): void {
    this.#parts.runtime.clock.clearTimeout(this.#timer)
    this.#wanted.clear()
  }

  #askNext(): void {
    if (this.#isAsking || this.#wanted.size === 0) return
    const { clock } = this.#parts.runtime
    clock.clearTimeout(this.#timer)
    this.#timer = undefined
    const now = clock.elapsed()
    const due = [...this.#wanted].filter(([, { dueMs }]) => dueMs <= now)
    if (due.length > 0) {
      this.#ask(due, now)
      return
    }
    const nextMs = Math.min(...[...this.#wanted.values()].map(({ dueMs }) => dueMs))
    this.#timer = clock.setTimeout(() => {
      this.#timer = undefined
      this.#askNext()
    }, nextMs - now)
  }

  #ask(due: readonly (readonly [string, Wanted])[], nowMs: number): void {
    const { transport, tasks, requestTimeoutMs } = this.#parts
    const topics = due.map(([topic]) => topic)
    this.#isAsking = true
    for (const topic of topics) this.#askedMs.set(topic, nowMs)
    if (due.some(([, { isAgain }]) => isAgain)) transport.invalidate()
    const asked = transport.metadata(topics, {
      timeoutMs: requestTimeoutMs,
      allowAutoTopicCreation: true,
    })
    tasks.run(Effect.map(Effect.exit(asked), (exit) => this.#take(topics, exit)))
  }

  #take(topics: readonly string[], exit: Exit.Exit<ClusterView, StreamBusError>): void {
    const { runtime, retryBackoffMs } = this.#parts
    const now = runtime.clock.elapsed()
    for (const topic of topics) {
      const wanted = this.#wanted.get(topic)
      if (wanted === undefined) continue
      if (Exit.isSuccess(exit)) this.#judge(topic, wanted, exit.value)
      else this.#notNow(topic, failureOf(exit.cause, 'asking for metadata'))
      wanted.isAgain = true
      wanted.dueMs = now + retryBackoffMs * 2 ** Math.max(0, wanted.unknownAnswers - 1)
    }
    this.#isAsking = false
    this.#askNext()
  }

  #judge(topic: string, wanted: Wanted, view: ClusterView): void {
    const found = view.topics.get(topic)
    const code = found?.errorCode ?? UNKNOWN
    if (code === 0 && found !== undefined && found.partitions.length > 0) {
      this.#wanted.delete(topic)
      this.#parts.onNews(topic)
      return
    }
    if (code !== UNKNOWN) {
      // A topic without partitions is one that is being created.
      const shown = code === 0 ? errorCode('LEADER_NOT_AVAILABLE') : code
      const error = kafkaFailure(shown, `looking up topic ${topic}`, { topic })
      if (isRetriable(shown)) this.#parts.onTrouble(topic, error)
      else this.#fail(topic, error)
      return
    }
    wanted.unknownAnswers += 1
    if (wanted.unknownAnswers >= UNKNOWN_ANSWERS) this.#fail(topic, unknownTopic(topic))
  }

  #notNow(topic: string, error: StreamBusError): void {
    if (error.retriable) this.#parts.onTrouble(topic, error)
    else this.#fail(topic, error)
  }

  #fail(topic: string, error: StreamBusError): void {
    this.#wanted.delete(topic)
    this.#askedMs.delete(topic)
    this.#parts.onFailed(topic, error)
  }
}

const unknownTopic = (topic: string): StreamBusError =>
  new StreamBusError(
    'UNKNOWN_TOPIC',
    `send to topic ${topic}: it does not exist; create it, or check its name and the brokers`,
    { topic, kafkaError: 'UNKNOWN_TOPIC_OR_PARTITION' },
  )
