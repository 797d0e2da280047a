import type { Fact } from '../../../../src/domain/facts.js'
import { boundedResources } from '../../../../src/simulation/checkers/bounded-resources.js'
import { generationsRise } from '../../../../src/simulation/checkers/generations-rise.js'
import { legalTransitions } from '../../../../src/simulation/checkers/legal-transitions.js'
import { noDefect } from '../../../../src/simulation/checkers/no-defect.js'
import { noGhosts } from '../../../../src/simulation/checkers/no-ghosts.js'
import { noOffsetsOfWhatIsGone } from '../../../../src/simulation/checkers/no-offsets-of-what-is-gone.js'
import { recovery } from '../../../../src/simulation/checkers/recovery.js'
import { repliesFollowDurability } from '../../../../src/simulation/checkers/replies-follow-durability.js'
import { restartRebuilds } from '../../../../src/simulation/checkers/restart-rebuilds.js'
import { ack, commit, group, moved, stored, type Told, topic } from '../../fixtures/story.js'
import type { RuleCase } from './rule-case.js'

const begins = moved('broker', 'group', 'init', '', 'empty')
const groupAt = (generation: number, ...members: string[]): Told[] =>
  stored({ groups: { group: { generation, members } } })
const heartbeats = (count: number): Told[] =>
  Array.from({ length: count }, (_, index) => [
    'a',
    {
      kind: 'message',
      way: 'send',
      id: `${index}`,
      api: 'Heartbeat',
      is: 'request',
      peer: 'broker-1',
    },
  ])
/** A JoinGroup of a process reaches the broker, and the group is then made of these. */
const join = (process: string, id: string, ...members: string[]): Told[] => {
  const what = { kind: 'message', id, api: 'JoinGroup', is: 'request' } as const
  return [
    [process, { ...what, way: 'send', peer: 'broker-1' }],
    ['broker', { ...what, way: 'receive', peer: process }],
    ['g', group('preparingRebalance', 1, ...members)],
  ]
}
const unknown = moved('a', 'member', 'member.unknown', 'stable', 'fenced.losing')
const read = (highWatermark: number): Told => [
  'broker',
  { fact: 'read', by: 'a', partition: 't-0', first: 0, last: 0, highWatermark },
]
const resources = (counts: Record<string, number>): Fact => ({ fact: 'resources', counts })

