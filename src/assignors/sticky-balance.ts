import { components } from './components.js'
import type { GroupModel } from './group-model.js'
import { balanceMixed } from './mixed-balance.js'
import { balanceUniform } from './uniform-balance.js'

/**
 * Who should get each partition: the descending load vector is least, and then as few partitions as
 * possible leave a prior owner that is still subscribed. Members and topics that are not connected
 * do not affect each other, so each connected part is solved alone; most parts turn out uniform.
 *
 * @param priorOwner the member that has each partition, -1 for none
 */
export const stickyBalance = (model: GroupModel, priorOwner: Int32Array): Int32Array => {
  const prior = eligibleOnly(model, priorOwner)
  const result = new Int32Array(prior.length).fill(-1)
  for (const part of components(model)) {
    if (part.uniform) balanceUniform(model, part, prior, result)
    else balanceMixed(model, part, prior, result)
  }
  return result
}

const eligibleOnly = (model: GroupModel, priorOwner: Int32Array): Int32Array => {
  const prior = priorOwner.slice()
  const topicSets = new Map(
    [...new Set(model.topicsOf)].map((topics) => [topics, new Set<number>(topics)] as const),
  )
  for (let t = 0; t < model.topics.length; t++) {
    for (let p = model.firstOf[t]!; p < model.firstOf[t + 1]!; p++) {
      const owner = prior[p]!
      if (owner >= 0 && !topicSets.get(model.topicsOf[owner]!)!.has(t)) prior[p] = -1
    }
  }
  return prior
}
