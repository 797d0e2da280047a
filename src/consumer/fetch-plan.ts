import type { ClusterView } from '../transport/transport.js'
import type { ConsumerConfig } from './config.js'
import type { PartitionSlot } from './partition-slot.js'

/** While a full partition is left out of a fetch, the others must not hold it up for long. */
const SHORT_WAIT_MS = 20
/** Kafka's own fetch.max.bytes. */
const MAX_FETCH_BYTES = 50 * 1024 * 1024
/** A partition is fetched ahead until this many fetches of its size are buffered. */
const FETCHES_AHEAD = 2

export interface NodeFetch {
  readonly nodeId: number
  readonly slots: readonly PartitionSlot[]
  readonly maxWaitMs: number
  readonly maxBytes: number
}

export interface FetchPlan {
  readonly fetches: readonly NodeFetch[]
  /** A partition that wants records has no known leader. */
  readonly needsMetadata: boolean
  /** The earliest moment at which a partition that is backing off may be fetched. */
  readonly retryAt: number
}

export interface PlanInput {
  readonly slots: Iterable<PartitionSlot>
  readonly view: ClusterView
  readonly busyNodes: { has(nodeId: number): boolean }
  readonly bytesInFlight: number
  readonly now: number
  readonly config: ConsumerConfig
}

/** What to ask of which leader now: pure, given the slots and the clock. */
export const planFetches = (input: PlanInput): FetchPlan => {
  const { view, now, config } = input
  const byNode = new Map<number, PartitionSlot[]>()
  const fullNodes = new Set<number>()
  const limit = FETCHES_AHEAD * config.maxPartitionFetchBytes
  let buffered = input.bytesInFlight
  let needsMetadata = false
  let retryAt = Number.POSITIVE_INFINITY
  for (const slot of input.slots) {
    buffered += slot.buffer.bytes
    if (!wantsRecords(slot)) continue
    if (slot.retryAt > now) {
      retryAt = Math.min(retryAt, slot.retryAt)
      continue
    }
    const leader = view.topics.get(slot.topic)?.partitions[slot.partition]?.leader ?? -1
    if (leader < 0) {
      needsMetadata = true
    } else if (slot.buffer.bytes >= limit) {
      fullNodes.add(leader)
    } else if (!input.busyNodes.has(leader)) {
      const slots = byNode.get(leader)
      if (slots === undefined) byNode.set(leader, [slot])
      else slots.push(slot)
    }
  }
  const fetches: NodeFetch[] = []
  let budget = config.maxBufferedBytes - buffered
  for (const [nodeId, slots] of byNode) {
    if (budget <= 0) break
    const maxBytes = Math.min(budget, MAX_FETCH_BYTES, slots.length * config.maxPartitionFetchBytes)
    budget -= maxBytes
    const maxWaitMs = fullNodes.has(nodeId)
      ? Math.min(SHORT_WAIT_MS, config.fetchMaxWaitMs)
      : config.fetchMaxWaitMs
    fetches.push({ nodeId, slots, maxWaitMs, maxBytes })
  }
  return { fetches, needsMetadata, retryAt }
}

const wantsRecords = (slot: PartitionSlot): boolean => {
  if (!slot.isOpen || slot.offsets.fetch < 0) return false
  const state = slot.state
  return state === 'fetching' || state === 'buffered'
}
