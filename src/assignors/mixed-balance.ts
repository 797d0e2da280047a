import type { Component } from './components.js'
import type { GroupModel } from './group-model.js'
import { Holdings, NO_OWNER } from './holdings.js'
import { levelLoads } from './level-loads.js'
import { undoMoves } from './undo-moves.js'

/**
 * Balances members whose subscriptions overlap without being equal: everything starts with its
 * prior owner, what has none with the least loaded subscribers, then loads are levelled, then
 * needless moves undone.
 */
export const balanceMixed = (
  model: GroupModel,
  part: Component,
  prior: Int32Array,
  result: Int32Array,
): void => {
  const holdings = new Holdings(model, part)
  const memberIndex = new Map(part.members.map((member, i) => [member, i]))
  const byOwner = part.topics.map((topic) => {
    const partitions = new Map<number, number[]>()
    for (let p = model.firstOf[topic]!; p < model.firstOf[topic + 1]!; p++) {
      const owner = prior[p]! < 0 ? NO_OWNER : memberIndex.get(prior[p]!)!
      const alike = partitions.get(owner)
      if (alike === undefined) partitions.set(owner, [p])
      else alike.push(p)
    }
    return partitions
  })
  byOwner.forEach((partitions, t) => {
    for (const pair of holdings.pairsIn[t]!) {
      const owner = holdings.pairMember[pair]!
      holdings.add(pair, owner, partitions.get(owner)?.length ?? 0)
    }
  })
  // Topics with few subscribers first: the others can still make up for them.
  byOwner
    .map((partitions, t) => ({ t, count: partitions.get(NO_OWNER)?.length ?? 0 }))
    .sort((a, b) => holdings.pairsIn[a.t]!.length - holdings.pairsIn[b.t]!.length || a.t - b.t)
    .forEach(({ t, count }) => {
      pour(holdings, t, count)
    })
  levelLoads(holdings)
  undoMoves(holdings)
  byOwner.forEach((partitions, t) => {
    handOut(holdings, part, t, partitions, result)
  })
}

/** Gives a topic's partitions without owner to its subscribers, always to the least loaded one. */
const pour = (holdings: Holdings, topic: number, count: number): void => {
  if (count === 0) return
  const { load, pairMember } = holdings
  const pairs = [...holdings.pairsIn[topic]!].sort(
    (a, b) => load[pairMember[a]!]! - load[pairMember[b]!]! || a - b,
  )
  let sum = 0
  let filled = 0
  // The lowest `filled` members share what there is up to the load of the next one.
  while (filled < pairs.length) {
    const next = load[pairMember[pairs[filled]!]!]!
    if (next * filled - sum >= count) break
    sum += next
    filled++
  }
  const level = Math.floor((sum + count) / filled)
  const extras = (sum + count) % filled
  pairs.slice(0, filled).forEach((pair, position) => {
    const room = level + (position < extras ? 1 : 0) - load[pairMember[pair]!]!
    if (room > 0) holdings.add(pair, NO_OWNER, room)
  })
}

/** Names the partitions behind the counts: owners keep their first ones. */
const handOut = (
  holdings: Holdings,
  part: Component,
  topic: number,
  byOwner: ReadonlyMap<number, readonly number[]>,
  result: Int32Array,
): void => {
  const taken = new Map<number, number>()
  const take = (owner: number, count: number, member: number): void => {
    const first = taken.get(owner) ?? 0
    taken.set(owner, first + count)
    for (const p of byOwner.get(owner)?.slice(first, first + count) ?? []) result[p] = member
  }
  const pairs = holdings.pairsIn[topic]!
  for (const pair of pairs) {
    const owner = holdings.pairMember[pair]!
    take(owner, holdings.own[pair]!, part.members[owner]!)
  }
  for (const pair of pairs) {
    const member = part.members[holdings.pairMember[pair]!]!
    for (const [owner, count] of holdings.foreignBy[pair]!) take(owner, count, member)
  }
}
