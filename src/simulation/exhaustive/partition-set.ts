import type { TopicPartition } from '../../domain/topic-partition.js'

export const TOPIC = 'events'

/** Partitions of the one topic as bits. */
export const partitionSet = (partitions: readonly TopicPartition[]): number =>
  partitions.reduce((set, { partition }) => set | (1 << partition), 0)

export const partitionsIn = (set: number): TopicPartition[] => {
  const partitions: TopicPartition[] = []
  for (let partition = 0; set >> partition > 0; partition++) {
    if ((set & (1 << partition)) !== 0) partitions.push({ topic: TOPIC, partition })
  }
  return partitions
}

export const partitionNames = (set: number): string =>
  `[${partitionsIn(set)
    .map(({ partition }) => `p${partition}`)
    .join(' ')}]`
