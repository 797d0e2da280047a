import type { Fact } from '../../../../src/domain/facts.js'
import { assignedIsTarget } from '../../../../src/simulation/checkers/assigned-is-target.js'
import { callbacksAlternate } from '../../../../src/simulation/checkers/callbacks-alternate.js'
import { completeAssignment } from '../../../../src/simulation/checkers/complete-assignment.js'
import { handOverWaits } from '../../../../src/simulation/checkers/hand-over-waits.js'
import { noZombie } from '../../../../src/simulation/checkers/no-zombie.js'
import { oneOwner } from '../../../../src/simulation/checkers/one-owner.js'
import {
  assign,
  declare,
  deliver,
  done,
  group,
  lost,
  moved,
  revoke,
  stored,
  storyPlan,
  type Told,
  topic,
} from '../../fixtures/story.js'
import type { RuleCase } from './rule-case.js'

const aHas: Told = ['a', assign('t-0')]
const crash: Fact = { fact: 'crash', how: 'kill' }
const callback = (phase: 'begin' | 'end'): Fact => ({ fact: 'callback', name: 'revoked', phase })

const target = (
  assigned: Record<string, string[]>,
  more: { owned?: Record<string, string[]>; strategy?: string } = {},
): Fact => ({
  fact: 'target',
  generation: 1,
  strategy: more.strategy ?? 'range',
  assigned,
  subscribed: { m1: ['t'], m2: ['t'] },
  owned: more.owned ?? {},
  partitions: { t: 2 },
})

const synced = (partitions: string[], generation = 1, topics = ['t']): Fact => ({
  fact: 'synced',
  member: 'm1',
  generation,
  topics,
  partitions,
})

const both = target({ m1: ['t-0', 't-1'], m2: [] })

const stableOfTwo: readonly Told[] = [
  ['a', synced(['t-0'])],
  aHas,
  ['g', group('stable', 2, 'm1', 'm2')],
]

const rejoining: readonly Told[] = [
  ['a', synced(['t-0'])],
  aHas,
  moved('a', 'member', 'group.rebalancing', 'stable', 'joining.requesting'),
  ['g', group('stable', 2, 'm1', 'm2')],
]

