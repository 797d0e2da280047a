import type { Rule } from '../../rule.js'
import { inEveryPlace, inEveryStep, where } from '../graph-rule.js'
import type { MemberChart } from '../member-chart.js'
import { inwardEvents, pathOf, type Snapshot, spawned, topOf } from '../member-snapshot.js'

/** Those wait for the application or the group. */
const waiting = ['failed.resting', 'fenced.waitingForPoll', 'idle', 'left', 'stable']

const good = ['found', 'joined', 'computed', 'synced', 'called', 'drained', 'committed']

/** The next step by itself while all goes well. */
const onward = (chart: MemberChart, snapshot: Snapshot): Snapshot | undefined => {
  const event = inwardEvents(snapshot).find(
    ([happening]) =>
      happening === 'backoff.elapsed' || good.includes(happening.split(': ')[1] ?? ''),
  )
  return event === undefined ? undefined : chart.step(snapshot, event[1]).snapshot
}

const endsIn = (chart: MemberChart, from: Snapshot): Snapshot => {
  let now = from
  for (let steps = 0; steps < 20 && !now.matches('stable'); steps++) now = onward(chart, now) ?? now
  return now
}

const isWaiting = (node: Snapshot): boolean => waiting.includes(pathOf(node.value))

export const progress: readonly Rule<MemberChart>[] = [
  inEveryPlace(
    'no place waits for nothing, but those that wait for the application',
    () => true,
    (node) => (inwardEvents(node).length === 0) === isWaiting(node),
  ),
  inEveryPlace(
    'nothing is left over in `stable`: no reason to join again, nothing half given or taken',
    (node) => node.matches('stable'),
    ({ context }) =>
      (context.pendingCause === null || context.groupId === null) &&
      context.adding.length === 0 &&
      context.revoking.length === 0 &&
      context.error === null,
  ),
  inEveryStep(
    'a JoinGroup answers every reason that came before it (kafkajs #1720, KAFKA-14382)',
    ({ actions }) => spawned(actions).some(({ src }) => src === 'joinGroup'),
    ({ to }) => to.context.pendingCause === null,
  ),
  {
    name: 'while all goes well a member gets from everywhere to stable, in few steps',
    faults: (chart) => {
      for (const node of chart.explored.nodes) {
        if (!['joining', 'syncing', 'rebalancing'].includes(topOf(node))) continue
        if (node.context.closing !== null) continue
        const end = endsIn(chart, node)
        if (!end.matches('stable')) return [`${where(node)} ends in ${where(end)}`]
      }
      return []
    },
  },
  {
    name: 'the places that can be reached come to an end',
    faults: (chart) => (chart.explored.isCutOff ? ['they do not: runaway'] : []),
  },
]
