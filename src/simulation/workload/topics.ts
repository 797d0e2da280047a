import * as Effect from 'effect/Effect'
import {
  type ApiName,
  completeRequest,
  type RequestInput,
  type ResponseInput,
  validVersions,
} from '../../transport/protocol/registry.js'
import { ZERO_UUID } from '../../transport/protocol/wire-fault.js'
import type { SimulatedCluster } from '../cluster/cluster.js'
import type { VirtualTime } from '../time/virtual-time.js'
import { topicName } from './names.js'

export interface TopicsParts {
  readonly cluster: SimulatedCluster
  readonly time: VirtualTime
  readonly plan: { readonly partitions: readonly number[] }
}

/** Partitions that a topic is created with and clients are not told of until it grows. */
const ROOM_TO_GROW = 8

/**
 * The topics of a world, by number. The embedded broker cannot add partitions to a topic: one that
 * grows has had them all the time, and its clients hear of them when it does.
 */
export class Topics {
  readonly #parts: TopicsParts
  readonly #partitions = new Map<number, number>()
  readonly #creating = new Set<number>()
  /** Asked to be deleted, by number; until that is durable they are there. */
  readonly #deleting = new Map<number, number>()

  constructor(parts: TopicsParts) {
    this.#parts = parts
    parts.plan.partitions.forEach((_, index) => {
      this.create(index)
    })
  }

  /** Something is asked for and not done. */
  get isChanging(): boolean {
    return this.#deleting.size > 0 || this.#creating.size > 0
  }

  /** 0: there is none now. */
  partitionsOf(index: number): number {
    return this.#partitions.get(index) ?? 0
  }

  get existing(): IterableIterator<[index: number, partitions: number]> {
    return this.#partitions.entries()
  }

  create(index: number): void {
    const partitions = this.#parts.plan.partitions[index]
    if (partitions === undefined || this.partitionsOf(index) > 0 || !this.#parts.cluster.isUp)
      return
    const name = topicName(index)
    const topics = [
      {
        name,
        numPartitions: partitions + ROOM_TO_GROW,
        replicationFactor: 1,
        assignments: [],
        configs: [],
      },
    ]
    this.#partitions.set(index, partitions)
    this.#parts.cluster.roles.show(name, partitions)
    this.#creating.add(index)
    this.#ask('CreateTopics', { topics, timeoutMs: 30_000 }, ({ topics: [created] }) => {
      this.#creating.delete(index)
      // Its deletion may still be under way, or the store may have failed.
      if (created?.errorCode !== 0 || created.topicId === undefined) this.#partitions.delete(index)
      else this.#parts.cluster.knowTopic(created.topicId, name)
      this.#tell(index)
    })
  }

  /** After a start of the broker: what it had promised nobody may be gone, or still be there. */
  restore(): void {
    for (const [index, partitions] of this.#deleting) this.#partitions.set(index, partitions)
    this.#deleting.clear()
    this.#creating.clear()
    for (const index of [...this.#partitions.keys()]) {
      if (this.#isThere(index)) continue
      this.#partitions.delete(index)
      this.create(index)
    }
  }

  grow(index: number, by: number): void {
    const now = this.partitionsOf(index)
    const most = (this.#parts.plan.partitions[index] ?? 0) + ROOM_TO_GROW
    if (now === 0 || now >= most) return
    this.#partitions.set(index, Math.min(most, now + by))
    this.#parts.cluster.roles.show(topicName(index), this.partitionsOf(index))
    this.#tell(index)
  }

  delete(index: number): void {
    const partitions = this.partitionsOf(index)
    if (partitions === 0 || !this.#parts.cluster.isUp) return
    this.#partitions.delete(index)
    this.#deleting.set(index, partitions)
    const topics = [{ name: topicName(index), topicId: ZERO_UUID }]
    this.#ask('DeleteTopics', { topics, timeoutMs: 30_000 }, ({ responses: [deleted] }) => {
      if (deleted?.errorCode === 0) return
      this.#deleting.delete(index)
      this.#partitions.set(index, partitions)
    })
  }

  /** Durably, whether anybody heard of it or not. */
  deleted(topic: string): void {
    const index = [...this.#deleting.keys()].find((one) => topicName(one) === topic)
    if (index === undefined) return
    this.#deleting.delete(index)
    this.#tell(index)
  }

  #isThere(index: number): boolean {
    return this.#parts.cluster.broker.topics.byName(topicName(index)) !== undefined
  }

  #tell(index: number): void {
    const fact = {
      fact: 'topic',
      topic: topicName(index),
      partitions: this.partitionsOf(index),
    } as const
    this.#parts.cluster.recorder.fact('topics', fact)
  }

  #ask<N extends ApiName>(
    api: N,
    input: RequestInput<N>,
    then: (answer: ResponseInput<N>) => void,
  ): void {
    const { cluster } = this.#parts
    const context = { apiVersion: validVersions(api).max, clientId: 'world', clientHost: 'world' }
    cluster.runtime.run(
      Effect.map(cluster.broker.handle(api, completeRequest(api, input), context), (answer) => {
        if (answer !== null) then(answer)
      }),
    )
  }
}
