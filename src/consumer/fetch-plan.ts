import type { ClusterView } from '../transport/transport.js'
import type { ConsumerConfig } from './config.js'
import type { PartitionSlot } from './partition-slot.js'

/**
 * A broker holds a fetch open until something comes, and nothing can be added to it. A second one,
 * on its own connection, serves partitions that want records meanwhile: after a seek, a resume, an
 * assignment, or when a full buffer was emptied.
 */
const LANES = 2
/** While a full partition is left out of both, one of them must come back soon. */
const SHORT_WAIT_MS = 20
/**
 * A fetch whose wait is over is on its way back: its partitions and those that came meanwhile go
 * into one fetch again. Two lanes that are each sent with the little that is left of the other's
 * wait would take turns for ever, as fast as the network allows. Beyond this it counts as stuck.
 */
const OVERDUE_MS = 1_000
/** Kafka's own fetch.max.bytes. */
const MAX_FETCH_BYTES = 50 * 1024 * 1024
/** A partition is fetched ahead until this many fetches of its size are buffered. */
const FETCHES_AHEAD = 2

export interface NodeFetch {
  readonly nodeId: number
  readonly lane: number
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

export interface FetchUnderWay {
  readonly lane: number
  readonly maxBytes: number
  /** When the broker answers at the latest, on the runtime's elapsed clock. */
  readonly endsAt: number
}

export interface PlanInput {
  readonly slots: Iterable<PartitionSlot>
  readonly view: ClusterView
  /** Fetches under way, by node. */
  readonly inFlight: ReadonlyMap<number, readonly FetchUnderWay[]>
  readonly now: number
  readonly config: ConsumerConfig
}

/** What to ask of which leader now: pure, given the slots and the clock. */
export const planFetches = (input: PlanInput): FetchPlan => {
  const { view, now, config } = input
  const byNode = new Map<number, PartitionSlot[]>()
  const fullNodes = new Set<number>()
  const limit = FETCHES_AHEAD * config.maxPartitionFetchBytes
  let buffered = 0
  for (const lanes of input.inFlight.values()) {
    for (const { maxBytes } of lanes) buffered += maxBytes
  }
  let needsMetadata = false
  let retryAt = Number.POSITIVE_INFINITY
  for (const slot of input.slots) {
    buffered += slot.buffer.bytes
    if (!wantsRecords(slot)) continue
    if (slot.retryAt > now) {
      retryAt = Math.min(retryAt, slot.retryAt)
      continue
    }
    const leader = leaderOf(view.topics, slot)
    if (leader < 0) needsMetadata = true
    else if (slot.buffer.bytes >= limit) fullNodes.add(leader)
    else if ((input.inFlight.get(leader)?.length ?? 0) < LANES) {
      const slots = byNode.get(leader)
      if (slots === undefined) byNode.set(leader, [slot])
      else slots.push(slot)
    }
  }
  const fetches: NodeFetch[] = []
  let budget = config.maxBufferedBytes - buffered
  for (const [nodeId, slots] of byNode) {
    if (budget <= 0) break
    const [other] = input.inFlight.get(nodeId) ?? []
    const heldBackUntil = other === undefined ? now : overdueUntil(other, now)
    if (heldBackUntil > now) {
      retryAt = Math.min(retryAt, heldBackUntil)
      continue
    }
    const maxBytes = Math.min(budget, MAX_FETCH_BYTES, slots.length * config.maxPartitionFetchBytes)
    budget -= maxBytes
    fetches.push({
      nodeId,
      lane: other?.lane === 0 ? 1 : 0,
      slots,
      maxBytes,
      maxWaitMs: waitMs(input, other, fullNodes.has(nodeId)),
    })
  }
  return { fetches, needsMetadata, retryAt }
}

/** Its node id; -1 while it has none, or is not there. */
export const leaderOf = (
  topics: ClusterView['topics'],
  { topic, partition }: Pick<PartitionSlot, 'topic' | 'partition'>,
): number => topics.get(topic)?.partitions[partition]?.leader ?? -1

/** A second fetch ends with the first, so that the next one asks for all partitions again. */
const waitMs = (
  { now, config }: PlanInput,
  other: FetchUnderWay | undefined,
  leavesOneOut: boolean,
): number => {
  if (other === undefined || other.endsAt <= now) return config.fetchMaxWaitMs
  const most = leavesOneOut ? SHORT_WAIT_MS : config.fetchMaxWaitMs
  return Math.round(Math.min(other.endsAt - now, most))
}

/** Until when the answer of a fetch is to be waited for, its wait being over; `now`: no more. */
const overdueUntil = ({ endsAt }: FetchUnderWay, now: number): number =>
  endsAt <= now ? Math.max(now, endsAt + OVERDUE_MS) : now

const wantsRecords = (slot: PartitionSlot): boolean => {
  if (!slot.isOpen || slot.offsets.fetch < 0 || slot.isBeingFetched) return false
  const state = slot.state
  return state === 'fetching' || state === 'buffered'
}
