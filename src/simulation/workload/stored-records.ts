import type { PartitionLog } from '../../broker/partition-log.js'
import { readBatchHeader } from '../../transport/protocol/records/batch-header.js'
import { BatchCursor } from '../../transport/protocol/records/batch-reader.js'
import type { World } from '../world.js'
import { topicName } from './names.js'

export interface StoredRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly key: Buffer | null
  readonly value: Buffer | null
}

/** All that is in the logs of a world, by topic, partition and offset. */
export const storedRecords = ({ cluster, topics }: World): StoredRecord[] =>
  [...topics.existing].flatMap(([index, partitions]) => {
    const logs = cluster.broker.topics.byName(topicName(index))?.logs.slice(0, partitions) ?? []
    return logs.flatMap((log) => recordsOf(topicName(index), log))
  })

const recordsOf = (topic: string, log: PartitionLog): StoredRecord[] => {
  const place = { topic, partition: log.partition }
  return log.read(0, Number.MAX_SAFE_INTEGER).flatMap(({ bytes }) => {
    const cursor = new BatchCursor(bytes, readBatchHeader(bytes, 0, place), place)
    const records: StoredRecord[] = []
    for (let record = cursor.next(); record !== undefined; record = cursor.next()) {
      const { offset, key, value } = record
      records.push({ ...place, offset, key, value })
    }
    return records
  })
}
