import * as Effect from 'effect/Effect'
import { StreamBusError } from '../domain/errors.js'
import type { ProducerRecord } from '../domain/record.js'
import type { TimerHandle } from '../runtime/clock.js'
import type { Runtime } from '../runtime/runtime.js'
import { Tasks } from '../runtime/tasks.js'
import { BATCH_HEADER_BYTES } from '../transport/protocol/records/batch-header.js'
import {
  type EncodableRecord,
  estimateRecordBytes,
} from '../transport/protocol/records/batch-writer.js'
import type { TransportService } from '../transport/transport.js'
import type { ProducerConfig } from './config.js'
import { timedOut } from './expiry.js'
import { Ledger } from './ledger.js'
import { Outstanding } from './outstanding.js'
import type { PartitionQueue, QueueRules } from './partition-queue.js'
import { prepareRecord } from './prepared-record.js'
import { ProducerIdentity } from './producer-identity.js'
import { ProducerTopic } from './producer-topic.js'
import { SendCall, type Settle } from './send-call.js'
import { Sender } from './sender.js'
import { TopicDirectory } from './topic-directory.js'

export interface CoreParts {
  readonly runtime: Runtime
  readonly transport: TransportService
  readonly config: ProducerConfig
}

/** The producer without promises: calls come in, wait for room and topics, and become batches. */
export class ProducerCore {
  readonly ledger: Ledger
  readonly sender: Sender
  readonly outstanding = new Outstanding(() => this.#allDone())
  readonly #parts: CoreParts
  readonly #tasks: Tasks
  readonly #rules: QueueRules
  readonly #topics = new Map<string, ProducerTopic>()
  /** Calls that wait for room, in order; the first may be half done. */
  readonly #waiting = new Set<SendCall>()
  readonly #directory: TopicDirectory
  readonly #identity: ProducerIdentity
  #expiryTimer: TimerHandle | undefined
  #expiryMs = Number.POSITIVE_INFINITY
  #lastTrouble: StreamBusError | undefined
  #isClosing = false

  constructor(parts: CoreParts) {
    this.#parts = parts
    const { runtime, transport, config } = parts
    this.#tasks = new Tasks(runtime, (defect) => this.#failAll(defectOf(defect)))
    this.ledger = new Ledger((batch) => this.#expireAt(batch.dueMs))
    this.#rules = {
      idempotent: config.idempotent,
      // Without sequences only one at a time keeps its order when it is retried.
      maxOutstanding: config.idempotent ? config.maxInFlight : 1,
      lingerMs: config.lingerMs,
      ledger: this.ledger,
    }
    const shared = { runtime, transport, tasks: this.#tasks, ...config }
    this.#directory = new TopicDirectory({
      ...shared,
      onNews: (topic) => this.#learn(topic),
      onFailed: (topic, error) => this.#failTopic(topic, error),
      onTrouble: (_, error) => this.#note(error),
    })
    this.#identity = new ProducerIdentity({
      ...shared,
      onReady: () => this.sender.wake(),
      onFailed: (error) => this.#failAll(error),
      onTrouble: (error) => this.#note(error),
    })
    this.sender = new Sender({
      ...shared,
      config,
      identity: this.#identity,
      directory: this.#directory,
      beforeTurn: () => this.#admit(),
      inHurry: () => this.#isClosing || this.outstanding.isAwaited || this.#waiting.size > 0,
      onTooLarge: (topic, bytes) => this.#shrink(topic, bytes),
    })
  }

  get waitingSends(): number {
    let waiting = this.#waiting.size
    for (const topic of this.#topics.values()) waiting += topic.waiting.size
    return waiting
  }

  /** `settle` is called once; with at least one record. */
  send(topicName: string, records: readonly ProducerRecord[], settle: Settle): void {
    const { clock } = this.#parts.runtime
    const now = clock.elapsed()
    const { deliveryTimeoutMs, metadataMaxAgeMs } = this.#parts.config
    const leave = this.outstanding.enter()
    const times = { sentAtMs: Math.floor(clock.now()), dueMs: now + deliveryTimeoutMs }
    const call = new SendCall(topicName, records, times, (result) => {
      settle(result)
      leave()
    })
    const topic = this.#topic(topicName)
    if (topic.partitionCount === 0) {
      this.#waitForTopic(call, topic)
      return
    }
    if (now - this.#directory.askedMs(topicName) > metadataMaxAgeMs) {
      this.#directory.want(topicName, false)
    }
    if (this.#waiting.size === 0 && this.#fill(call, topic)) return
    this.#waiting.add(call)
    this.#expireAt(call.dueMs)
    this.sender.wake()
  }

  /** Done when everything sent before has settled, well or badly. */
  readonly flush: Effect.Effect<void> = Effect.callback((resume) => {
    const forget = this.outstanding.whenAllSettled(() => resume(Effect.void))
    this.sender.wake()
    return Effect.sync(forget)
  })

  /** From now on nothing waits for fuller batches. */
  beginClose(): void {
    this.#isClosing = true
    this.sender.wake()
  }

  /** Lets go of everything; what has not settled fails with the error. */
  stop(error: StreamBusError): void {
    this.#tasks.close()
    this.sender.stop()
    this.#directory.stop()
    this.#identity.stop()
    this.#failAll(error)
    this.#parts.runtime.clock.clearTimeout(this.#expiryTimer)
  }

  #topic(name: string): ProducerTopic {
    const known = this.#topics.get(name)
    if (known !== undefined) return known
    const topic = new ProducerTopic(name, this.#parts.config.maxBatchBytes, this.#rules)
    this.#topics.set(name, topic)
    return topic
  }

  #waitForTopic(call: SendCall, topic: ProducerTopic): void {
    topic.waiting.add(call)
    this.#expireAt(call.dueMs)
    this.#directory.want(topic.name, false)
  }

  #learn(name: string): void {
    const topic = this.#topic(name)
    const count = this.#parts.transport.view().topics.get(name)?.partitions.length ?? 0
    topic.partitionCount = count
    for (const call of topic.waiting) this.#waiting.add(call)
    topic.waiting.clear()
    this.sender.wake()
  }

  #admit(): void {
    for (const call of this.#waiting) {
      const topic = this.#topic(call.topic)
      if (topic.partitionCount === 0) {
        this.#waiting.delete(call)
        this.#waitForTopic(call, topic)
        continue
      }
      if (!this.#fill(call, topic)) return
      this.#waiting.delete(call)
    }
  }

  /** Puts records into batches while there is room; true when the call has none left. */
  #fill(call: SendCall, topic: ProducerTopic): boolean {
    const { config } = this.#parts
    while (call.next < call.records.length) {
      if (this.ledger.bufferedBytes >= config.maxBufferedBytes) return false
      const index = call.next
      call.next += 1
      try {
        this.#place(call, index, topic)
      } catch (error) {
        call.failed(index, error instanceof StreamBusError ? error : defectOf(error))
      }
    }
    return true
  }

  #place(call: SendCall, index: number, topic: ProducerTopic): void {
    const given = call.records[index]!
    const record = prepareRecord(topic.name, given, call.sentAtMs)
    const bytes = estimateRecordBytes(record)
    const { maxBatchBytes } = this.#parts.config
    if (bytes + BATCH_HEADER_BYTES > maxBatchBytes) throw tooLarge(topic, bytes, maxBatchBytes)
    const queue = this.#queueFor(given, record, bytes, topic)
    if (!queue.hasRoom(bytes, topic.maxBatchBytes)) {
      queue.open(this.#parts.runtime.clock.elapsed(), call.dueMs)
      this.sender.activate(queue)
    }
    queue.append(record, bytes, call, index)
  }

  #queueFor(
    given: ProducerRecord,
    record: EncodableRecord,
    bytes: number,
    topic: ProducerTopic,
  ): PartitionQueue {
    if (given.partition !== undefined) return topic.checked(given.partition, 'partition')
    const { config, runtime, transport } = this.#parts
    const { key, value, headers } = record
    const { partitionCount } = topic
    const chosen = choose(topic.name, () =>
      config.partitioner({ topic: topic.name, key, value, headers, partitionCount }),
    )
    if (chosen !== null) return topic.checked(chosen, "the partitioner's choice")
    return topic.sticky(bytes, transport.view(), runtime.random)
  }

  #shrink(name: string, bytes: number): void {
    const topic = this.#topic(name)
    topic.maxBatchBytes = Math.min(topic.maxBatchBytes, Math.ceil(bytes / 2))
  }

  #note(error: StreamBusError): void {
    this.#lastTrouble = error
  }

  #failTopic(name: string, error: StreamBusError): void {
    const topic = this.#topic(name)
    topic.partitionCount = 0
    for (const call of this.#waiting) {
      if (call.topic !== name) continue
      this.#waiting.delete(call)
      call.failRest(error)
    }
    for (const call of topic.waiting) {
      topic.waiting.delete(call)
      call.failRest(error)
    }
    for (const queue of topic.queues()) queue.failAll(error)
    this.sender.wake()
  }

  #failAll(error: StreamBusError): void {
    for (const name of [...this.#topics.keys()]) this.#failTopic(name, error)
  }

  #expireAt(dueMs: number): void {
    if (dueMs >= this.#expiryMs) return
    const { clock } = this.#parts.runtime
    clock.clearTimeout(this.#expiryTimer)
    this.#expiryMs = dueMs
    this.#expiryTimer = clock.setTimeout(() => this.#expire(), Math.max(0, dueMs - clock.elapsed()))
  }

  #expire(): void {
    this.#expiryMs = Number.POSITIVE_INFINITY
    this.#expiryTimer = undefined
    const now = this.#parts.runtime.clock.elapsed()
    const { deliveryTimeoutMs, maxBufferedBytes } = this.#parts.config
    const expireCalls = (calls: Set<SendCall>, why: string): void => {
      for (const call of calls) {
        if (call.dueMs > now) this.#expireAt(call.dueMs)
        else {
          calls.delete(call)
          const at = { topic: call.topic }
          call.failRest(timedOut(at, deliveryTimeoutMs, why, this.#lastTrouble))
        }
      }
    }
    expireCalls(this.#waiting, `no room: ${maxBufferedBytes} bytes wait already (maxBufferedBytes)`)
    for (const { waiting } of this.#topics.values()) {
      expireCalls(waiting, 'the partitions of the topic could not be learnt')
    }
    for (const batch of [...this.ledger.live]) {
      if (batch.dueMs > now) {
        this.#expireAt(batch.dueMs)
        continue
      }
      const { queue, attempts, lastError = this.#lastTrouble } = batch
      const why = attempts === 0 ? 'it was never sent' : `sent ${attempts} times without success`
      const { topic, partition } = queue
      batch.failed(timedOut({ topic, partition }, deliveryTimeoutMs, why, lastError))
      queue.expired(batch)
    }
    this.sender.wake()
  }

  /** A timer that nobody needs would keep the process alive. */
  #allDone(): void {
    this.#parts.runtime.clock.clearTimeout(this.#expiryTimer)
    this.#expiryTimer = undefined
    this.#expiryMs = Number.POSITIVE_INFINITY
    this.#lastTrouble = undefined
  }
}

const choose = (topic: string, partitioner: () => number | null): number | null => {
  try {
    return partitioner()
  } catch (cause) {
    throw new StreamBusError(
      'CALLBACK_FAILED',
      `send to topic ${topic}: the partitioner threw: ${cause}`,
      { topic, cause },
    )
  }
}

const tooLarge = ({ name }: ProducerTopic, bytes: number, limit: number): StreamBusError =>
  new StreamBusError(
    'RECORD_TOO_LARGE',
    `send to topic ${name}: the record takes about ${bytes} bytes, at most ${limit} go with ` +
      "maxBatchBytes; send less, or raise it and the topic's max.message.bytes",
    { topic: name },
  )

const defectOf = (defect: unknown): StreamBusError =>
  new StreamBusError('INTERNAL_ERROR', `the producer met a defect: ${defect}`, { cause: defect })
