import type { Holdings } from './holdings.js'
import { NO_OWNER } from './holdings.js'

/** Steps of search, not time, so that the same input always ends the same way; about 0.3 s. */
const STEP_BUDGET = 40_000_000

/**
 * Brings back as many partitions as possible to their prior owners without changing the load
 * vector: cancels every cycle of moves that together return more partitions than they displace
 * (Klein's cycle cancelling; the cycles are found by Bellman-Ford). With none left, no assignment
 * with these loads keeps more.
 *
 * @returns false when the budget ran out first: still valid and balanced, but more may have moved
 *   than had to
 */
export const undoMoves = (holdings: Holdings, budget = STEP_BUDGET): boolean => {
  let left = budget
  while (hasDisplaced(holdings)) {
    const search = new CycleSearch(holdings)
    const cycles = search.run(left)
    left -= search.steps
    if (cycles === 'none') return true
    if (cycles === 'unknown') return false
    for (const cycle of cycles) cancel(holdings, cycle)
  }
  return true
}

const hasDisplaced = ({ foreignBy }: Holdings): boolean =>
  foreignBy.some((owners) => owners.size > (owners.has(NO_OWNER) ? 1 : 0))

/** A partition goes over from one pair's member to another member. */
interface Move {
  readonly pair: number
  readonly to: number
}

const cancel = (holdings: Holdings, cycle: readonly Move[]): void => {
  for (const { pair, to } of cycle) holdings.move(pair, holdings.pairWith(to, pair), 1)
}

/**
 * The graph: a member leads to each topic of which it holds something (cost 0 if it holds a foreign
 * partition, 1 if it must give up its own), a topic to all its subscribers (0), a member that
 * holds another's partition to that member (-1). A member with load k also leads to those with
 * k + 1 by way of a node for k: exchanging their loads leaves the load vector as it is.
 */
class CycleSearch {
  steps = 0
  readonly #holdings: Holdings
  readonly #membersWith = new Map<number, number[]>()
  readonly #levelNode = new Map<number, number>()
  readonly #distance: Int32Array
  /** The node before on the shortest way, and the pair that gives on the step from a member. */
  readonly #before: Int32Array
  readonly #pair: Int32Array
  #changed = false

  constructor(holdings: Holdings) {
    this.#holdings = holdings
    const base = holdings.memberCount + holdings.topicCount
    holdings.load.forEach((load, member) => {
      const alike = this.#membersWith.get(load)
      if (alike === undefined) this.#membersWith.set(load, [member])
      else alike.push(member)
      if (!this.#levelNode.has(load)) this.#levelNode.set(load, base + this.#levelNode.size)
    })
    const nodes = base + this.#levelNode.size
    this.#distance = new Int32Array(nodes)
    this.#before = new Int32Array(nodes).fill(-1)
    this.#pair = new Int32Array(nodes).fill(-1)
  }

  /** All cycles that it finds first; they share no node, so they can be cancelled together. */
  run(budget: number): readonly (readonly Move[])[] | 'none' | 'unknown' {
    while (this.steps < budget) {
      this.#changed = false
      this.#relaxAll()
      if (!this.#changed) return 'none'
      const cycles = this.#cycles()
      if (cycles.length > 0) return cycles
    }
    return 'unknown'
  }

  #relax(from: number, to: number, cost: number, pair: number): void {
    this.steps++
    const distance = this.#distance[from]! + cost
    if (distance >= this.#distance[to]!) return
    this.#distance[to] = distance
    this.#before[to] = from
    this.#pair[to] = pair
    this.#changed = true
  }

  #relaxAll(): void {
    const { memberCount, pairsOf, pairsIn, pairMember, pairTopic } = this.#holdings
    const { own, foreign, foreignBy, load } = this.#holdings
    pairsOf.forEach((pairs, member) => {
      for (const pair of pairs) {
        if (foreign[pair] === 0 && own[pair] === 0) continue
        this.#relax(member, memberCount + pairTopic[pair]!, foreign[pair]! > 0 ? 0 : 1, pair)
        for (const owner of foreignBy[pair]!.keys()) {
          if (owner !== NO_OWNER) this.#relax(member, owner, -1, pair)
        }
      }
      this.#relax(member, this.#levelNode.get(load[member]!)!, 0, -1)
    })
    pairsIn.forEach((pairs, topic) => {
      for (const pair of pairs) this.#relax(memberCount + topic, pairMember[pair]!, 0, -1)
    })
    for (const [load, node] of this.#levelNode) {
      for (const member of this.#membersWith.get(load + 1) ?? []) this.#relax(node, member, 0, -1)
    }
  }

  #cycles(): readonly (readonly Move[])[] {
    const seenFrom = new Int32Array(this.#before.length).fill(-1)
    const cycles: Move[][] = []
    this.#before.forEach((_, start) => {
      let at = start
      while (at >= 0 && seenFrom[at] === -1) {
        seenFrom[at] = start
        at = this.#before[at]!
      }
      if (at >= 0 && seenFrom[at] === start) cycles.push(this.#movesOf(at))
    })
    return cycles
  }

  #movesOf(entry: number): Move[] {
    const { memberCount, topicCount } = this.#holdings
    const moves: Move[] = []
    let at = entry
    do {
      const before = this.#before[at]!
      const isTopic = before >= memberCount && before < memberCount + topicCount
      const pair = this.#pair[isTopic ? before : at]!
      if (at < memberCount && pair >= 0) moves.push({ pair, to: at })
      at = before
    } while (at !== entry)
    return moves
  }
}
