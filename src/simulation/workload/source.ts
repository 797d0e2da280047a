import { partitionKey } from '../../domain/topic-partition.js'
import type { SimulatedCluster } from '../cluster/cluster.js'
import type { VirtualTime } from '../time/virtual-time.js'
import { topicName } from './names.js'
import type { Topics } from './topics.js'

/** Records that are sent together to one partition, by their numbers in it. */
export interface Batch {
  readonly topic: string
  readonly partition: number
  readonly firstId: number
  readonly count: number
}

/** How batches get to the broker. `acknowledged` is called with the offset of the first record. */
export type Send = (batch: Batch, acknowledged: (baseOffset: number, by: string) => void) => void

export interface SourceParts {
  readonly cluster: SimulatedCluster
  readonly time: VirtualTime
  readonly topics: Topics
  readonly send: Send
}

const MOST_IN_BATCH = 16

/**
 * Where records come from. Each has a number in its partition, which is its value: whoever reads it
 * can tell which one it is.
 */
export class Source {
  readonly #parts: SourceParts
  readonly #random: () => number
  /** By partition: the number of the next record. */
  readonly #next = new Map<string, number>()
  /** How often each topic was deleted: what was sent to an earlier one is told of no more. */
  readonly #deletions = new Map<string, number>()
  /** By partition: the offset after the last acknowledged record. */
  readonly #ends = new Map<string, number>()

  constructor(parts: SourceParts) {
    this.#parts = parts
    this.#random = parts.time.randomFor('source')
  }

  /** The offset after the last record that is known to be there. */
  endOf(partition: string): number {
    return this.#ends.get(partition) ?? 0
  }

  /** The topic is another one now. */
  forget(topic: string): void {
    this.#deletions.set(topic, this.#deletionsOf(topic) + 1)
    for (const partition of [...this.#ends.keys()]) {
      if (partition.startsWith(`${topic}-`)) this.#ends.delete(partition)
    }
  }

  /** So many records, in batches over the partitions. */
  produce(records: number): void {
    const places = [...this.#parts.topics.existing].flatMap(([index, partitions]) =>
      Array.from({ length: partitions }, (_, partition) => ({ index, partition })),
    )
    for (let left = records; left > 0 && places.length > 0; ) {
      const { index, partition } = places[Math.floor(this.#random() * places.length)]!
      const count = Math.min(left, 1 + Math.floor(this.#random() * MOST_IN_BATCH))
      left -= count
      this.#send(topicName(index), partition, count)
    }
  }

  #send(topic: string, partition: number, count: number): void {
    const { cluster, send } = this.#parts
    const key = partitionKey(topic, partition)
    const firstId = this.#next.get(key) ?? 0
    this.#next.set(key, firstId + count)
    const deletions = this.#deletionsOf(topic)
    send({ topic, partition, firstId, count }, (first, by) => {
      if (this.#deletionsOf(topic) !== deletions) return
      const last = first + count - 1
      this.#ends.set(key, Math.max(this.endOf(key), last + 1))
      const ids = [[firstId, firstId + count - 1]] as const
      cluster.recorder.fact('log', { fact: 'ack', by, partition: key, first, last, ids })
    })
  }

  #deletionsOf(topic: string): number {
    return this.#deletions.get(topic) ?? 0
  }
}
