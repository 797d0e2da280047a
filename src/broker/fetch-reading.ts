import type { KafkaErrorName } from '../transport/protocol/kafka-errors.js'
import type { RequestBody } from '../transport/protocol/registry.js'
import { findLog, findTopic } from './find-partition.js'
import type { PartitionLog } from './partition-log.js'
import type { TopicCatalog } from './topics.js'

type FetchTopic = RequestBody<'Fetch'>['topics'][number]
export type FetchPartition = FetchTopic['partitions'][number]

/** One partition of a fetch request, in the request's order. */
export interface Wanted {
  readonly topic: FetchTopic
  readonly partition: FetchPartition
}

export type PartitionRead =
  | {
      readonly type: 'read'
      readonly wanted: Wanted
      readonly log: PartitionLog
      readonly records: Buffer
      readonly highWatermark: number
    }
  | { readonly type: 'refused'; readonly wanted: Wanted; readonly error: KafkaErrorName }

export interface Reading {
  readonly partitions: readonly PartitionRead[]
  readonly bytes: number
  readonly hasErrors: boolean
}

const EMPTY = Buffer.alloc(0)

/**
 * Reads all partitions once (KIP-74): in the request's order, each up to its own limit and what is
 * left of the request's. Only the very first batch of the response may exceed them, so that a
 * consumer always gets on.
 */
export const readPartitions = (
  topics: TopicCatalog,
  wanted: readonly Wanted[],
  maxBytes: number,
): Reading => {
  let bytes = 0
  let hasErrors = false
  const partitions = wanted.map((one): PartitionRead => {
    const log = logOf(topics, one)
    if (typeof log === 'string') {
      hasErrors = true
      return { type: 'refused', wanted: one, error: log }
    }
    const { highWatermark } = log
    const records = readRecords(log, one.partition, maxBytes - bytes, bytes === 0)
    bytes += records.length
    return { type: 'read', wanted: one, log, records, highWatermark }
  })
  return { partitions, bytes, hasErrors }
}

const logOf = (
  topics: TopicCatalog,
  { topic, partition }: Wanted,
): PartitionLog | KafkaErrorName => {
  const found = findTopic(topics, { name: topic.topic, topicId: topic.topicId })
  const log = findLog(found, partition.partition, partition.currentLeaderEpoch)
  if (typeof log === 'string') return log
  const { fetchOffset } = partition
  // Between high watermark and log end there is nothing to see yet, and nothing wrong.
  const inRange = fetchOffset >= log.logStartOffset && fetchOffset <= log.logEndOffset
  return inRange ? log : 'OFFSET_OUT_OF_RANGE'
}

const readRecords = (
  log: PartitionLog,
  { fetchOffset, partitionMaxBytes }: FetchPartition,
  bytesLeft: number,
  isFirst: boolean,
): Buffer => {
  const limit = Math.min(partitionMaxBytes, bytesLeft)
  if (limit <= 0 && !isFirst) return EMPTY
  const batches = log.read(fetchOffset, Math.max(limit, 0))
  const first = batches[0]
  if (first === undefined || (first.bytes.length > limit && !isFirst)) return EMPTY
  return joined(batches.map(({ bytes }) => bytes))
}

/** Batches that lie side by side already, as the memory store gives them, are not copied. */
const joined = (batches: readonly Buffer[]): Buffer => {
  const [first] = batches
  let end = first!.byteOffset
  for (const { buffer, byteOffset, length } of batches) {
    if (buffer !== first!.buffer || byteOffset !== end) return Buffer.concat(batches)
    end += length
  }
  return Buffer.from(first!.buffer, first!.byteOffset, end - first!.byteOffset)
}
