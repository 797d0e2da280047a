import type { ConsumerRecord } from '../domain/record.js'
import { partitionKey, type TopicPartition } from '../domain/topic-partition.js'

/** What one poll returned: iterable, in order within each partition. */
export class ConsumerRecords implements Iterable<ConsumerRecord> {
  readonly #records: readonly ConsumerRecord[]

  constructor(records: readonly ConsumerRecord[]) {
    this.#records = records
  }

  get length(): number {
    return this.#records.length
  }

  get isEmpty(): boolean {
    return this.#records.length === 0
  }

  [Symbol.iterator](): Iterator<ConsumerRecord> {
    return this.#records[Symbol.iterator]()
  }

  toArray(): ConsumerRecord[] {
    return [...this.#records]
  }

  /** One entry a partition, its records in offset order. */
  byPartition(): (TopicPartition & { readonly records: readonly ConsumerRecord[] })[] {
    const groups = new Map<string, TopicPartition & { records: ConsumerRecord[] }>()
    for (const record of this.#records) {
      const { topic, partition } = record
      const key = partitionKey(topic, partition)
      const group = groups.get(key)
      if (group === undefined) groups.set(key, { topic, partition, records: [record] })
      else group.records.push(record)
    }
    return [...groups.values()]
  }
}
