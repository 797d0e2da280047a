import type { Fact } from '../../../../src/domain/facts.js'
import { convergence } from '../../../../src/simulation/checkers/convergence.js'
import { everythingSettles } from '../../../../src/simulation/checkers/everything-settles.js'
import { handlerReturnsInTime } from '../../../../src/simulation/checkers/handler-returns-in-time.js'
import { handlerSucceeds } from '../../../../src/simulation/checkers/handler-succeeds.js'
import { progress } from '../../../../src/simulation/checkers/progress.js'
import { quietAfterRest } from '../../../../src/simulation/checkers/quiet-after-rest.js'
import { rebalancesEnd } from '../../../../src/simulation/checkers/rebalances-end.js'
import type { Plan } from '../../../../src/simulation/plan/plan.js'
import {
  ack,
  assign,
  deliver,
  group,
  moved,
  phase,
  position,
  storyPlan,
  type Told,
  topic,
} from '../../fixtures/story.js'
import type { RuleCase } from './rule-case.js'

const withHandler: Plan = {
  ...storyPlan,
  members: [{ style: 'handler', isStatic: false, topics: [0], maxWorkMs: 0, maxCallbackMs: 0 }],
}
/** A quarter of the rebalance timeout is 5 s. */
const commitsFor = (ms: number): Told[] => [
  { at: 1_000 },
  moved('a', 'member', 'drainPartitions: drained', 'rebalancing.draining', COMMITTING),
  { at: 1_000 + ms },
  moved('a', 'member', 'commitOffsets: unavailable', COMMITTING, 'rebalancing.revoking'),
]
const COMMITTING = 'rebalancing.committing'
const world = (name: Parameters<typeof phase>[0]): Told => ['world', phase(name)]
const stable = (process: string, generation: number): Told[] => [
  moved(process, 'member', 'assignPartitions: called', 'syncing.calling', 'stable'),
  [process, { fact: 'synced', member: process, generation, topics: ['t'], partitions: [] }],
]
const target: Told = [
  'g',
  {
    fact: 'target',
    generation: 1,
    strategy: 'range',
    assigned: {},
    subscribed: { a: ['t'] },
    owned: {},
    partitions: {},
  },
]
const rebalanced = (generation: number): Told => [
  'g',
  { fact: 'rebalanced', generation, causes: ['member joined'] },
]
const callback = (name: 'assigned' | 'revoked', at: 'begin' | 'end'): Fact => ({
  fact: 'callback',
  name,
  phase: at,
})
const rested: Told[] = [
  ['broker', topic('t', 1)],
  target,
  ['a', assign('t-0')],
  ...stable('a', 1),
  ['g', group('stable', 1, 'a')],
]