export const ownershipCases: readonly RuleCase[] = [
  {
    rule: oneOwner,
    keeps: {
      'revoked first': [aHas, ['a', revoke('t-0')], ['b', assign('t-0', 2)]],
      'lost first': [aHas, ['a', lost('t-0')], ['b', assign('t-0', 2)]],
      crashed: [aHas, ['a', crash], ['b', assign('t-0', 2)]],
      left: [aHas, ['a', { fact: 'left', inTime: true }], ['b', assign('t-0', 2)]],
      'another partition': [aHas, ['b', assign('t-1')]],
      'stopped and does not know': [aHas, ['a', { fact: 'hold', ms: 9 }], ['b', assign('t-0', 2)]],
      'in a callback that never ends': [aHas, ['a', callback('begin')], ['b', assign('t-0', 2)]],
      'stable after a sleep, and has not heard of what came after it was synced': [
        aHas,
        ['a', synced(['t-0'], 1)],
        ['a', { fact: 'hold', ms: 9 }],
        ['b', assign('t-0', 2)],
        ['a', { fact: 'release' }],
        moved('a', 'member', 'assignPartitions: called', 'syncing.applying', 'stable'),
      ],
      'dropped, and no heartbeat has told it yet': [
        ...stableOfTwo,
        { at: 20_000 },
        ['g', group('stable', 3, 'm2')],
        { at: 29_000 },
        ['b', assign('t-0', 3)],
      ],
      'rejoining, unheard': [
        aHas,
        moved('a', 'member', 'group.rebalancing', 'stable', 'joining.requesting'),
        ['b', assign('t-0', 2)],
      ],
    },
    breaks: {
      'dropped for longer than silence may last': [
        /while a holds it/,
        ...stableOfTwo,
        { at: 20_000 },
        ['g', group('stable', 3, 'm2')],
        { at: 31_000 },
        ['b', assign('t-0', 3)],
      ],
      'both hold it': [/t-0 assigned to b while a holds it/, aHas, ['b', assign('t-0')]],
      'in a callback, and still in the group': [
        /while a holds it/,
        ['a', synced(['t-0'])],
        aHas,
        ['a', callback('begin')],
        ['g', group('stable', 2, 'm1', 'm2')],
        ['b', assign('t-0', 2)],
      ],
      'released again, and should know': [
        /while a holds it/,
        aHas,
        ['a', { fact: 'hold', ms: 9 }],
        ['a', { fact: 'release' }],
        ['b', assign('t-0', 2)],
      ],
      'rejoining, and still in the group': [
        /while a holds it/,
        ['a', synced(['t-0'])],
        aHas,
        moved('a', 'member', 'group.rebalancing', 'stable', 'joining.requesting'),
        ['g', group('stable', 2, 'm1', 'm2')],
        ['b', assign('t-0', 2)],
      ],
      'stable again with what was given to another one': [
        /a is stable and keeps t-0, which b was given/,
        aHas,
        moved('a', 'member', 'group.rebalancing', 'stable', 'joining.requesting'),
        ['b', assign('t-0', 2)],
        ['a', synced(['t-0'], 2)],
        moved('a', 'member', 'assignPartitions: called', 'syncing.applying', 'stable'),
      ],
      "somebody else's revoke frees nothing": [
        /while a holds it/,
        aHas,
        ['b', revoke('t-0')],
        ['b', assign('t-0')],
      ],
    },
  },
  {
    rule: oneOwner,
    plan: { ...storyPlan, members: [{ ...storyPlan.members[0]!, isStatic: true }] },
    keeps: {
      'static, and the rebalance ended without it': [
        ...rejoining,
        moved('g', 'group', 'after rebalanceTimeout', 'preparing', 'completingRebalance.storing'),
        ['b', assign('t-0', 2)],
      ],
    },
    breaks: {
      'static, and the rebalance ended when all had joined': [
        /while a holds it/,
        ...rejoining,
        moved('g', 'group', 'member.join', 'preparing', 'completingRebalance.storing'),
        ['b', assign('t-0', 2)],
      ],
    },
  },
  {
    rule: noZombie,
    keeps: {
      'it holds it alone': [aHas, ['a', deliver('t-0', 0, 3)]],
      'the newer owner hands out': [aHas, ['b', assign('t-0', 2)], ['b', deliver('t-0', 0, 3)]],
    },
    breaks: {
      'the older owner hands out': [
        /handed out by a of generation 1 while b holds it in generation 2/,
        aHas,
        ['b', assign('t-0', 2)],
        ['a', deliver('t-0', 0, 3)],
      ],
    },
  },
  {
    rule: handOverWaits,
    keeps: {
      'done first': [
        aHas,
        ['a', deliver('t-0', 0, 3)],
        ['a', done('t-0', 0, 3)],
        ['a', revoke('t-0')],
      ],
      'waited as long as allowed': [
        aHas,
        ['a', deliver('t-0', 0, 3)],
        { at: 60_000.002 },
        moved('a', 'member', 'group.rebalancing', 'stable', 'rebalancing.draining'),
        // By a rounding of numbers less than 8,000 ms later.
        { at: 68_000.002 },
        ['a', revoke('t-0')],
      ],
      'closing waits for nobody': [
        aHas,
        ['a', deliver('t-0', 0, 3)],
        ['a', { fact: 'stop' }],
        ['a', revoke('t-0')],
      ],
      'lost is no hand-over': [aHas, ['a', deliver('t-0', 0, 3)], ['a', lost('t-0')]],
      'the application says how far it is': [
        aHas,
        ['a', deliver('t-0', 0, 3)],
        ['a', declare('t-0', 4)],
        ['a', revoke('t-0')],
      ],
    },
    breaks: {
      'in hand': [
        /t-0 revoked from a with 3 in hand/,
        aHas,
        ['a', deliver('t-0', 0, 3)],
        moved('a', 'member', 'group.rebalancing', 'stable', 'rebalancing.draining'),
        { at: 7_999 },
        ['a', revoke('t-0')],
      ],
      'in hand for long before, and not waited for': [
        /t-0 revoked from a with 3 in hand/,
        aHas,
        ['a', deliver('t-0', 0, 3)],
        { at: 60_000 },
        moved('a', 'member', 'group.rebalancing', 'stable', 'rebalancing.draining'),
        ['a', revoke('t-0')],
      ],
    },
  },
  {
    rule: callbacksAlternate,
    keeps: {
      'come, gone, come': [aHas, ['a', revoke('t-0')], aHas, ['a', lost('t-0')]],
      'a crash ends it': [aHas, ['a', crash], aHas],
      'it commits what it holds': [
        aHas,
        ['a', { fact: 'commit.sent', generation: 1, offsets: { 't-0': 1 } }],
      ],
    },
    breaks: {
      'assigned twice': [/t-0 assigned to a twice/, aHas, aHas],
      'revoked without having it': [/taken from a, which was not told/, ['a', revoke('t-0')]],
      'gone twice': [/taken from a/, aHas, ['a', revoke('t-0')], ['a', lost('t-0')]],
      'a commit after the loss': [
        /a commits t-0, which it does not hold/,
        aHas,
        ['a', lost('t-0')],
        ['a', { fact: 'commit.sent', generation: 1, offsets: { 't-0': 1 } }],
      ],
    },
  },
  {
    rule: completeAssignment,
    keeps: {
      'each has one': [
        ['broker', topic('t', 2)],
        ['group', target({ m1: ['t-0'], m2: ['t-1'] })],
      ],
      'withheld for a round': [
        ['broker', topic('t', 2)],
        [
          'group',
          target(
            { m1: ['t-0'], m2: [] },
            { strategy: 'cooperative-sticky', owned: { m1: ['t-0', 't-1'] } },
          ),
        ],
      ],
      'it has just been created': [
        ['a', { fact: 'start' }],
        ['broker', topic('t', 2)],
        ['group', target({ m1: [], m2: [] })],
      ],
      'it has just grown': [
        ['broker', topic('t', 2)],
        { at: 60_000 },
        ['broker', topic('t', 4)],
        { at: 61_000 },
        ['group', both],
      ],
    },
    breaks: {
      'one is left out': [
        /t-1 given to nobody/,
        ['broker', topic('t', 2)],
        { at: 60_000 },
        ['group', target({ m1: ['t-0'], m2: [] })],
      ],
      'one is left out at the beginning': [
        /t-1 given to nobody/,
        ['broker', topic('t', 2)],
        ['a', { fact: 'start' }],
        ['group', target({ m1: ['t-0'], m2: [] })],
      ],
      'two have one of which the leader may not know': [
        /t-1 given to m1 and m2/,
        ['a', { fact: 'start' }],
        ['broker', topic('t', 2)],
        ['group', target({ m1: ['t-0', 't-1'], m2: ['t-1'] })],
      ],
      'withheld by a strategy that does not withhold': [
        /t-1 given to nobody/,
        ['broker', topic('t', 2)],
        { at: 60_000 },
        ['group', target({ m1: ['t-0'], m2: [] }, { owned: { m1: ['t-0', 't-1'] } })],
      ],
      'two have one': [
        /t-1 given to m1 and m2/,
        ['broker', topic('t', 2)],
        { at: 60_000 },
        ['group', target({ m1: ['t-0', 't-1'], m2: ['t-1'] })],
      ],
      'not subscribed': [
        /u-0 given to m1, not subscribed/,
        ['broker', topic('t', 2)],
        { at: 60_000 },
        ['group', target({ m1: ['t-0', 't-1', 'u-0'], m2: [] })],
      ],
    },
  },
  {
    rule: assignedIsTarget,
    keeps: {
      'its part': [
        ...stored({ groups: { group: { generation: 1, members: [] } } }),
        ['group', both],
        ['a', synced(['t-1', 't-0'])],
      ],
      'without what it does not want any more': [
        ...stored({ groups: { group: { generation: 1, members: [] } } }),
        ['group', both],
        ['a', synced([], 1, ['u'])],
      ],
    },
    breaks: {
      'less than its part': [
        /a got t-0, its target is t-0,t-1/,
        ...stored({ groups: { group: { generation: 1, members: [] } } }),
        ['group', both],
        ['a', synced(['t-0'])],
      ],
      'not durable': [/works under generation 1, which is not durable/, ['a', synced([])]],
    },
  },
]
