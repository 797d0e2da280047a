import type { Rule } from '../../rule.js'
import { inEveryPlace, inEveryStep, where } from '../graph-rule.js'
import type { MemberChart } from '../member-chart.js'
import { inwardEvents, type Snapshot, topOf } from '../member-snapshot.js'

/** Lose after a drain and a commit, fail in that, and still leave: seven steps are the most. */
const MOST_STEPS = 7

/** The longest way to `left` by steps that come by themselves, wherever they lead. */
const longestWays = (chart: MemberChart, faults: string[]): ((from: Snapshot) => number) => {
  const ends = new Map<string, number>()
  const longestWay = (snapshot: Snapshot, above: readonly string[]): number => {
    const key = JSON.stringify([snapshot.value, snapshot.context])
    if (snapshot.matches('left')) return 0
    const known = ends.get(key)
    if (known !== undefined) return known
    if (above.includes(key) || above.length > MOST_STEPS) {
      faults.push(`a circle while closing: ${[...above, key].join(' > ')}`)
      return 0
    }
    const next = inwardEvents(snapshot).map(([, event]) => chart.step(snapshot, event).snapshot)
    if (next.length === 0) faults.push(`nothing goes on by itself in ${where(snapshot)}`)
    const longest = 1 + Math.max(0, ...next.map((one) => longestWay(one, [...above, key])))
    ends.set(key, longest)
    return longest
  }
  return (from) => longestWay(from, [])
}

export const closing: readonly Rule<MemberChart>[] = [
  inEveryStep(
    'is never lost: it is under way or noted from then on',
    ({ from, happening }) => happening === 'close' || from.context.closing !== null,
    ({ to }) => to.context.closing !== null,
  ),
  inEveryStep(
    'a member that is closing does not go where a member joins',
    ({ from, to }) => from.context.closing !== null && topOf(from) !== topOf(to),
    ({ to }) => ['leaving', 'left', 'failed', 'fenced'].includes(topOf(to)),
  ),
  inEveryPlace(
    'a member that is closing never joins',
    (node) => node.context.closing !== null,
    (node) => !['joining', 'stable'].includes(topOf(node)),
  ),
  inEveryPlace(
    '`leaveGroup: false` sends no LeaveGroup on the way out of a healthy group',
    (node) => node.context.closing?.leaveGroup === false,
    (node) => !node.matches({ leaving: 'requesting' }),
  ),
  {
    name: 'from every place it leads to `left` by what comes by itself, whatever that is',
    faults: (chart) => {
      const faults: string[] = []
      const longestWay = longestWays(chart, faults)
      for (const node of chart.explored.nodes) {
        if (node.status !== 'active' || faults.length > 0) continue
        const closed = chart.step(node, { type: 'close', leaveGroup: true }).snapshot
        const steps = longestWay(closed)
        if (steps > MOST_STEPS) faults.push(`${steps} steps from ${where(node)}`)
      }
      return faults
    },
  },
]
