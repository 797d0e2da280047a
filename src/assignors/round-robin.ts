import type { Assignor, AssignorInput, GroupAssignment } from './assignor.js'
import { groupModel, subscribersOf, toGroupAssignment } from './group-model.js'

const assign = (input: AssignorInput): GroupAssignment => {
  const model = groupModel(input)
  const ownerOf = new Int32Array(model.firstOf.at(-1)!).fill(-1)
  let turn = 0
  subscribersOf(model).forEach((subscribers, t) => {
    // Passing over members without the topic is the same as going to the next subscriber.
    let position = subscribers.findIndex((member) => member >= turn)
    if (position < 0) position = 0
    for (let p = model.firstOf[t]!; p < model.firstOf[t + 1]!; p++) {
      const member = subscribers[position]!
      ownerOf[p] = member
      turn = member + 1
      position = (position + 1) % subscribers.length
    }
  })
  return toGroupAssignment(model, ownerOf)
}

/**
 * All partitions in order, dealt to the members in turn; a member without the topic is passed
 * over. Balanced if all subscribe alike. Kafka's RoundRobinAssignor.
 */
export const roundRobinAssignor: Assignor = {
  name: 'roundrobin',
  rebalanceProtocol: 'eager',
  assign,
}

/**
 * The same under the name that kafkajs gives its only assignor, so that a group can be shared with
 * kafkajs members. It reads nothing of a subscription, and of an assignment the topics only, so the
 * usual bytes do. A kafkajs leader deals out its own topics to everybody whatever they subscribed
 * to, and gives no bytes at all to a member that is left with nothing.
 */
export const kafkajsRoundRobinAssignor: Assignor = {
  ...roundRobinAssignor,
  name: 'RoundRobinAssigner',
}
