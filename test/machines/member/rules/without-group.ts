import type { Rule } from '../../rule.js'
import { inEveryPlace } from '../graph-rule.js'
import type { MemberChart } from '../member-chart.js'
import { invoked, type Snapshot, topOf } from '../member-snapshot.js'

const reached = ['failed', 'idle', 'leaving', 'left', 'stable', 'syncing']

const isAlone = (node: Snapshot): boolean => node.context.groupId === null

export const withoutGroup: readonly Rule<MemberChart>[] = [
  inEveryPlace(
    'a consumer with partitions by hand never joins, leaves or is fenced',
    isAlone,
    (node) =>
      reached.includes(topOf(node)) &&
      !invoked(node).some((actor) => actor === 'leaveGroup' || actor === 'joinGroup'),
  ),
  {
    name: 'it goes through every other part of the lifecycle',
    faults: ({ explored: { nodes } }) => {
      const tops = new Set(nodes.filter(isAlone).map(topOf))
      return reached.filter((top) => !tops.has(top)).map((top) => `never in ${top}`)
    },
  },
]
