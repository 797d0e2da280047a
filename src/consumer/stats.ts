import type { MemberState } from '../domain/membership.js'
import type { ConsumerCore } from './consumer-core.js'
import type { PartitionSlot } from './partition-slot.js'

export interface PartitionStats {
  readonly topic: string
  readonly partition: number
  /** The partition actor's state, for example `fetching`. */
  readonly state: string
  readonly paused: boolean
  /** Next offset to hand out; null until it is known. */
  readonly position: number | null
  /** Last offset this member committed or found committed; null when there is none. */
  readonly committed: number | null
  readonly highWatermark: number | null
  /** Records between position and the readable end; null while unknown, which is not zero. */
  readonly positionLag: number | null
  readonly committedLag: number | null
  readonly bufferedBytes: number
  readonly recordsHandedOut: number
}

export interface ConsumerStats {
  readonly state: MemberState
  readonly groupId: string | null
  readonly memberId: string
  readonly generation: number
  readonly isLeader: boolean
  readonly protocol: string | null
  /** Assignments received so far. */
  readonly rebalances: number
  /** Why the last rebalance began, as far as this member knows. */
  readonly lastRebalanceCause: { readonly what: string; readonly evidence: string } | null
  readonly recordsHandedOut: number
  readonly bufferedBytes: number
  readonly fetches: number
  readonly heartbeats: number
  readonly commits: number
  readonly commitFailures: number
  /** Events that came where the chart has no use for them. */
  readonly ignoredEvents: number
  readonly partitions: readonly PartitionStats[]
}

const known = (offset: number): number | null => (offset < 0 ? null : offset)

const lag = (end: number, from: number): number | null =>
  end < 0 || from < 0 ? null : Math.max(0, end - from)

export const partitionStats = (slot: PartitionSlot, readCommitted: boolean): PartitionStats => {
  const { offsets } = slot
  const end = readCommitted ? offsets.lastStable : offsets.highWatermark
  return {
    topic: slot.topic,
    partition: slot.partition,
    state: slot.state,
    paused: slot.isPaused,
    position: known(offsets.position),
    committed: known(offsets.committed),
    highWatermark: known(offsets.highWatermark),
    positionLag: lag(end, offsets.position),
    committedLag: lag(end, offsets.committed < 0 ? offsets.logStart : offsets.committed),
    bufferedBytes: slot.buffer.bytes,
    recordsHandedOut: slot.recordsHandedOut,
  }
}

export const consumerStats = (core: ConsumerCore): ConsumerStats => {
  const { context } = core.member.getSnapshot()
  const readCommitted = core.parts.config.isolationLevel === 'read_committed'
  const partitions = [...core.slots.values()].map((slot) => partitionStats(slot, readCommitted))
  return {
    state: core.state,
    groupId: core.parts.config.groupId,
    memberId: context.memberId,
    generation: context.generation,
    isLeader: context.isLeader,
    protocol: context.protocol,
    rebalances: context.rebalances,
    lastRebalanceCause: context.cause,
    recordsHandedOut: core.delivery.recordsHandedOut,
    bufferedBytes: partitions.reduce((sum, { bufferedBytes }) => sum + bufferedBytes, 0),
    fetches: core.fetcher.fetches,
    heartbeats: core.client.heartbeats,
    commits: core.committer.commits,
    commitFailures: core.committer.commitFailures,
    ignoredEvents: core.ignoredEvents,
    partitions,
  }
}
