import { isDeepStrictEqual } from 'node:util'
import type { Rule } from '../../rule.js'
import { held, inEveryStep } from '../graph-rule.js'
import type { MemberChart } from '../member-chart.js'
import { topOf } from '../member-snapshot.js'

const listens = ['idle', 'joining', 'syncing', 'stable', 'rebalancing', 'fenced']

export const subscription: readonly Rule<MemberChart>[] = [
  inEveryStep(
    'the topics asked for last are the topics, wherever the member still joins',
    ({ from, happening, isIgnored }) =>
      ['subscribe', 'subscription.changed'].includes(happening) &&
      from.context.groupId !== null &&
      listens.includes(topOf(from)) &&
      !isIgnored,
    ({ to, event }) => isDeepStrictEqual(to.context.topics, event.topics),
  ),
  inEveryStep(
    'eager gives everything up, cooperative what left the subscription',
    ({ from, to }) => topOf(from) === 'stable' && topOf(to) === 'rebalancing',
    ({ from, to }) => {
      const { rebalanceProtocol, topics, revoking } = to.context
      const goes = from.context.owned.filter(
        ({ topic }) => rebalanceProtocol === 'eager' || !topics.includes(topic),
      )
      return isDeepStrictEqual(revoking, goes)
    },
  ),
  inEveryStep(
    'after all was given up nothing is assigned, on its way in or on its way out',
    ({ happening }) => happening === 'losePartitions: called',
    ({ to }) => {
      const { assigned, adding, revoking } = to.context
      return held(to).length + assigned.length + adding.length + revoking.length === 0
    },
  ),
  inEveryStep(
    'the last word on leaving the group is the one of the close that began it',
    ({ from, happening, isIgnored }) =>
      happening === 'close' && !isIgnored && from.context.closing === null,
    ({ to, event }) => to.context.closing?.leaveGroup === event.leaveGroup,
  ),
]
