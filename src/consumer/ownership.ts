import * as Effect from 'effect/Effect'
import type { CallbackOutcome, CommitOutcome, DrainOutcome } from '../domain/membership.js'
import { keyOf, partitionKey, type TopicPartition } from '../domain/topic-partition.js'
import type { PartitionsInput } from '../machines/member/member-setup.js'
import type { Inspect, Runtime } from '../runtime/runtime.js'
import type { Tasks } from '../runtime/tasks.js'
import type { CallbackQueue } from './callbacks.js'
import type { Committer } from './committer.js'
import type { ConsumerConfig } from './config.js'
import type { Delivery } from './delivery.js'
import type { partitionChart } from './partition-host.js'
import { PartitionSlot } from './partition-slot.js'
import type { Positions } from './positions.js'

const CALLED: CallbackOutcome = { tag: 'called' }

export interface OwnershipParts {
  readonly runtime: Runtime
  readonly config: ConsumerConfig
  /** Names the partition actors: `<owner>/<topic>-<partition>`. */
  readonly owner: string
  readonly slots: Map<string, PartitionSlot>
  readonly callbacks: CallbackQueue
  readonly delivery: Delivery
  readonly committer: Committer
  readonly positions: Positions
  readonly tasks: Tasks
  readonly chart: typeof partitionChart
  readonly inspect: Inspect | undefined
  readonly onIgnored: (event: string, state: string) => void
  /** Slots came, opened or went. */
  readonly onChange: () => void
}

/**
 * Partitions coming and going. Each is a root actor with its slot; the member chart calls these
 * steps in order, and each may be cut off by a worse one (a revoke by a loss).
 */
export class Ownership {
  readonly #parts: OwnershipParts

  constructor(parts: OwnershipParts) {
    this.#parts = parts
  }

  /** New slots, `onPartitionsAssigned` awaited, then open for fetching. */
  assign({ partitions, generation }: PartitionsInput): Effect.Effect<CallbackOutcome> {
    const { slots, callbacks, positions, tasks, onChange } = this.#parts
    return Effect.gen({ self: this }, function* () {
      const added = partitions.map((tp) => this.#createSlot(tp, generation))
      onChange()
      yield* callbacks.call('onPartitionsAssigned', () => {
        for (const slot of added) slot.isAnnounced = true
        return partitions
      })
      const open = added.filter((slot) => slots.get(slot.key) === slot)
      for (const slot of open) slot.isOpen = true
      tasks.run(positions.resolve(open))
      onChange()
      return CALLED
    })
  }

  /** Nothing more is handed out; what is in hand is waited for. */
  drain({ partitions }: PartitionsInput): Effect.Effect<DrainOutcome> {
    const { delivery, config, onChange } = this.#parts
    return Effect.suspend(() => {
      for (const slot of this.#slotsOf(partitions)) {
        slot.shut()
        slot.send({ type: 'revoke' })
      }
      onChange()
      return delivery.drain(partitions, config.drainTimeoutMs)
    })
  }

  /** Under auto-commit, what is done; otherwise the application commits in its callback. */
  commit({ partitions, ...identity }: PartitionsInput): Effect.Effect<CommitOutcome> {
    const { config, committer } = this.#parts
    if (!config.autoCommit || config.groupId === null) {
      return Effect.succeed({ tag: 'committed' })
    }
    // A quarter of the rebalance timeout leaves room for the drain before and the callback after.
    const timeoutMs = Math.ceil(config.rebalanceTimeoutMs / 4)
    return committer.commitBeforeRevoke(this.#slotsOf(partitions), identity, timeoutMs)
  }

  revoke({ partitions }: PartitionsInput): Effect.Effect<CallbackOutcome> {
    const { callbacks } = this.#parts
    const slots = this.#slotsOf(partitions)
    return Effect.map(
      callbacks.call('onPartitionsRevoked', () => takeAnnounced(slots)),
      () => {
        for (const slot of slots) this.#removeSlot(slot, 'release')
        this.#parts.onChange()
        return CALLED
      },
    )
  }

  /** Delivery stops at once, in the step that enters `fenced`; then the application is told. */
  lose({ partitions }: PartitionsInput): Effect.Effect<CallbackOutcome> {
    const { callbacks, onChange } = this.#parts
    return Effect.suspend(() => {
      const slots = this.#slotsOf(partitions)
      for (const slot of slots) this.#removeSlot(slot, 'lose')
      onChange()
      return Effect.as(
        callbacks.call('onPartitionsLost', () => takeAnnounced(slots)),
        CALLED,
      )
    })
  }

  #slotsOf(partitions: readonly TopicPartition[]): PartitionSlot[] {
    return partitions.flatMap((tp) => this.#parts.slots.get(keyOf(tp)) ?? [])
  }

  #createSlot(tp: TopicPartition, generation: number): PartitionSlot {
    const { owner, slots, chart, inspect } = this.#parts
    const key = partitionKey(tp.topic, tp.partition)
    const actor = chart.actor(this.#parts, {
      id: `${owner}/${key}`,
      input: { topic: tp.topic, partition: tp.partition, generation, paused: false },
      inspect,
    })
    const slot = new PartitionSlot(tp, actor)
    slots.set(key, slot)
    actor.start()
    return slot
  }

  #removeSlot(slot: PartitionSlot, how: 'release' | 'lose'): void {
    this.#parts.committer.noteGone(slot)
    slot.shut()
    slot.send({ type: how })
    this.#parts.slots.delete(slot.key)
    this.#parts.delivery.forget(slot)
  }
}

/** Those the application was told of, exactly once more. */
const takeAnnounced = (slots: readonly PartitionSlot[]): TopicPartition[] => {
  const announced = slots.filter((slot) => slot.isAnnounced)
  for (const slot of announced) slot.isAnnounced = false
  return announced.map(({ topic, partition }) => ({ topic, partition }))
}
