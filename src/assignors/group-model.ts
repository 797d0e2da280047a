import { assert } from '../domain/errors.js'
import type { TopicPartition } from '../domain/topic-partition.js'
import type { AssignorInput, AssignorMember, GroupAssignment } from './assignor.js'

/**
 * A group in numbers: members and topics are indices in sorted order, so that nothing computed
 * from them depends on the order of the input; partitions are counted through all topics.
 */
export interface GroupModel {
  readonly members: readonly AssignorMember[]
  /** The topics that exist, have partitions and have a subscriber. */
  readonly topics: readonly string[]
  /** The first partition of each topic, and one entry more: the number of all partitions. */
  readonly firstOf: Int32Array
  /** Each member's topics in ascending order; members subscribed alike share one array. */
  readonly topicsOf: readonly Int32Array[]
  readonly topicIndex: ReadonlyMap<string, number>
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/**
 * Static members by group.instance.id, then the others by member id, in UTF-16 order (Kafka's
 * AbstractPartitionAssignor.MemberInfo): a static member keeps its place over restarts, although
 * each restart gives it a new member id.
 */
export const compareMembers = (a: AssignorMember, b: AssignorMember): number => {
  if (a.groupInstanceId !== null && b.groupInstanceId !== null) {
    const order = compareText(a.groupInstanceId, b.groupInstanceId)
    if (order !== 0) return order
  } else if (a.groupInstanceId !== null) return -1
  else if (b.groupInstanceId !== null) return 1
  return compareText(a.memberId, b.memberId)
}

export const groupModel = (input: AssignorInput): GroupModel => {
  const members = [...input.members].sort(compareMembers)
  const ids = new Set(members.map(({ memberId }) => memberId))
  assert(ids.size === members.length, 'an assignor was given the same memberId twice')

  const lists = new Map<string, readonly string[]>()
  let last: { readonly key: string; readonly topics: readonly string[] } | undefined
  const listKeys = members.map(({ topics }) => {
    // Most groups subscribe alike, and comparing costs far less than making a key.
    if (last !== undefined && sameTopics(last.topics, topics)) return last.key
    last = { key: JSON.stringify(topics), topics }
    lists.set(last.key, topics)
    return last.key
  })
  const subscribed = new Set([...lists.values()].flat())
  const exists = (topic: string): boolean => (input.partitions.get(topic) ?? 0) > 0
  const topics = [...subscribed].filter(exists).sort(compareText)
  const topicIndex = new Map(topics.map((topic, index) => [topic, index]))

  const firstOf = new Int32Array(topics.length + 1)
  topics.forEach((topic, t) => {
    firstOf[t + 1] = firstOf[t]! + input.partitions.get(topic)!
  })

  // Lists that differ only in order, repetition or missing topics are the same subscription.
  const distinct = new Map<string, Int32Array>()
  const byListKey = new Map<string, Int32Array>()
  for (const [key, list] of lists) {
    const found = new Set(list.map((topic) => topicIndex.get(topic)).filter((t) => t !== undefined))
    const indices = Int32Array.from(found).sort()
    const canonical = indices.join()
    if (!distinct.has(canonical)) distinct.set(canonical, indices)
    byListKey.set(key, distinct.get(canonical)!)
  }
  const topicsOf = listKeys.map((key) => byListKey.get(key)!)
  return { members, topics, firstOf, topicsOf, topicIndex }
}

const sameTopics = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((topic, i) => topic === b[i])

/** The members subscribed to each topic, in ascending order. */
export const subscribersOf = (model: GroupModel): readonly (readonly number[])[] => {
  const subscribers: number[][] = model.topics.map(() => [])
  model.topicsOf.forEach((topics, member) => {
    for (const t of topics) subscribers[t]!.push(member)
  })
  return subscribers
}

/** The partition's number among all, or -1 when it does not exist or nobody subscribed to it. */
export const partitionNumber = (
  model: GroupModel,
  { topic, partition }: TopicPartition,
): number => {
  const t = model.topicIndex.get(topic)
  if (t === undefined) return -1
  const number = model.firstOf[t]! + partition
  return partition >= 0 && number < model.firstOf[t + 1]! ? number : -1
}

/** @param ownerOf the member of each partition, -1 for none */
export const toGroupAssignment = (model: GroupModel, ownerOf: Int32Array): GroupAssignment => {
  const lists: TopicPartition[][] = model.members.map(() => [])
  model.topics.forEach((topic, t) => {
    const first = model.firstOf[t]!
    for (let p = first; p < model.firstOf[t + 1]!; p++) {
      const owner = ownerOf[p]!
      if (owner >= 0) lists[owner]!.push({ topic, partition: p - first })
    }
  })
  return new Map(model.members.map(({ memberId }, member) => [memberId, lists[member]!]))
}
