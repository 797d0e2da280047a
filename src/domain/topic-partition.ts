export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

export interface TopicPartitionOffset extends TopicPartition {
  /** The next offset to process, not the last one processed. */
  readonly offset: number
}

/** `events-3`. Unambiguous although topics may hold dashes: the partition is after the last one. */
export const partitionKey = (topic: string, partition: number): string => `${topic}-${partition}`

export const keyOf = (tp: TopicPartition): string => `${tp.topic}-${tp.partition}`

/** Only the address of what has one: a record, a slot, an offset. */
export const tpOf = ({ topic, partition }: TopicPartition): TopicPartition => ({ topic, partition })

/** UTF-16 code unit order for topics (never locale), then the partition number. */
export const comparePartitions = (a: TopicPartition, b: TopicPartition): number =>
  a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : a.partition - b.partition

/** Partitions of `left` that are not in `right`, in `left`'s order. */
export const withoutPartitions = (
  left: readonly TopicPartition[],
  right: readonly TopicPartition[],
): TopicPartition[] => {
  const keys = new Set(right.map(keyOf))
  return left.filter((tp) => !keys.has(keyOf(tp)))
}