export const livenessCases: readonly RuleCase[] = [
  {
    rule: convergence,
    keeps: {
      'in time': [world('liveness'), { at: 60_000 }, ...rested, world('closing')],
      'nobody is left': [
        ...rested,
        ['a', { fact: 'stop' }],
        ['g', group('empty', 1)],
        world('closing'),
      ],
      'its application never came back': [
        moved('a', 'member', 'pollInterval.exceeded', 'stable', 'fenced.waitingForPoll'),
        ['g', group('empty', 1)],
        world('closing'),
      ],
    },
    breaks: {
      'it moved too late': [
        /moved 63001 ms after the last fault; 63000 are allowed/,
        world('liveness'),
        { at: 63_001 },
        ...rested,
        world('closing'),
      ],
      'not stable': [
        /the group is preparingRebalance, not stable/,
        ...rested,
        ['g', group('preparingRebalance', 1, 'a')],
        world('closing'),
      ],
      'a member is elsewhere': [
        /a is stable at 1, the group at 2/,
        ...rested,
        ['g', group('stable', 2, 'a')],
        world('closing'),
      ],
      'a partition without an owner': [
        /t-1 is held by nobody/,
        ...rested,
        ['broker', topic('t', 2)],
        world('closing'),
      ],
    },
  },
  {
    rule: progress,
    keeps: {
      'all is read': [
        ['a', assign('t-0')],
        ['a', position('t-0', 0)],
        ['log', ack('t-0', 0, 3)],
        ['a', deliver('t-0', 0, 3)],
        world('closing'),
      ],
      paused: [
        ['a', assign('t-0')],
        ['a', position('t-0', 0)],
        ['a', { fact: 'flow', do: 'pause', partitions: ['t-0'] }],
        ['log', ack('t-0', 0, 3)],
        world('closing'),
      ],
      'there is nothing': [['a', assign('t-0')], world('closing')],
    },
    breaks: {
      'it stands still': [
        /a stands at 2 of t-0, which has 3/,
        ['a', assign('t-0')],
        ['a', position('t-0', 2)],
        ['log', ack('t-0', 0, 3)],
        world('closing'),
      ],
      'it never began': [
        /stands at undefined/,
        ['a', assign('t-0')],
        ['log', ack('t-0', 0, 3)],
        world('closing'),
      ],
    },
  },
  {
    rule: handlerReturnsInTime,
    plan: withHandler,
    keeps: {
      'it has thrown, which another rule tells': [
        ['a', { fact: 'handler.failed', where: 't-0 3', what: 'Error: no' }],
        { at: 30_001 },
        moved('a', 'member', 'poll.overdue', 'stable', 'fenced.waitingForPoll'),
      ],
      'it was stopped meanwhile': [
        ['a', { fact: 'release' }],
        { at: 30_000 },
        moved('a', 'member', 'poll.overdue', 'stable', 'fenced.waitingForPoll'),
      ],
    },
    breaks: {
      'no poll in time': [
        /a loses its partitions: no poll in time/,
        ['a', { fact: 'release' }],
        { at: 30_001 },
        moved('a', 'member', 'poll.overdue', 'stable', 'fenced.waitingForPoll'),
      ],
      'and what it has in hand': [
        /no poll in time; its handler has t-1 4 to 6$/,
        ['a', deliver('t-0', 0, 3)],
        ['a', deliver('t-1', 4, 6)],
        ['a', { fact: 'done', partition: 't-0', first: 0, last: 3 }],
        { at: 30_001 },
        moved('a', 'member', 'poll.overdue', 'stable', 'fenced.waitingForPoll'),
      ],
    },
  },
  {
    rule: handlerSucceeds,
    keeps: { 'it returned': [['a', deliver('t-0', 0, 0)]] },
    breaks: {
      'it threw': [
        /a threw at t-0 4: Error: no/,
        ['a', { fact: 'handler.failed', where: 't-0 4', what: 'Error: no' }],
      ],
    },
  },
  {
    rule: rebalancesEnd,
    keeps: {
      'one for each': [
        ['a', { fact: 'start' }],
        world('liveness'),
        ['g', group('preparingRebalance', 1, 'a')],
        rebalanced(1),
      ],
      'while faults last': Array.from({ length: 20 }, (_, index) => rebalanced(index)),
    },
    breaks: {
      'on and on': [
        /4 rebalances for 0 changes/,
        ['a', { fact: 'start' }],
        world('liveness'),
        ...[1, 2, 3, 4, 5].map(rebalanced),
      ],
    },
  },
  {
    rule: quietAfterRest,
    keeps: {
      'closing moves it': [world('quiet'), world('closing'), ['g', group('empty', 1)]],
      'a late request brings nobody': [world('quiet'), ['g', group('empty', 0)]],
    },
    breaks: {
      'it moves': [
        /moved to preparingRebalance at 1/,
        world('quiet'),
        ['g', group('preparingRebalance', 1, 'a')],
      ],
    },
  },
  {
    rule: everythingSettles,
    keeps: {
      'it closed': [['a', { fact: 'stop' }], ['a', { fact: 'left', inTime: true }], world('end')],
      'late, while faults last': [
        ['a', { fact: 'stop' }],
        ['a', { fact: 'left', inTime: false }],
        world('end'),
      ],
      'a commit before a hand-over is given up in time': commitsFor(5_000),
      'it slept while it committed': [
        ...commitsFor(6_000).slice(0, -1),
        ['a', { fact: 'hold', ms: 5_000 }],
        ...commitsFor(6_000).slice(-1),
      ],
      'killed meanwhile': [
        ['a', { fact: 'stop' }],
        ['a', callback('revoked', 'begin')],
        ['a', { fact: 'crash', how: 'kill' }],
        world('end'),
      ],
    },
    breaks: {
      'a commit before a hand-over that goes on and on': [
        /a committed for 6000 ms before a hand-over/,
        ...commitsFor(6_000),
      ],
      'never closed': [/a never closed/, ['a', { fact: 'stop' }], world('end')],
      'closed too late': [
        /a did not close in time/,
        world('closing'),
        ['a', { fact: 'stop' }],
        ['a', { fact: 'left', inTime: false }],
      ],
      'two callbacks at once': [
        /a is in revoked and in assigned at once/,
        ['a', callback('revoked', 'begin')],
        ['a', callback('assigned', 'begin')],
      ],
      'a callback never ended': [
        /revoked of a never ended/,
        ['a', callback('revoked', 'begin')],
        { at: 60_001 },
        world('end'),
      ],
      'something else': [/a request/, ['world', { fact: 'unsettled', what: 'a request' }]],
    },
  },
]
