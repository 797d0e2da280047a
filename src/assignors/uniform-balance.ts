import type { Component } from './components.js'
import type { GroupModel } from './group-model.js'

/**
 * The closed form for members that all subscribe to the same topics, O(partitions + members).
 *
 * With q = floor(P / M) and r = P mod M every balanced assignment gives q + 1 to r members and q to
 * the others. A member that held h keeps at most min(h, quota), so as many as possible are kept
 * when the larger quotas go to members that held more than q.
 */
export const balanceUniform = (
  model: GroupModel,
  part: Component,
  prior: Int32Array,
  result: Int32Array,
): void => {
  const held = new Map<number, number[]>(part.members.map((member) => [member, []]))
  let count = 0
  for (const t of part.topics) {
    count += model.firstOf[t + 1]! - model.firstOf[t]!
    for (let p = model.firstOf[t]!; p < model.firstOf[t + 1]!; p++) {
      if (prior[p]! >= 0) held.get(prior[p]!)!.push(p)
    }
  }
  const quotas = quotasOf(
    part.members.map((member) => held.get(member)!.length),
    count,
  )
  part.members.forEach((member, i) => {
    const kept = keep(model, held.get(member)!, quotas[i]!, i)
    for (const p of kept) result[p] = member
    quotas[i]! -= kept.length
  })
  dealOut(model, part, quotas, result)
}

const quotasOf = (heldCounts: readonly number[], count: number): number[] => {
  const least = Math.floor(count / heldCounts.length)
  let extras = count % heldCounts.length
  const quotas = heldCounts.map((held) => (held > least && extras-- > 0 ? least + 1 : least))
  for (let i = 0; extras > 0; i++) {
    if (quotas[i] !== least) continue
    quotas[i] = least + 1
    extras--
  }
  return quotas
}

/**
 * Which `quota` of its partitions a member keeps: those of the topics that it has most of are given
 * up first, to even its topics out. What does not divide falls on other topics from member to
 * member (`turn`), or else all would give up the same topic.
 */
const keep = (
  model: GroupModel,
  held: readonly number[],
  quota: number,
  turn: number,
): readonly number[] => {
  if (held.length <= quota) return held
  const byTopic: number[][] = []
  let t = 0
  let last = -1
  for (const p of held) {
    while (p >= model.firstOf[t + 1]!) t++
    if (t === last) byTopic.at(-1)!.push(p)
    else byTopic.push([p])
    last = t
  }
  const kept: number[] = []
  let open = byTopic
  for (let level = 0; kept.length < quota; level++) {
    open = open.filter((partitions) => partitions.length > level)
    const wanted = Math.min(open.length, quota - kept.length)
    for (let i = 0; i < wanted; i++) kept.push(open[(turn + i) % open.length]![level]!)
  }
  return kept
}

/** Gives each partition without owner to the next member in turn that has room. */
const dealOut = (model: GroupModel, part: Component, room: number[], result: Int32Array): void => {
  let open = part.members.map((_, i) => i).filter((i) => room[i]! > 0)
  let turn = 0
  for (const t of part.topics) {
    for (let p = model.firstOf[t]!; p < model.firstOf[t + 1]!; p++) {
      if (result[p]! >= 0) continue
      if (turn === open.length) {
        open = open.filter((i) => room[i]! > 0)
        turn = 0
      }
      const i = open[turn++]!
      result[p] = part.members[i]!
      room[i]!--
    }
  }
}
