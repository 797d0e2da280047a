import type {
  Assignor,
  AssignorInput,
  AssignorMember,
  GroupAssignment,
} from '../../src/assignors/index.js'
import type { TopicPartition } from '../../src/domain/topic-partition.js'
import { comparePartitions, keyOf } from '../../src/domain/topic-partition.js'

export const member = (
  memberId: string,
  topics: readonly string[],
  more: Partial<AssignorMember> = {},
): AssignorMember => ({
  memberId,
  groupInstanceId: null,
  topics,
  owned: [],
  generation: -1,
  rackId: null,
  userData: null,
  ...more,
})

export const input = (
  partitions: Readonly<Record<string, number>>,
  ...members: readonly AssignorMember[]
): AssignorInput => ({ members, partitions: new Map(Object.entries(partitions)) })

/** `tps('a-0', 'b-3')` */
export const tps = (...keys: readonly string[]): TopicPartition[] =>
  keys.map((key) => {
    const dash = key.lastIndexOf('-')
    return { topic: key.slice(0, dash), partition: Number(key.slice(dash + 1)) }
  })

export const range = (topic: string, from: number, to: number): TopicPartition[] =>
  Array.from({ length: to - from }, (_, i) => ({ topic, partition: from + i }))

/** `{ memberId: ['a-0', 'b-3'] }`, for literal expectations. */
export const shown = (assignment: GroupAssignment): Record<string, string[]> =>
  Object.fromEntries([...assignment].map(([id, partitions]) => [id, partitions.map(keyOf)]))

export const loadsOf = (assignment: GroupAssignment): number[] =>
  [...assignment.values()].map((partitions) => partitions.length).sort((a, b) => b - a)

/** The same members after they took their assignment, as they would join the next generation. */
export const rejoined = (
  members: readonly AssignorMember[],
  assignment: GroupAssignment,
  generation: number,
  assignor?: Assignor,
): AssignorMember[] =>
  members.map((each) => {
    const owned = assignment.get(each.memberId) ?? []
    const userData = assignor?.subscriptionUserData?.(owned, generation) ?? null
    return { ...each, owned, generation, userData }
  })

export const allPartitions = ({ partitions }: AssignorInput): TopicPartition[] =>
  [...partitions].flatMap(([topic, count]) => range(topic, 0, count)).sort(comparePartitions)

/**
 * What every assignor owes: each member present, lists sorted, nobody given a topic that it did not
 * subscribe to, each partition of a subscribed topic owned once, or (if allowed) by nobody.
 */
export const violations = (
  group: AssignorInput,
  assignment: GroupAssignment,
  mayWithhold: (key: string) => boolean = () => false,
): string[] => {
  const found: string[] = []
  const ids = group.members.map(({ memberId }) => memberId).sort()
  if (ids.join() !== [...assignment.keys()].sort().join()) found.push('members differ')
  const owners = new Map<string, string>()
  for (const each of group.members) {
    const list = assignment.get(each.memberId) ?? []
    list.forEach((tp, i) => {
      if (i > 0 && comparePartitions(list[i - 1]!, tp) >= 0) found.push(`unsorted ${keyOf(tp)}`)
      if (!each.topics.includes(tp.topic)) found.push(`${each.memberId} did not want ${keyOf(tp)}`)
      if (owners.has(keyOf(tp))) found.push(`${keyOf(tp)} has two owners`)
      if (tp.partition >= (group.partitions.get(tp.topic) ?? 0)) found.push(`no ${keyOf(tp)}`)
      owners.set(keyOf(tp), each.memberId)
    })
  }
  const wanted = new Set(group.members.flatMap(({ topics }) => topics))
  for (const tp of allPartitions(group)) {
    if (!wanted.has(tp.topic) || owners.has(keyOf(tp)) || mayWithhold(keyOf(tp))) continue
    found.push(`${keyOf(tp)} has no owner`)
  }
  return found
}

/** A number generator with a seed, for shapes too large for fast-check's arbitraries. */
export const seeded = (seed: number): ((below: number) => number) => {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
