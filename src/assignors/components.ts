import type { GroupModel } from './group-model.js'

/** Members and topics connected by subscriptions, both in ascending order. */
export interface Component {
  readonly members: readonly number[]
  readonly topics: readonly number[]
  /** Every member subscribes to every topic. */
  readonly uniform: boolean
}

/** Members without any existing topic are in no component. */
export const components = (model: GroupModel): readonly Component[] => {
  const rootOf = Int32Array.from(model.topics, (_, t) => t)
  const root = (t: number): number => {
    let at = t
    while (rootOf[at] !== at) {
      rootOf[at] = rootOf[rootOf[at]!]!
      at = rootOf[at]!
    }
    return at
  }
  // The smaller index stays the root, so that the components come out in the topics' order.
  for (const topics of new Set(model.topicsOf)) {
    for (const t of topics) {
      const [a, b] = [root(topics[0]!), root(t)]
      rootOf[Math.max(a, b)] = Math.min(a, b)
    }
  }
  const found = new Map<number, { members: number[]; topics: number[]; uniform: boolean }>()
  model.topics.forEach((_, t) => {
    const part = found.get(root(t))
    if (part === undefined) found.set(root(t), { members: [], topics: [t], uniform: true })
    else part.topics.push(t)
  })
  model.topicsOf.forEach((topics, member) => {
    if (topics.length === 0) return
    const part = found.get(root(topics[0]!))!
    part.members.push(member)
    if (topics.length < part.topics.length) part.uniform = false
  })
  return [...found.values()]
}
