import type { Component } from './components.js'
import type { GroupModel } from './group-model.js'

/** Stands for the prior owner of a partition that has none. */
export const NO_OWNER = -1

/**
 * How many partitions each member of a component holds of each topic while they are moved about.
 * Partitions of one topic with one prior owner are interchangeable, so only counts are kept. A
 * "pair" is a member and a topic that it subscribes to; members and topics are numbered within the
 * component.
 */
export class Holdings {
  readonly memberCount: number
  readonly topicCount: number
  readonly pairMember: number[] = []
  readonly pairTopic: number[] = []
  /** Each member's pairs, by ascending topic. */
  readonly pairsOf: readonly number[][]
  /** Each topic's pairs, by ascending member. */
  readonly pairsIn: readonly number[][]
  readonly load: Int32Array
  /** Per pair: held partitions that were the member's before. */
  readonly own: Int32Array
  /** Per pair: held partitions that were not. */
  readonly foreign: Int32Array
  /** Per pair: the foreign ones counted by prior owner. */
  readonly foreignBy: readonly Map<number, number>[]

  constructor(model: GroupModel, part: Component) {
    const topicIndex = new Map(part.topics.map((topic, t) => [topic, t]))
    this.memberCount = part.members.length
    this.topicCount = part.topics.length
    this.pairsOf = part.members.map(() => [])
    this.pairsIn = part.topics.map(() => [])
    part.members.forEach((member, i) => {
      for (const topic of model.topicsOf[member]!) {
        const t = topicIndex.get(topic)!
        const pair = this.pairMember.push(i) - 1
        this.pairTopic.push(t)
        this.pairsOf[i]!.push(pair)
        this.pairsIn[t]!.push(pair)
      }
    })
    this.load = new Int32Array(this.memberCount)
    this.own = new Int32Array(this.pairMember.length)
    this.foreign = new Int32Array(this.pairMember.length)
    this.foreignBy = this.pairMember.map(() => new Map())
  }

  /** Adds partitions that come from nowhere: `owner` had them, or nobody. */
  add(pair: number, owner: number, count: number): void {
    const member = this.pairMember[pair]!
    this.load[member]! += count
    if (owner === member) this.own[pair]! += count
    else this.#addForeign(pair, owner, count)
  }

  /** Moves partitions of one topic: those that come home, then other foreign ones, then own. */
  move(from: number, to: number, count: number): void {
    const [giver, taker] = [this.pairMember[from]!, this.pairMember[to]!]
    let left = count
    while (left > 0 && this.foreign[from]! > 0) {
      const owners = this.foreignBy[from]!
      const owner = owners.has(taker) ? taker : Math.min(...owners.keys())
      const some = Math.min(left, owners.get(owner)!)
      this.#addForeign(from, owner, -some)
      this.add(to, owner, some)
      left -= some
    }
    if (left > 0) {
      this.own[from]! -= left
      this.add(to, giver, left)
    }
    this.load[giver]! -= count
  }

  /** The pair of a member with the topic of another pair. */
  pairWith(member: number, pair: number): number {
    const topic = this.pairTopic[pair]!
    return this.pairsOf[member]!.find((other) => this.pairTopic[other] === topic)!
  }

  #addForeign(pair: number, owner: number, count: number): void {
    const owners = this.foreignBy[pair]!
    const sum = (owners.get(owner) ?? 0) + count
    if (sum === 0) owners.delete(owner)
    else owners.set(owner, sum)
    this.foreign[pair]! += count
  }
}
