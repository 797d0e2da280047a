import * as Effect from 'effect/Effect'
import type * as Exit from 'effect/Exit'
import { memoryStore } from '../../broker/store/memory-store.js'
import type { Mutation, Store } from '../../broker/store/store.js'
import { StreamBusError } from '../../domain/errors.js'
import type { FactOf, StoredGroupFact } from '../../domain/facts.js'
import { partitionKey } from '../../domain/topic-partition.js'
import type { StoredGroup } from '../../machines/group-coordinator/stored-group.js'
import type { Gate } from '../time/gate.js'
import type { VirtualTimer } from '../time/timer-heap.js'
import type { VirtualTime } from '../time/virtual-time.js'

/** How the disk breaks. Any of them ends the store, as a failed fsync must. */
export type StoreFailure = 'EIO' | 'ENOSPC' | 'fsync'

interface Write {
  readonly number: number
  readonly mutations: readonly Mutation[]
  readonly settle: (result: Effect.Effect<void, StreamBusError>) => void
}

type WriteSummary = Omit<FactOf<'write'>, 'fact'>

export interface StoreWatcher {
  readonly written: (summary: WriteSummary) => void
  readonly flushed: (write: number) => void
  readonly failed: (why: StoreFailure) => void
  /** Its deletion is durable. */
  readonly topicDeleted: (name: string) => void
  readonly topicName: (topicId: string) => string
  readonly memberName: (memberId: string) => string
}

export interface StoreTimes {
  /** From a write to its commit. */
  minMs: number
  maxMs: number
}

/**
 * The disk of a broker: it outlives processes. A write is durable when it is committed, some time
 * after it was issued; commits keep their order, and what is waiting is committed together. A crash
 * loses what was not committed, except perhaps the first part of it, whose answer was on its way.
 */
export class SimulatedStore {
  readonly #time: VirtualTime
  readonly #random: () => number
  readonly #watcher: StoreWatcher
  readonly #durable = memoryStore()
  readonly times: StoreTimes
  #waiting: Write[] = []
  #timer: VirtualTimer | undefined
  #failure: StreamBusError | undefined
  #writes = 0
  #failNext: StoreFailure | undefined

  constructor(time: VirtualTime, times: StoreTimes, watcher: StoreWatcher) {
    this.#time = time
    this.#random = time.randomFor('store')
    this.#watcher = watcher
    this.times = { ...times }
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined
  }

  /** The store as one run of a broker sees it. */
  openFor(gate: Gate): Store {
    const durable = this.#durable
    return {
      write: (mutations) =>
        Effect.callback((resume) => {
          if (this.#failure !== undefined) {
            resume(Effect.fail(this.#failure))
            return undefined
          }
          const number = ++this.#writes
          this.#watcher.written({ write: number, ...this.#summaryOf(mutations) })
          this.#waiting.push({ number, mutations, settle: resume })
          this.#arm(gate)
          return undefined
        }),
      get: durable.get,
      list: durable.list,
      readBatches: durable.readBatches,
      firstBatchSince: durable.firstBatchSince,
      lastBatch: durable.lastBatch,
      firstBatch: durable.firstBatch,
      close: Effect.void,
    }
  }

  /** The next commit breaks the disk. */
  failNextCommit(why: StoreFailure): void {
    this.#failNext = why
  }

  /** The broker is gone. A first part of what was not acknowledged may have been committed. */
  crash(): void {
    if (this.#timer !== undefined) this.#timer.cancelled = true
    this.#timer = undefined
    const waiting = this.#waiting
    this.#waiting = []
    if (this.#failure !== undefined) return
    const kept = waiting.slice(0, Math.floor(this.#random() * (waiting.length + 1)))
    this.#commit(kept)
    // Whoever waits for it is dead: only what it did to the disk is left.
    for (const { mutations } of kept) this.#tellDeletions(mutations)
  }

  /** Another disk with the same data, or room again on this one: only a new start of the broker. */
  repair(): void {
    this.#failure = undefined
    this.#failNext = undefined
  }

  #arm(gate: Gate): void {
    if (this.#timer !== undefined) return
    const { minMs, maxMs } = this.times
    const delay = minMs + this.#random() * (maxMs - minMs)
    this.#timer = this.#time.schedule(gate, delay, () => {
      this.#timer = undefined
      const waiting = this.#waiting
      this.#waiting = []
      if (this.#failNext === undefined) this.#commitAndSettle(waiting)
      else this.#fail(this.#failNext, waiting)
    })
  }

  /** Makes writes durable. The exits are for those who wait for them. */
  #commit(writes: readonly Write[]): Exit.Exit<void, StreamBusError>[] {
    const last = writes[writes.length - 1]
    if (last === undefined) return []
    const exits = writes.map(({ mutations }) => Effect.runSyncExit(this.#durable.write(mutations)))
    this.#watcher.flushed(last.number)
    return exits
  }

  #commitAndSettle(writes: readonly Write[]): void {
    const exits = this.#commit(writes)
    for (const [index, { mutations, settle }] of writes.entries()) {
      this.#tellDeletions(mutations)
      settle(exits[index]!)
    }
  }

  /** In the order of the writes: what was appended before a deletion was there before it. */
  #tellDeletions(mutations: readonly Mutation[]): void {
    for (const mutation of mutations) {
      if (mutation.type !== 'delete' || mutation.table !== 'topics') continue
      this.#watcher.topicDeleted(mutation.key)
    }
  }

  #fail(why: StoreFailure, waiting: readonly Write[]): void {
    const words = { EIO: 'EIO: i/o error', ENOSPC: 'ENOSPC: no space left', fsync: 'fsync failed' }
    this.#failure = new StreamBusError('STORE_FAILED', `the store has failed: ${words[why]}`)
    this.#watcher.failed(why)
    for (const { settle } of waiting) settle(Effect.fail(this.#failure))
  }

  #summaryOf(mutations: readonly Mutation[]): Omit<WriteSummary, 'write'> {
    const { topicName, memberName } = this.#watcher
    const groups: Record<string, StoredGroupFact> = {}
    const offsets: Record<string, number> = {}
    const logs: Record<string, number> = {}
    for (const mutation of mutations) {
      if (mutation.type === 'append') {
        logs[partitionKey(topicName(mutation.topicId), mutation.partition)] = mutation.lastOffset
      } else if (mutation.type === 'put' && mutation.table === 'groups') {
        const { generation, members } = mutation.value as StoredGroup
        groups[mutation.key] = {
          generation,
          members: members.map(({ memberId }) => memberName(memberId)),
        }
      } else if (mutation.type === 'put' && mutation.table === 'offsets') {
        const [, topic, partition] = JSON.parse(mutation.key) as [string, string, number]
        offsets[partitionKey(topic, partition)] = (
          mutation.value as { readonly offset: number }
        ).offset
      }
    }
    return {
      ...(isEmpty(groups) ? {} : { groups }),
      ...(isEmpty(offsets) ? {} : { offsets }),
      ...(isEmpty(logs) ? {} : { logs }),
    }
  }
}

const isEmpty = (record: object): boolean => {
  for (const _ in record) return false
  return true
}
