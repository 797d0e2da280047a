import * as Effect from 'effect/Effect'
import * as Result from 'effect/Result'
import { StreamBusError } from '../domain/errors.js'
import { keyOf } from '../domain/topic-partition.js'
import { fetchCommittedOffsets } from '../transport/requests/fetch-offsets.js'
import { kafkaFailure } from '../transport/requests/kafka-failure.js'
import { EARLIEST, LATEST, listOffsets } from '../transport/requests/list-offsets.js'
import type { TransportService } from '../transport/transport.js'
import type { ConsumerConfig } from './config.js'
import { classifyGroupError } from './group/classify.js'
import type { PartitionSlot } from './partition-slot.js'

const RETRY_MS = 100
const RETRY_MAX_MS = 2_000

export interface PositionsParts {
  readonly transport: TransportService
  readonly config: ConsumerConfig
  readonly owner: string
  readonly onResolved: () => void
  readonly onError: (error: StreamBusError) => void
  readonly onFatal: (error: StreamBusError) => void
}

/**
 * Finds out where partitions begin: at the group's committed offset, else where `offsetReset`
 * says. Trouble is retried until the partition is gone: a retriable error never resets an offset.
 */
export class Positions {
  readonly #parts: PositionsParts

  constructor(parts: PositionsParts) {
    this.#parts = parts
  }

  /** Ends when every slot has a position, failed, moved on by itself (seek), or went away. */
  resolve(slots: readonly PartitionSlot[]): Effect.Effect<void> {
    return this.#untilDone(slots, (open) => this.#fromCommitted(open))
  }

  /** The position was not in the log any more: `offsetReset` decides, and it is said aloud. */
  reset(slot: PartitionSlot): Effect.Effect<void> {
    const place = slot.offsets.fetch
    const { offsetReset } = this.#parts.config
    const error = new StreamBusError(
      'OFFSET_OUT_OF_RANGE',
      `${slot.key}: offset ${place} is not in the log (its records were deleted or never written); ` +
        (offsetReset === 'none'
          ? "offsetReset is 'none': seek to go on"
          : `going on from the ${offsetReset} offset, as offsetReset says`),
      { topic: slot.topic, partition: slot.partition },
    )
    this.#parts.onError(error)
    if (offsetReset === 'none') {
      this.#failSlot(slot, error)
      return Effect.void
    }
    slot.losePosition()
    return this.#untilDone([slot], (open) => this.#fromReset(open))
  }

