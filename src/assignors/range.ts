import type { Assignor, AssignorInput, GroupAssignment } from './assignor.js'
import { groupModel, subscribersOf, toGroupAssignment } from './group-model.js'

const assign = (input: AssignorInput): GroupAssignment => {
  const model = groupModel(input)
  const ownerOf = new Int32Array(model.firstOf.at(-1)!).fill(-1)
  subscribersOf(model).forEach((subscribers, t) => {
    let next = model.firstOf[t]!
    const count = model.firstOf[t + 1]! - next
    const share = Math.floor(count / subscribers.length)
    const extras = count % subscribers.length
    subscribers.forEach((member, position) => {
      const end = next + share + (position < extras ? 1 : 0)
      ownerOf.fill(member, next, end)
      next = end
    })
  })
  return toGroupAssignment(model, ownerOf)
}

/**
 * Topic by topic, a consecutive range for each subscriber; the first ones get one more where it
 * does not divide. The same partition numbers of topics with equal counts go to the same member,
 * which is what joins need. Kafka's RangeAssignor without its rack rules.
 */
export const rangeAssignor: Assignor = { name: 'range', rebalanceProtocol: 'eager', assign }
