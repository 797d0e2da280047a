import * as Effect from 'effect/Effect'
import * as Exit from 'effect/Exit'
import { StreamBusError } from '../domain/errors.js'
import type { TimerHandle } from '../runtime/clock.js'
import type { Runtime } from '../runtime/runtime.js'
import type { Tasks } from '../runtime/tasks.js'
import type { ResponseBody } from '../transport/protocol/registry.js'
import type { TransportService } from '../transport/transport.js'
import type { Batch } from './batch.js'
import type { ProducerConfig } from './config.js'
import { failureOf } from './failure.js'
import type { PartitionQueue } from './partition-queue.js'
import { type Loaded, produceRequest, produceResults, unanswered } from './produce-request.js'
import { type Verdict, verdictOf } from './produce-verdict.js'
import type { ProducerIdentity } from './producer-identity.js'
import type { TopicDirectory } from './topic-directory.js'

export interface SenderParts {
  readonly runtime: Runtime
  readonly transport: TransportService
  readonly tasks: Tasks
  readonly config: ProducerConfig
  readonly identity: ProducerIdentity
  readonly directory: TopicDirectory
  /** Runs at the beginning of each turn: new records may come in. */
  readonly beforeTurn: () => void
  /** Nobody wants to wait for fuller batches. */
  readonly inHurry: () => boolean
  /** The broker takes smaller batches only. */
  readonly onTooLarge: (topic: string, bytes: number) => void
}

interface Load {
  readonly batches: Batch[]
  bytes: number
}

const MOST_BACKOFFS = 10

/**
 * Takes batches to the leaders of their partitions: in each turn one request per broker with what
 * is ready, at most `maxInFlight` on their way to one broker.
 */
export class Sender {
  readonly #parts: SenderParts
  /** Partitions that have something to send; who was served goes to the end. */
  readonly #active = new Set<PartitionQueue>()
  readonly #inFlight = new Map<number, number>()
  #isTurnDue = false
  #timer: TimerHandle | undefined
  #stopped = false
  requests = 0
  retries = 0

  constructor(parts: SenderParts) {
    this.#parts = parts
  }

