import { isDeepStrictEqual } from 'node:util'
import type { Rule } from '../../rule.js'
import type { Edge } from '../exploration.js'
import { held, inEveryPlace, inEveryStep } from '../graph-rule.js'
import type { MemberChart } from '../member-chart.js'
import { hasHeartbeat, invoked, type Snapshot, spawned, topOf } from '../member-snapshot.js'

const always = ['syncing', 'stable', 'rebalancing']
const never = ['idle', 'fenced', 'failed', 'left']

const mustBeat = (node: Snapshot): boolean =>
  node.context.groupId !== null && always.includes(topOf(node))

const mustNotBeat = (node: Snapshot): boolean =>
  never.includes(topOf(node)) ||
  node.context.groupId === null ||
  node.matches({ leaving: 'losing' }) ||
  node.matches({ leaving: 'requesting' })

const heartbeatsOf = ({ actions }: Edge): object[] =>
  spawned(actions).flatMap(({ src, input }) => (src === 'heartbeat' ? [input] : []))

/** Callbacks that are under way are waited for; after that there is no session. */
const hasSession = (node: Snapshot): boolean =>
  ['joining', 'syncing', 'stable', 'rebalancing'].includes(topOf(node)) ||
  node.matches({ leaving: 'draining' }) ||
  node.matches({ leaving: 'committing' })

export const heartbeat: readonly Rule<MemberChart>[] = [
  inEveryPlace(
    'goes on through sync, drains, commits and callbacks of a member',
    mustBeat,
    hasHeartbeat,
  ),
  inEveryPlace(
    'while joining it goes on exactly as long as partitions are held',
    (node) => topOf(node) === 'joining',
    (node) => hasHeartbeat(node) === held(node).length > 0,
  ),
  inEveryPlace(
    'never goes on after membership ended, nor without a group',
    mustNotBeat,
    (node) => !hasHeartbeat(node),
  ),
  inEveryStep(
    'a session that ends is a loss exactly as long as a heartbeat keeps it',
    ({ from, happening }) => happening === 'session.expired' && hasSession(from),
    ({ from, to }) => hasHeartbeat(from) === invoked(to).includes('losePartitions'),
  ),
  inEveryStep(
    'carries the identity of the generation, and only that',
    (edge) => heartbeatsOf(edge).length > 0,
    (edge) => {
      const { memberId, generation } = edge.to.context
      const isIdentity = (input: object): boolean =>
        isDeepStrictEqual(input, { memberId, generation })
      return topOf(edge.to) === 'syncing' && generation >= 0 && heartbeatsOf(edge).every(isIdentity)
    },
  ),
]
