import type { ConsumerRecord } from '../../domain/record.js'
import { keyOf, type TopicPartition, tpOf } from '../../domain/topic-partition.js'
import { idOf } from '../workload/records.js'

/** Records of one partition that were handed out together. */
export interface Run {
  readonly place: TopicPartition
  readonly partition: string
  readonly first: number
  last: number
  readonly ids: [number, number][]
}

export const runsOf = (records: readonly ConsumerRecord[]): readonly Run[] => {
  const runs = new Map<string, Run>()
  for (const record of records) {
    const partition = keyOf(record)
    const id = idOf(record)
    const run = runs.get(partition)
    if (run === undefined) {
      const { offset } = record
      const place = tpOf(record)
      runs.set(partition, { place, partition, first: offset, last: offset, ids: [[id, id]] })
      continue
    }
    run.last = record.offset
    const lastRun = run.ids[run.ids.length - 1]!
    if (lastRun[1] + 1 === id) lastRun[1] = id
    else run.ids.push([id, id])
  }
  return [...runs.values()]
}
