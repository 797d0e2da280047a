import { keyOf } from '../../../../src/domain/topic-partition.js'
import type { Rule } from '../../rule.js'
import { held, inEveryPlace, inEveryStep } from '../graph-rule.js'
import type { MemberChart } from '../member-chart.js'
import { invoked, pathOf, type Snapshot, topOf } from '../member-snapshot.js'

const empty = [
  'idle',
  'left',
  'leaving.requesting',
  'fenced.releasing',
  'fenced.waitingForPoll',
  'failed.releasing',
  'failed.resting',
]

const takes = ['revokePartitions: called', 'losePartitions: called', 'losePartitions: defect']
const gives = ['syncGroup: synced', 'subscribe']

const isBetween = (node: Snapshot): boolean =>
  topOf(node) === 'joining' ||
  node.matches({ syncing: 'computing' }) ||
  node.matches({ syncing: 'requesting' })

const isLosing = (node: Snapshot): boolean => invoked(node).includes('losePartitions')
const isCommitting = (node: Snapshot): boolean => invoked(node).includes('commitOffsets')

export const holdings: readonly Rule<MemberChart>[] = [
  inEveryPlace(
    'nothing where membership is over or not begun, or where it was all given up',
    (node) => empty.includes(pathOf(node.value)),
    (node) => held(node).length === 0,
  ),
  inEveryPlace(
    'eager: nothing is held while it joins and syncs',
    (node) => node.context.rebalanceProtocol === 'eager' && isBetween(node),
    (node) => held(node).length === 0,
  ),
  inEveryPlace(
    'what comes and what goes is part of it',
    ({ context }) => context.adding.length + context.revoking.length > 0,
    (node) =>
      [...node.context.adding, ...node.context.revoking].every((tp) =>
        held(node).includes(keyOf(tp)),
      ),
  ),
  inEveryPlace(
    'nothing is being given but while the application is told',
    (node) => ['joining', 'stable', 'rebalancing', 'leaving'].includes(topOf(node)),
    ({ context }) => context.adding.length === 0,
  ),
  inEveryStep(
    'only SyncGroup gives',
    ({ from, to }) => held(to).some((key) => !held(from).includes(key)),
    ({ happening }) => gives.includes(happening),
  ),
  inEveryStep(
    'only a revoke or a loss that was told takes away',
    ({ from, to }) => held(from).some((key) => !held(to).includes(key)),
    ({ happening }) => takes.includes(happening),
  ),
  inEveryStep(
    'a loss is told to the end: nothing cuts `losePartitions` off',
    ({ from, happening }) => isLosing(from) && !happening.startsWith('losePartitions'),
    ({ from, to }) =>
      (isLosing(to) && to.children === from.children) ||
      JSON.stringify(to.value) === JSON.stringify(from.value),
  ),
  inEveryPlace(
    'nothing is committed without a generation',
    isCommitting,
    (node) =>
      ['rebalancing', 'leaving'].includes(topOf(node)) &&
      (node.context.generation >= 0 || node.context.groupId === null),
  ),
  inEveryStep(
    'nothing is committed after a loss',
    ({ from }) => isLosing(from),
    ({ to }) => !isCommitting(to),
  ),
]
