import * as Cause from 'effect/Cause'
import * as Effect from 'effect/Effect'
import * as Exit from 'effect/Exit'
import type * as Fiber from 'effect/Fiber'
import { isStreamBusError, StreamBusError } from '../../domain/errors.js'
import type { Runtime } from '../../runtime/runtime.js'
import { kafkaErrorName } from '../protocol/kafka-errors.js'
import { type AnyBrokerParts, askAnyBroker, nobodyAnswered } from './any-broker.js'
import type { MetadataCache, MetadataStamp, Topics } from './metadata-cache.js'

export interface RefreshParts {
  readonly runtime: Runtime
  readonly brokers: AnyBrokerParts
  readonly cache: MetadataCache
  /** Deadline of one shared request; each caller's own may be shorter. */
  readonly requestTimeoutMs: number
  readonly whenStopped: () => StreamBusError
}

type Resume = (result: Effect.Effect<void, StreamBusError>) => void

/** Callers that share one Metadata request. */
interface Batch {
  topics: Topics
  readonly waiters: Set<Resume>
  readonly failures: Map<string, StreamBusError>
  /** Set when the request is on its way. */
  stamp: MetadataStamp | undefined
  fiber: Fiber.Fiber<void, StreamBusError> | undefined
}

/**
 * Refreshes one at a time: who comes while a request is under way shares it when it asks for what
 * they need and nothing was invalidated since; all others together share the next one. A caller
 * that is interrupted only stops waiting. One lane for all topics, one for topics by name, and one
 * for topics that may be created: a request can have only one answer to that for all its topics.
 */
export class MetadataRefresh {
  readonly #parts: RefreshParts
  readonly #allowAutoTopicCreation: boolean
  #running: Batch | undefined
  #next: Batch | undefined
  #stopped = false

  constructor(parts: RefreshParts, allowAutoTopicCreation: boolean) {
    this.#parts = parts
    this.#allowAutoTopicCreation = allowAutoTopicCreation
  }

  /** Succeeds once the cache holds an answer asked for after now. */
  refresh(topics: Topics, timeoutMs: number): Effect.Effect<void, StreamBusError> {
    return Effect.callback((resume) => {
      if (this.#stopped) {
        resume(Effect.fail(this.#parts.whenStopped()))
        return undefined
      }
      const batch = this.#batchFor(topics)
      const { clock } = this.#parts.runtime
      const timer = clock.setTimeout(() => {
        batch.waiters.delete(waiter)
        resume(Effect.fail(nobodyAnswered('Metadata', timeoutMs, batch.failures)))
      }, timeoutMs)
      const waiter: Resume = (result) => {
        clock.clearTimeout(timer)
        resume(result)
      }
      batch.waiters.add(waiter)
      if (this.#running === undefined) this.#start()
      return Effect.sync(() => {
        batch.waiters.delete(waiter)
        clock.clearTimeout(timer)
      })
    })
  }

  stop(): void {
    this.#stopped = true
    const [running, next] = [this.#running, this.#next]
    this.#running = undefined
    this.#next = undefined
    running?.fiber?.interruptUnsafe()
    const stopped = Effect.fail(this.#parts.whenStopped())
    for (const batch of [running, next]) if (batch !== undefined) answer(batch, stopped)
  }

  #batchFor(topics: Topics): Batch {
    const running = this.#running
    if (
      running?.stamp !== undefined &&
      this.#parts.cache.isCurrent(running.stamp) &&
      covers(running.topics, topics)
    ) {
      return running
    }
    this.#next ??= {
      topics: new Set(),
      waiters: new Set(),
      failures: new Map(),
      stamp: undefined,
      fiber: undefined,
    }
    this.#next.topics = union(this.#next.topics, topics)
    return this.#next
  }

  #start(): void {
    const batch = this.#next
    if (batch === undefined || this.#stopped) return
    this.#next = undefined
    // Whoever wanted it has gone meanwhile.
    if (batch.waiters.size === 0) return
    this.#running = batch
    const fiber = this.#parts.runtime.run(this.#ask(batch))
    batch.fiber = fiber
    fiber.addObserver((exit) => this.#finish(batch, exit))
  }

  #ask(batch: Batch): Effect.Effect<void, StreamBusError> {
    const { brokers, cache, requestTimeoutMs } = this.#parts
    const { topics } = batch
    // The cache is stamped as the request starts: an `invalidate` from now on makes it stale.
    batch.stamp = cache.stamp()
    const stamp = batch.stamp
    return Effect.asVoid(
      askAnyBroker(brokers, {
        api: 'Metadata',
        input: (version) => ({
          topics: topics === 'all' ? null : [...topics].map((name) => ({ name })),
          // Older versions have no say in it.
          ...(version < 4 ? {} : { allowAutoTopicCreation: this.#allowAutoTopicCreation }),
        }),
        purpose: 'metadata',
        timeoutMs: requestTimeoutMs,
        repeatable: true,
        failures: batch.failures,
        take: (body) => {
          if (body.errorCode !== 0) return refused(body.errorCode)
          if (body.brokers.length === 0 && cache.view.nodes.size === 0) return namesNobody()
          try {
            cache.take(topics, body, stamp)
            return undefined
          } catch (error) {
            if (isStreamBusError(error)) return error
            throw error
          }
        },
      }),
    )
  }

  #finish(batch: Batch, exit: Exit.Exit<void, StreamBusError>): void {
    if (this.#running !== batch) return
    this.#running = undefined
    // The next request is on its way before anybody can come back with another question.
    this.#start()
    const interrupted = Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)
    answer(batch, interrupted ? Effect.fail(this.#parts.whenStopped()) : exit)
  }
}

const answer = (batch: Batch, result: Effect.Effect<void, StreamBusError>): void => {
  const waiters = [...batch.waiters]
  batch.waiters.clear()
  for (const resume of waiters) resume(result)
}

const covers = (asked: Topics, wanted: Topics): boolean => {
  if (asked === 'all' || wanted === 'all') return asked === wanted
  for (const name of wanted) if (!asked.has(name)) return false
  return true
}

const union = (a: Topics, b: Topics): Topics =>
  a === 'all' || b === 'all' ? 'all' : new Set([...a, ...b])

const refused = (code: number): StreamBusError =>
  new StreamBusError('BROKER_ERROR', `Metadata was answered ${kafkaErrorName(code)}`, {
    kafkaError: kafkaErrorName(code),
    retriable: true,
  })

const namesNobody = (): StreamBusError =>
  new StreamBusError('BROKER_UNREACHABLE', 'the broker names no brokers yet: is it starting?', {
    retriable: true,
  })