export const brokerCases: readonly RuleCase[] = [
  {
    rule: noGhosts,
    keeps: {
      'two processes': [...join('a', '1', 'm1'), ...join('b', '2', 'm1', 'm2')],
      'sent again': [...join('a', '1', 'm1'), ...join('a', '2', 'm1')],
      'the former one is gone': [...join('a', '1', 'm1'), ...join('a', '2', 'm2')],
      'told that its id is unknown': [
        ...join('a', '1', 'm1'),
        unknown,
        ...join('a', '2', 'm1', 'm2'),
      ],
    },
    breaks: {
      'sent again as another one': [
        /a is in the group as m1 and as m2/,
        ...join('a', '1', 'm1'),
        ...join('a', '2', 'm1', 'm2'),
      ],
      'its new id is not the one it was told of': [
        /as m2 and as m3/,
        ...join('a', '1', 'm1'),
        unknown,
        ...join('a', '2', 'm1', 'm2'),
        ...join('a', '3', 'm1', 'm2', 'm3'),
      ],
    },
  },
  {
    rule: noOffsetsOfWhatIsGone,
    keeps: {
      'of a topic that is there': [['w', topic('t', 2)], ...stored({ offsets: { 't-0': 1 } })],
      'of one that is there again': [
        ['w', topic('t', 0)],
        ['w', topic('t', 2)],
        ...stored({ offsets: { 't-0': 1 } }),
      ],
    },
    breaks: {
      'of one that is gone': [
        /t-0 is stored at 1/,
        ['w', topic('t', 2)],
        ['w', topic('t', 0)],
        ...stored({ offsets: { 't-0': 1 } }),
      ],
    },
  },
  {
    rule: generationsRise,
    keeps: {
      'one after the other': [
        ['g', group('stable', 1, 'a')],
        ['g', group('stable', 2, 'a')],
      ],
      'again from what was durable': [
        ...groupAt(1),
        ['g', group('completingRebalance', 2, 'a')],
        begins,
        ['g', group('completingRebalance', 2, 'a')],
      ],
    },
    breaks: {
      'it fell': [/fell from 3 to 2/, ['g', group('stable', 3)], ['g', group('empty', 2)]],
      'it fell with a restart': [
        /fell from 3 to 2/,
        ...groupAt(3),
        begins,
        ['g', group('stable', 2)],
      ],
      'used again': [
        /generation 3 was worked under already/,
        ...groupAt(3),
        ...groupAt(2),
        begins,
        ['g', group('completingRebalance', 3)],
      ],
    },
  },
  {
    rule: legalTransitions,
    keeps: {
      'as the table says': [
        moved('a', 'member', 'subscribe', 'idle', 'joining.findingCoordinator'),
      ],
      'for granted': [moved('a', 'member', 'init', '', 'idle')],
    },
    breaks: {
      'in no table': [
        /a: nonsense in stable is in no table/,
        moved('a', 'member', 'nonsense', 'stable', 'left'),
      ],
      elsewhere: [
        /subscribe in idle led to stable, not to/,
        moved('a', 'member', 'subscribe', 'idle', 'stable'),
      ],
      'ignored where it must not be': [
        /subscribe in idle was ignored/,
        moved('a', 'member', 'subscribe', 'idle', 'idle', true),
      ],
    },
  },
  {
    rule: noDefect,
    keeps: { 'an error that can be': [['a', { fact: 'error', code: 'REQUEST_TIMED_OUT' }]] },
    breaks: {
      'a consumer failed': [
        /a failed: CONFIG_INVALID/,
        ['a', { fact: 'failed', code: 'CONFIG_INVALID' }],
      ],
      'a defect was reported': [
        /a reports a defect/,
        ['a', { fact: 'error', code: 'INTERNAL_ERROR' }],
      ],
      'an effect died': [
        /joinGroup: defect/,
        moved('a', 'member', 'joinGroup: defect', 'joining.requesting', 'failed'),
      ],
    },
  },
  {
    rule: repliesFollowDurability,
    keeps: {
      'stored first': [
        ...stored({ offsets: { 't-0': 4 }, logs: { 't-0': 3 } }),
        ['log', ack('t-0', 0, 3)],
        ['g', commit('a', 't-0', 4)],
      ],
      'stored, and a later one too': [
        ...stored({ offsets: { 't-0': 4 } }),
        ...stored({ offsets: { 't-0': 6 } }),
        ['g', commit('a', 't-0', 4)],
      ],
    },
    breaks: {
      'a commit not stored': [/committed at 4; it is not durable/, ['g', commit('a', 't-0', 4)]],
      'a record not stored': [
        /was told of t-0 3; durable is 2/,
        ...stored({ logs: { 't-0': 2 } }),
        ['log', ack('t-0', 0, 3)],
      ],
    },
  },
  {
    rule: restartRebuilds,
    keeps: {
      'as it was': [...groupAt(4, 'm1', 'm2'), begins, ['g', group('stable', 4, 'm2', 'm1')]],
      'the first time': [
        begins,
        ['g', group('empty', 0)],
        ['g', group('preparingRebalance', 0, 'm1')],
      ],
    },
    breaks: {
      'without a member': [
        /begins as generation 4 of m1, stored is generation 4 of m1,m2/,
        ...groupAt(4, 'm1', 'm2'),
        begins,
        ['g', group('stable', 4, 'm1')],
      ],
      'as a generation before': [
        /begins as generation 3/,
        ...groupAt(4),
        begins,
        ['g', group('empty', 3)],
      ],
    },
  },
  {
    rule: recovery,
    keeps: {
      'all of it is seen': [['log', ack('t-0', 0, 3)], read(4)],
      'another topic': [['log', ack('t-0', 0, 3)], ['broker', topic('t', 0)], read(1)],
    },
    breaks: {
      'the end came back': [
        /a sees t-0 end at 3; 3 was acknowledged/,
        ['log', ack('t-0', 0, 3)],
        read(3),
      ],
      'the end came back, when another topic was deleted': [
        /a sees t-0 end at 3; 3 was acknowledged/,
        ['log', ack('t-0', 0, 3)],
        ['broker', topic('u', 0)],
        read(3),
      ],
    },
  },
  {
    rule: boundedResources,
    keeps: {
      'a busy member': heartbeats(399),
      'within its limit': [['world', resources({ timers: 5, 'most timers': 5 })]],
    },
    breaks: {
      'a loop': [/a sent 400 requests within 5000 ms, last Heartbeat/, ...heartbeats(400)],
      'more than can be needed': [
        /6 timers, of which 5 can be needed/,
        ['world', resources({ timers: 6, 'most timers': 5 })],
      ],
    },
  },
]