  get requestsInFlight(): number {
    let all = 0
    for (const count of this.#inFlight.values()) all += count
    return all
  }

  activate(queue: PartitionQueue): void {
    this.#active.add(queue)
    this.wake()
  }

  /** A turn at the end of this tick: what is sent until then goes together. */
  wake(): void {
    if (this.#isTurnDue || this.#stopped) return
    this.#isTurnDue = true
    this.#parts.tasks.run(
      Effect.andThen(
        Effect.yieldNow,
        Effect.sync(() => this.#turn()),
      ),
    )
  }

  stop(): void {
    this.#stopped = true
    this.#parts.runtime.clock.clearTimeout(this.#timer)
    this.#active.clear()
  }

  #turn(): void {
    this.#isTurnDue = false
    this.#parts.beforeTurn()
    const { clock } = this.#parts.runtime
    const now = clock.elapsed()
    const inHurry = this.#parts.inHurry()
    const loads = new Map<number, Load>()
    let nextMs = Number.POSITIVE_INFINITY
    for (const queue of [...this.#active]) {
      if (!queue.hasWork) {
        this.#active.delete(queue)
        continue
      }
      const turn = queue.turn(now, inHurry)
      if (typeof turn === 'number') nextMs = Math.min(nextMs, turn)
      else this.#load(loads, turn)
    }
    for (const [nodeId, { batches }] of loads) this.#send(nodeId, batches)
    clock.clearTimeout(this.#timer)
    this.#timer = undefined
    if (Number.isFinite(nextMs)) {
      this.#timer = clock.setTimeout(() => this.wake(), nextMs - now)
    }
  }

  #load(loads: Map<number, Load>, batch: Batch): void {
    const { transport, config, directory, identity } = this.#parts
    const { queue } = batch
    const known = transport.view().topics.get(queue.topic)
    const leader = known?.partitions[queue.partition]?.leader
    if (leader === undefined && known !== undefined && known.partitions.length > 0) {
      queue.failAll(partitionGone(queue, known.partitions.length))
      return
    }
    if (leader === undefined || leader < 0) {
      directory.want(queue.topic, true)
      return
    }
    if (queue.needsIdentity(batch) && identity.current === undefined) {
      identity.want()
      return
    }
    if ((this.#inFlight.get(leader) ?? 0) >= config.maxInFlight) return
    let load = loads.get(leader)
    if (load === undefined) {
      load = { batches: [], bytes: 0 }
      loads.set(leader, load)
    }
    if (load.bytes > 0 && load.bytes + batch.bytes > config.maxRequestBytes) {
      this.wake()
      return
    }
    load.batches.push(batch)
    load.bytes += batch.bytes
    this.#active.delete(queue)
    this.#active.add(queue)
  }

  #send(nodeId: number, batches: readonly Batch[]): void {
    const { transport, config, tasks } = this.#parts
    const loaded = batches.map((batch) => this.#prepare(batch)).filter((each) => each !== undefined)
    if (loaded.length === 0) return
    this.requests += 1
    this.#inFlight.set(nodeId, (this.#inFlight.get(nodeId) ?? 0) + 1)
    const { acks, requestTimeoutMs: timeoutMs } = config
    const request = transport.request(
      { type: 'node', nodeId },
      'Produce',
      produceRequest(loaded, { acks, timeoutMs }),
      { purpose: 'produce', timeoutMs },
    )
    tasks.run(
      Effect.map(Effect.exit(request), (exit) => {
        this.#inFlight.set(nodeId, this.#inFlight.get(nodeId)! - 1)
        this.#take(loaded, exit)
        for (const { batch } of loaded) if (batch.queue.hasWork) this.#active.add(batch.queue)
        this.wake()
      }),
    )
    // The next batch of a partition may go at once, in another request.
    if (batches.some((batch) => batch.queue.hasWork)) this.wake()
  }

  /** Gives the batch its numbers and its bytes. */
  #prepare(batch: Batch): Loaded | undefined {
    const { transport, config, identity } = this.#parts
    const { queue } = batch
    queue.start(batch, identity.current)
    try {
      const bytes = batch.encode(config.compression, config.compressionLevel)
      const topicId = transport.view().topics.get(queue.topic)?.topicId ?? ''
      return { batch, bytes, topicId }
    } catch (error) {
      this.#apply(batch, { type: 'refused', error: encodingFailed(queue, error) })
      return undefined
    }
  }

  #take(loaded: readonly Loaded[], exit: Exit.Exit<ResponseBody<'Produce'>, StreamBusError>): void {
    if (!Exit.isSuccess(exit)) {
      const error = failureOf(exit.cause, 'sending')
      const mayBeStored =
        error.code !== 'BROKER_UNREACHABLE' && error.code !== 'UNSUPPORTED_VERSION'
      for (const { batch } of loaded) {
        if (error.retriable) this.#apply(batch, { type: 'retry', error, mayBeStored })
        else {
          batch.mayBeStored ||= mayBeStored
          this.#apply(batch, { type: 'refused', error })
        }
      }
      return
    }
    if (this.#parts.config.acks === 0) {
      const verdict = { type: 'stored', baseOffset: -1, logAppendTimeMs: -1 } as const
      for (const { batch } of loaded) this.#apply(batch, verdict)
      return
    }
    const results = produceResults(loaded, exit.value)
    loaded.forEach(({ batch }, at) => {
      const result = results[at]
      if (result !== undefined) this.#apply(batch, verdictOf(batch, result))
      else {
        batch.mayBeStored = true
        this.#apply(batch, { type: 'refused', error: unanswered(batch) })
      }
    })
  }

  #apply(batch: Batch, verdict: Verdict): void {
    const { queue } = batch
    switch (verdict.type) {
      case 'stored':
        queue.acknowledged(batch)
        batch.delivered(verdict.baseOffset, verdict.logAppendTimeMs)
        return
      case 'retry':
        this.#retry(batch, verdict)
        return
      case 'refused':
        queue.refused(batch)
        batch.failed(verdict.error)
        return
      case 'tooLarge':
        if (batch.count > 1 && !batch.isSettled) {
          this.#parts.onTooLarge(queue.topic, batch.bytes)
          queue.split(batch)
          return
        }
        queue.refused(batch)
        batch.failed(tooLargeForBroker(batch, verdict.error))
        return
      case 'outOfOrder':
        if (queue.outOfOrder(batch)) return
        queue.lose(batch, sequenceLost(batch, verdict.error), false)
        return
      case 'unknownIdentity':
        if (batch.identity !== undefined) this.#parts.identity.want(batch.identity)
        queue.lose(batch, sequenceLost(batch, verdict.error), true)
    }
  }

  #retry(batch: Batch, verdict: Verdict & { readonly type: 'retry' }): void {
    const { runtime, config, directory } = this.#parts
    batch.lastError = verdict.error
    batch.mayBeStored ||= verdict.mayBeStored
    this.retries += 1
    const doublings = Math.min(2 ** (batch.attempts - 1), MOST_BACKOFFS)
    const spread = 0.8 + 0.4 * runtime.random()
    const backoffMs = Math.round(config.retryBackoffMs * doublings * spread)
    batch.queue.retry(batch, runtime.clock.elapsed() + backoffMs)
    directory.want(batch.queue.topic, true)
  }
}

const partitionGone = ({ topic, partition }: PartitionQueue, count: number): StreamBusError =>
  new StreamBusError(
    'UNKNOWN_TOPIC',
    `send to ${topic}-${partition}: the topic has only partitions 0 to ${count - 1} now`,
    { topic, partition },
  )

const encodingFailed = ({ topic, partition }: PartitionQueue, error: unknown): StreamBusError =>
  error instanceof StreamBusError
    ? error
    : new StreamBusError(
        'INTERNAL_ERROR',
        `send to ${topic}-${partition}: cannot encode: ${error}`,
        {
          topic,
          partition,
          cause: error,
        },
      )

const tooLargeForBroker = (batch: Batch, cause: StreamBusError): StreamBusError => {
  const { topic, partition } = batch.queue
  return new StreamBusError(
    'RECORD_TOO_LARGE',
    `send to ${topic}-${partition}: the broker takes no record of about ${batch.bytes} bytes; ` +
      "raise the topic's max.message.bytes, or send less",
    { topic, partition, ...(cause.kafkaError ? { kafkaError: cause.kafkaError } : {}), cause },
  )
}

const sequenceLost = (batch: Batch, cause: StreamBusError): StreamBusError => {
  const { topic, partition } = batch.queue
  return new StreamBusError(
    'BROKER_ERROR',
    `send to ${topic}-${partition}: the broker lost track of this producer ` +
      `(${cause.kafkaError}); what was under way to this partition failed and may or may not be ` +
      'stored, later records go on; check whether the log lost data',
    { topic, partition, ...(cause.kafkaError ? { kafkaError: cause.kafkaError } : {}), cause },
  )
}