  #untilDone(
    slots: readonly PartitionSlot[],
    attempt: (open: readonly PartitionSlot[]) => Effect.Effect<boolean>,
  ): Effect.Effect<void> {
    const isOpen = unchanged(slots)
    return Effect.gen({ self: this }, function* () {
      for (let failures = 0; ; failures++) {
        const open = slots.filter(isOpen)
        if (open.length === 0) return
        const isComplete = yield* attempt(open)
        this.#parts.onResolved()
        if (isComplete) return
        yield* Effect.sleep(Math.min(RETRY_MS * 2 ** Math.min(failures, 10), RETRY_MAX_MS))
      }
    })
  }

  /** True when nothing is left to try again. */
  #fromCommitted(slots: readonly PartitionSlot[]): Effect.Effect<boolean> {
    const { transport, config, owner } = this.#parts
    const { groupId } = config
    if (groupId === null) return this.#fromReset(slots)
    const isStill = unchanged(slots)
    return Effect.gen({ self: this }, function* () {
      const result = yield* Effect.result(
        fetchCommittedOffsets(transport, groupId, slots, {
          timeoutMs: config.requestTimeoutMs,
          owner,
        }),
      )
      if (Result.isFailure(result)) return this.#troubled(result.failure, groupId)
      const { errorCode, offsets } = result.success
      if (errorCode !== 0) return this.#refusedBy(groupId, errorCode)
      const byKey = new Map(offsets.map((offset) => [keyOf(offset), offset]))
      const without: PartitionSlot[] = []
      let isComplete = true
      for (const slot of slots) {
        const answer = byKey.get(slot.key)
        if (answer === undefined || answer.errorCode !== 0) {
          isComplete = false
          if (answer !== undefined) this.#refusedBy(groupId, answer.errorCode)
        } else if (!isStill(slot)) {
          // A seek or a revoke came first.
        } else if (answer.offset >= 0) {
          slot.startAt(answer.offset, 'committed')
        } else {
          without.push(slot)
        }
      }
      if (without.length > 0 && !(yield* this.#fromReset(without))) isComplete = false
      return isComplete
    })
  }

  #fromReset(slots: readonly PartitionSlot[]): Effect.Effect<boolean> {
    const { transport, config } = this.#parts
    if (config.offsetReset === 'none') {
      for (const slot of slots) this.#failSlot(slot, noOffset(slot, config.groupId))
      return Effect.succeed(true)
    }
    const timestamp = config.offsetReset === 'latest' ? LATEST : EARLIEST
    const queries = slots.map(({ topic, partition }) => ({ topic, partition, timestamp }))
    const isStill = unchanged(slots)
    return Effect.gen({ self: this }, function* () {
      const result = yield* Effect.result(
        listOffsets(transport, queries, {
          timeoutMs: config.requestTimeoutMs,
          isolationLevel: config.isolationLevel,
        }),
      )
      if (Result.isFailure(result)) return this.#troubled(result.failure, null)
      let isComplete = true
      for (const slot of slots) {
        const answer = result.success.get(slot.key)
        if (!isStill(slot)) continue
        if (answer?.errorCode === 0 && answer.offset >= 0) slot.startAt(answer.offset, 'reset')
        else {
          isComplete = false
          if (answer !== undefined) this.#refusedLookUp(slot, answer.errorCode)
        }
      }
      if (!isComplete) transport.invalidate()
      return isComplete
    })
  }

  #troubled(error: StreamBusError, groupId: string | null): boolean {
    if (groupId !== null) this.#parts.transport.forgetCoordinator(groupId)
    else this.#parts.transport.invalidate()
    if (error.retriable) this.#parts.onError(error)
    else this.#parts.onFatal(error)
    return !error.retriable
  }

  #refusedBy(groupId: string, errorCode: number): boolean {
    const verdict = classifyGroupError(errorCode, 'fetch committed offsets', groupId)
    if (verdict.tag === 'unavailable' && verdict.coordinatorMoved) {
      this.#parts.transport.forgetCoordinator(groupId)
    }
    const error = kafkaFailure(errorCode, `group ${groupId}: fetch committed offsets`, {
      group: groupId,
    })
    if (verdict.tag === 'refused') this.#parts.onFatal(error)
    else this.#parts.onError(error)
    return verdict.tag === 'refused'
  }

  #refusedLookUp(slot: PartitionSlot, errorCode: number): void {
    const { topic, partition } = slot
    const error = kafkaFailure(errorCode, `look up an offset of ${slot.key}`, { topic, partition })
    if (error.code === 'NOT_AUTHORIZED') this.#parts.onFatal(error)
    else this.#parts.onError(error)
  }

  #failSlot(slot: PartitionSlot, error: StreamBusError): void {
    slot.failWith(error)
    this.#parts.onResolved()
  }
}

/** True for a slot that still waits for the position that is being looked up for it now. */
const unchanged = (slots: readonly PartitionSlot[]): ((slot: PartitionSlot) => boolean) => {
  const incarnations = new Map(slots.map((slot) => [slot, slot.incarnation]))
  return (slot) =>
    slot.isOpen && slot.state === 'resolving' && slot.incarnation === incarnations.get(slot)
}

const noOffset = (slot: PartitionSlot, groupId: string | null): StreamBusError =>
  new StreamBusError(
    'OFFSET_OUT_OF_RANGE',
    `${slot.key}: ${groupId === null ? 'no position' : `group ${groupId} has no committed offset`} ` +
      "and offsetReset is 'none': seek, or set offsetReset to 'earliest' or 'latest'",
    {
      topic: slot.topic,
      partition: slot.partition,
      ...(groupId === null ? {} : { group: groupId }),
    },
  )
