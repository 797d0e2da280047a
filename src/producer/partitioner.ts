import type { EncodableRecord } from '../transport/protocol/records/batch-writer.js'
import { murmur2 } from './murmur2.js'

/** What a partitioner sees: the record as it will be written. */
export interface PartitionerInput extends Pick<EncodableRecord, 'key' | 'value' | 'headers'> {
  readonly topic: string
  readonly partitionCount: number
}

/**
 * Chooses a partition from 0 to partitionCount - 1. `null`: any, the one whose batch is being
 * filled (KIP-480). Not asked for records that name their partition.
 */
export type Partitioner = (record: PartitionerInput) => number | null

/** The sign bit is cut off, as in Kafka's `Utils.toPositive`: not the absolute value. */
const toPositive = (hash: number): number => hash & 0x7fffffff

/** Kafka's default: murmur2 of the key; null without a key. */
export const murmur2Partitioner: Partitioner = ({ key, partitionCount }) =>
  key === null ? null : toPositive(murmur2(key)) % partitionCount

/** Another partition than before, if there is one to choose (KIP-480). */
export const nextSticky = (
  available: readonly number[],
  previous: number,
  random: () => number,
): number => {
  const at = available.indexOf(previous)
  if (at < 0) return available[Math.floor(random() * available.length)] ?? previous
  if (available.length === 1) return previous
  const other = Math.floor(random() * (available.length - 1))
  return available[other >= at ? other + 1 : other]!
}
