import type { Holdings } from './holdings.js'

/**
 * Makes the descending load vector the least that is possible.
 *
 * A load vector is least exactly if no chain of moves leads from a member to one with two
 * partitions less (Harvey et al., "Semi-matchings for bipartite graphs and load balancing"). The
 * search starts at the most loaded member. When it finds no such chain, everything that it reached
 * is finished for good: nothing can leave that set, and nobody outside has two partitions more than
 * its least loaded member.
 */
export const levelLoads = (holdings: Holdings): void => {
  const open = new Set(Array.from({ length: holdings.memberCount }, (_, member) => member))
  while (open.size > 0) {
    const source = most(open, holdings.load)
    const reached = reach(holdings, source, open)
    const target = best(holdings, reached)
    const excess = holdings.load[source]! - holdings.load[target]!
    if (excess >= 2) push(holdings, reached, source, target, Math.floor(excess / 2))
    else for (const member of reached.members) open.delete(member)
  }
}

const most = (open: ReadonlySet<number>, load: Int32Array): number => {
  let found = -1
  for (const member of open) if (found < 0 || load[member]! > load[found]!) found = member
  return found
}

interface Reached {
  readonly members: readonly number[]
  /** Own partitions that a chain to the member has to move. */
  readonly cost: Int32Array
  /** The pairs between which the last partition of the chain moves. */
  readonly from: Int32Array
  readonly to: Int32Array
}

/** All members to which chains lead, each by one that moves fewest partitions off their owners. */
const reach = (holdings: Holdings, source: number, open: ReadonlySet<number>): Reached => {
  const { memberCount, topicCount, pairsOf, pairsIn, pairMember, pairTopic, own, foreign } =
    holdings
  const cost = new Int32Array(memberCount).fill(-1)
  const from = new Int32Array(memberCount).fill(-1)
  const to = new Int32Array(memberCount).fill(-1)
  const entered = new Uint8Array(topicCount)
  const members = [source]
  let depth = 0
  cost[source] = 0
  const enter = (pair: number): void => {
    const topic = pairTopic[pair]!
    if (entered[topic] === 1) return
    entered[topic] = 1
    for (const other of pairsIn[topic]!) {
      const member = pairMember[other]!
      if (cost[member]! >= 0 || !open.has(member)) continue
      cost[member] = depth
      from[member] = pair
      to[member] = other
      members.push(member)
    }
  }
  for (let next = 0; next < members.length; ) {
    // A step that moves a foreign partition costs nothing and leads to members of the same depth.
    const dearer: number[] = []
    for (; next < members.length; next++) {
      for (const pair of pairsOf[members[next]!]!) {
        if (foreign[pair]! > 0) enter(pair)
        else if (own[pair]! > 0) dearer.push(pair)
      }
    }
    depth++
    dearer.forEach(enter)
  }
  return { members, cost, from, to }
}

/** The least loaded member reached; of several the cheapest to reach, then the first. */
const best = ({ load }: Holdings, { members, cost }: Reached): number =>
  members.reduce((a, b) => {
    const order = load[a]! - load[b]! || cost[a]! - cost[b]! || a - b
    return order <= 0 ? a : b
  })

/** Moves partitions along the whole chain, as many at once as each of its steps has of one kind. */
const push = (
  holdings: Holdings,
  { from, to }: Reached,
  source: number,
  target: number,
  atMost: number,
): void => {
  const chain: number[] = []
  for (let at = target; at !== source; at = holdings.pairMember[from[at]!]!) chain.push(at)
  const count = chain.reduce((least, member) => {
    const pair = from[member]!
    return Math.min(least, holdings.foreign[pair]! || holdings.own[pair]!)
  }, atMost)
  for (const member of chain) holdings.move(from[member]!, to[member]!, count)
}
