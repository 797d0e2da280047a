import { isStreamBusError, StreamBusError } from '../domain/errors.js'
import { partitionKey } from '../domain/topic-partition.js'
import type { Runtime } from '../runtime/runtime.js'
import { kafkaErrorName } from '../transport/protocol/kafka-errors.js'
import type { BatchHeader } from '../transport/protocol/records/batch-header.js'
import {
  BatchCursor,
  readControlType,
  splitBatches,
  verifyBatch,
} from '../transport/protocol/records/batch-reader.js'
import type { ResponseBody } from '../transport/protocol/registry.js'
import { kafkaFailure } from '../transport/requests/kafka-failure.js'
import type { TransportService } from '../transport/transport.js'
import type { ConsumerConfig } from './config.js'
import type { PartitionSlot } from './partition-slot.js'

const RETRY_SOON_MS = 100
const RETRY_LATER_MS = 1_000

type PartitionData = ResponseBody<'Fetch'>['responses'][number]['partitions'][number]

/** The leader or the topic changed: ask for metadata, then try again. */
const STALE_METADATA = new Set([
  'NOT_LEADER_OR_FOLLOWER',
  'LEADER_NOT_AVAILABLE',
  'REPLICA_NOT_AVAILABLE',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'UNKNOWN_TOPIC_ID',
  'INCONSISTENT_TOPIC_ID',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'OFFSET_NOT_AVAILABLE',
  'KAFKA_STORAGE_ERROR',
])

export interface ReaderParts {
  readonly runtime: Runtime
  readonly transport: TransportService
  readonly config: ConsumerConfig
  /** A position is not in the log: it has to be reset. */
  readonly onOutOfRange: (slot: PartitionSlot) => void
  readonly onError: (error: StreamBusError) => void
  readonly onFatal: (error: StreamBusError) => void
}

export interface FetchVerdict {
  readonly hasData: boolean
  readonly needsMetadata: boolean
}

/**
 * Sorts a fetch response into the slots it was asked for. One partition's trouble is its own: it
 * never fails the response, skips a record or resets an offset in silence.
 */
export class FetchResponseReader {
  readonly #parts: ReaderParts

  constructor(parts: ReaderParts) {
    this.#parts = parts
  }

  read(
    response: ResponseBody<'Fetch'>,
    slots: readonly PartitionSlot[],
    incarnations: readonly number[],
  ): FetchVerdict {
    let hasData = false
    let needsMetadata = false
    if (response.errorCode !== 0) {
      this.#retryLater(slots, kafkaFailure(response.errorCode, 'fetch'))
      return { hasData, needsMetadata: true }
    }
    const answers = this.#answersByPartition(response)
    slots.forEach((slot, index) => {
      if (!slot.isOpen || slot.incarnation !== incarnations[index]) return
      const answer = answers.get(slot.key)
      if (answer === undefined) {
        // Its topic may be another one by now.
        const text = `fetch ${slot.key}: the broker's answer leaves it out`
        const error = new StreamBusError('MALFORMED_MESSAGE', text, addressOf(slot))
        this.#retryLater([slot], error)
        needsMetadata = true
      } else if (answer.errorCode !== 0) {
        if (this.#onErrorCode(slot, answer.errorCode)) needsMetadata = true
        hasData ||= slot.unreportedError !== null
      } else if (this.#takeBatches(slot, answer)) hasData = true
    })
    return { hasData, needsMetadata }
  }

  #answersByPartition(response: ResponseBody<'Fetch'>): Map<string, PartitionData> {
    const names = new Map<string, string>()
    for (const { name, topicId } of this.#parts.transport.view().topics.values()) {
      names.set(topicId, name)
    }
    const answers = new Map<string, PartitionData>()
    for (const { topic, topicId, partitions } of response.responses) {
      const name = topic === '' ? names.get(topicId) : topic
      if (name === undefined) continue
      for (const answer of partitions) {
        answers.set(partitionKey(name, answer.partitionIndex), answer)
      }
    }
    return answers
  }

  /** True when metadata should be asked for. */
  #onErrorCode(slot: PartitionSlot, errorCode: number): boolean {
    const name = kafkaErrorName(errorCode)
    const now = this.#parts.runtime.clock.elapsed()
    if (name === 'OFFSET_OUT_OF_RANGE') {
      this.#parts.onOutOfRange(slot)
      return false
    }
    if (STALE_METADATA.has(name)) {
      slot.retryAt = now + RETRY_SOON_MS
      return true
    }
    const error = kafkaFailure(errorCode, `fetch ${slot.key}`, addressOf(slot))
    if (error.code === 'NOT_AUTHORIZED') this.#parts.onFatal(error)
    else this.#retryLater([slot], error)
    return false
  }

  #takeBatches(slot: PartitionSlot, answer: PartitionData): boolean {
    slot.offsets.highWatermark = answer.highWatermark
    slot.offsets.lastStable = answer.lastStableOffset
    slot.offsets.logStart = answer.logStartOffset
    const records = answer.records
    if (records === null || records.length === 0) return false
    const wasEmpty = slot.buffer.isEmpty
    try {
      const aborted = new AbortedBatches(this.#isolated() ? answer.abortedTransactions : null)
      for (const header of splitBatches(records, slot, { allowPartialLast: true })) {
        if (header.lastOffset < slot.offsets.fetch) continue
        verifyBatch(records, header, slot)
        const hidden = aborted.hides(records, header)
        const cursor =
          hidden || header.recordCount === 0
            ? null
            : new BatchCursor(records, header, slot, {
                fromOffset: slot.offsets.fetch,
                checkCrc: false,
              })
        const { lastOffset, sizeInBytes } = header
        slot.buffer.push({ cursor, lastOffset, sizeInBytes })
        slot.offsets.fetch = lastOffset + 1
      }
    } catch (error) {
      if (!isStreamBusError(error)) throw error
      // The batch may have been damaged on its way; asking again shows.
      this.#retryLater([slot], error)
    }
    if (wasEmpty && !slot.buffer.isEmpty) slot.send({ type: 'buffer.filled' })
    return !slot.buffer.isEmpty
  }

  #isolated(): boolean {
    return this.#parts.config.isolationLevel === 'read_committed'
  }

  #retryLater(slots: readonly PartitionSlot[], error: StreamBusError): void {
    const retryAt = this.#parts.runtime.clock.elapsed() + RETRY_LATER_MS
    for (const slot of slots) slot.retryAt = retryAt
    this.#parts.onError(error)
  }
}

const addressOf = ({ topic, partition }: PartitionSlot) => ({ topic, partition })

type AbortedTransactions = PartitionData['abortedTransactions']

/**
 * Under read_committed the broker lists the aborted transactions of the range it returns: from
 * `firstOffset` on a producer's transactional batches are hidden until its abort marker
 * (KIP-98). Control batches are always hidden.
 */
class AbortedBatches {
  readonly #pending: { readonly producerId: bigint; readonly firstOffset: number }[]
  readonly #open = new Set<bigint>()

  constructor(transactions: AbortedTransactions) {
    this.#pending = [...(transactions ?? [])].sort((a, b) => a.firstOffset - b.firstOffset)
  }

  hides(bytes: Buffer, header: BatchHeader): boolean {
    while (this.#pending.length > 0 && this.#pending[0]!.firstOffset <= header.lastOffset) {
      this.#open.add(this.#pending.shift()!.producerId)
    }
    if (header.isControl) {
      if (readControlType(bytes, header) === 'abort') this.#open.delete(header.producerId)
      return true
    }
    return header.isTransactional && this.#open.has(header.producerId)
  }
}
