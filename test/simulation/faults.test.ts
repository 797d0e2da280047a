import { describe, expect, test } from 'vitest'
import type { FactName, FactOf } from '../../src/domain/facts.js'
import type { Frame, TransitionFrame } from '../../src/domain/trace.js'
import type { Plan } from '../../src/simulation/plan/plan.js'
import {
  type Deed,
  faultClasses,
  faultClassOf,
  StepSchema,
} from '../../src/simulation/plan/step.js'
import { recordPlan } from '../../src/simulation/trace/trace-file.js'
import { planOf } from './fixtures/plans.js'

const start = (member: number): Deed => ({ do: 'start', member })
const produce: Deed = { do: 'produce', records: 40 }

/**
 * Two members that share four partitions, a third one at 45 s, and records all the time; the fault
 * comes at 10 s.
 */
const underFault = (fault: Deed, more: Parameters<typeof planOf>[1] = {}): Plan =>
  planOf(
    [
      [0, start(0)],
      [1, start(1)],
      ...Array.from({ length: 10 }, (_, index) => [5 + index * 4, produce] as const),
      [10, fault],
      [45, start(2)],
      [60, { do: 'wait' }],
    ].sort(([a], [b]) => (a as number) - (b as number)) as [number, Deed][],
    more,
  )

/** Every run is also judged: no fault may break a rule. */
const framesOf = (plan: Plan): readonly Frame[] => {
  const { outcome, trace } = recordPlan(plan)
  expect(outcome.violations).toEqual([])
  return trace.frames
}

const factsOf = <N extends FactName>(frames: readonly Frame[], name: N) =>
  frames.filter((frame) => frame.kind === 'fact' && frame.fact === name) as (Frame & FactOf<N>)[]

const steps = (frames: readonly Frame[]): TransitionFrame[] =>
  frames.filter((frame) => frame.kind === 'transition')

const reached = (frames: readonly Frame[], process: string, state: string): boolean =>
  steps(frames).some((step) => step.process === process && step.states.startsWith(state))

const rebalances = (frames: readonly Frame[]): number => factsOf(frames, 'rebalanced').length
/** Of the members in peace: all join, later all leave. */
const IN_PEACE = rebalances(framesOf(underFault({ do: 'wait' })))

type Sees = (frames: readonly Frame[]) => boolean

const takesOver: Sees = (frames) => rebalances(frames) > IN_PEACE
const losesAll: Sees = (frames) =>
  factsOf(frames, 'lost').some(({ process }) => process === 'member-1.2')
const refused =
  (event: string): Sees =>
  (frames) =>
    steps(frames).some((step) => step.event === event)
const tells =
  (code: string): Sees =>
  (frames) =>
    factsOf(frames, 'error').some((frame) => frame.code === code)

/** What shows that a fault did something, by the name of its step. */
const effects: Readonly<Record<string, readonly (readonly [Deed, Sees, object?])[]>> = {
  cut: [
    [{ do: 'cut', host: 'member-1', way: 'both', forMs: 30_000 }, losesAll],
    [{ do: 'cut', host: 'member-1', way: 'to', forMs: 30_000 }, losesAll],
    [{ do: 'cut', host: 'member-1', way: 'from', forMs: 30_000 }, losesAll],
    [{ do: 'cut', host: 'broker-1', way: 'both', forMs: 30_000 }, losesAll],
  ],
  lossy: [
    [
      { do: 'lossy', host: 'member-1', rate: 0.3, forMs: 30_000 },
      (frames) => slowestMs(frames, 'member-1.2') > 200,
    ],
  ],
  slow: [
    [
      { do: 'slow', host: 'member-1', maxMs: 2_000, forMs: 30_000 },
      (frames) => slowestMs(frames, 'member-1.2') > 500,
    ],
  ],
  reset: [
    [{ do: 'reset', host: 'member-1', midFrame: false }, tells('CONNECTION_CLOSED')],
    [
      { do: 'reset', host: 'member-1', midFrame: true },
      tells('CONNECTION_CLOSED'),
      { transport: 'bytes' },
    ],
  ],
  silence: [[{ do: 'silence', host: 'member-1' }, losesAll]],
  crash: [
    [{ do: 'crash', member: 1, how: 'kill' }, takesOver],
    [{ do: 'crash', member: 1, how: 'power' }, takesOver],
  ],
  freeze: [[{ do: 'freeze', member: 1, forMs: 20_000 }, losesAll]],
  block: [[{ do: 'block', member: 1, forMs: 20_000 }, losesAll]],
  restartBroker: [
    [
      { do: 'restartBroker', how: 'kill', downMs: 500 },
      (frames) => factsOf(frames, 'broker.up').length === 2,
    ],
    [{ do: 'restartBroker', how: 'power', downMs: 15_000 }, losesAll],
  ],
  freezeBroker: [[{ do: 'freezeBroker', forMs: 20_000 }, losesAll]],
  clockJump: [
    [
      { do: 'clockJump', member: 1, byMs: 86_400_000 },
      // Nobody minds: what the wall clock says decides nothing.
      (frames) => rebalances(frames) === IN_PEACE,
    ],
  ],
  lateTimers: [
    [
      { do: 'lateTimers', member: 1, maxMs: 2_000, forMs: 30_000 },
      (frames) => factsOf(frames, 'late').length === 2,
    ],
  ],
  slowStore: [
    [{ do: 'slowStore', maxMs: 3_000, forMs: 30_000 }, (frames) => slowestFlushMs(frames) > 500],
  ],
  breakStore: (['EIO', 'ENOSPC', 'fsync'] as const).map((why) => [
    { do: 'breakStore', why, downMs: 3_000 },
    (frames) =>
      factsOf(frames, 'store.failed').length === 1 && factsOf(frames, 'broker.up').length === 2,
  ]),
  slowWork: [
    [
      { do: 'slowWork', member: 1, ms: 35_000 },
      (frames) => reached(frames, 'member-1.2', 'fenced.waitingForPoll'),
    ],
  ],
  hang: [
    [{ do: 'hang', member: 1 }, (frames) => reached(frames, 'member-1.2', 'fenced.waitingForPoll')],
  ],
  throw: [
    [
      { do: 'throw', member: 1, in: 'revoked' },
      (frames) => factsOf(frames, 'callback').some(({ phase }) => phase === 'threw'),
    ],
  ],
  slowCallback: [
    [
      { do: 'slowCallback', member: 1, ms: 9_000 },
      (frames) => longestCallbackMs(frames, 'member-1.2') > 8_000,
    ],
  ],
  moveCoordinator: [
    [
      { do: 'moveCoordinator', to: 2, loadMs: 500 },
      (frames) => factsOf(frames, 'group.unloaded').length === 1,
      { brokers: 2 },
    ],
  ],
  reloadGroup: [
    [
      { do: 'reloadGroup', loadMs: 500 },
      (frames) => factsOf(frames, 'group.unloaded').length === 1,
    ],
  ],
  moveLeaders: [
    [
      { do: 'moveLeaders', to: 2 },
      (frames) => messagesTo(frames, 'broker-2', 'Fetch', 10_000) > 5,
      { brokers: 2, partitions: [1] },
    ],
  ],
  staleMetadata: [
    [{ do: 'staleMetadata', broker: 1, forMs: 5_000 }, (frames) => rebalances(frames) === IN_PEACE],
  ],
  growTopic: [
    [
      { do: 'growTopic', topic: 0, by: 4 },
      (frames) =>
        factsOf(frames, 'assign').some(({ partitions }) => partitions.includes('topic-0-7')),
    ],
  ],
  deleteTopic: [
    [
      { do: 'deleteTopic', topic: 0 },
      (frames) => factsOf(frames, 'topic').some(({ partitions }) => partitions === 0),
    ],
  ],
  createTopic: [
    [
      { do: 'createTopic', topic: 1 },
      // It was there from the beginning.
      (frames) => factsOf(frames, 'topic').length === 2,
      { partitions: [4, 2], member: { topics: [0, 1] } },
    ],
  ],
  answer: [
    [
      { do: 'answer', api: 'Heartbeat', with: 'refuse', error: 'UNKNOWN_MEMBER_ID', times: 1 },
      refused('member.unknown'),
    ],
    [
      { do: 'answer', api: 'OffsetCommit', with: 'delay', ms: 3_000, times: 1 },
      (frames) => slowestCommitMs(frames) >= 3_000,
    ],
    [
      { do: 'answer', api: 'Fetch', with: 'throttle', ms: 2_000, times: 2, member: 1 },
      (frames) => longestPauseMs(frames, 'member-1.2', 'Fetch') >= 2_000,
    ],
    [
      { do: 'answer', api: 'Heartbeat', with: 'swallow', times: 1, member: 1 },
      (frames) => unanswered(frames, 'member-1.2', 'Heartbeat') === 1,
    ],
    [
      { do: 'answer', api: 'OffsetCommit', with: 'lose', times: 1, member: 1 },
      (frames) => factsOf(frames, 'commit.sent').length === factsOf(frames, 'commit').length + 1,
    ],
    [
      { do: 'answer', api: 'OffsetCommit', with: 'repeat', times: 4 },
      (frames) => factsOf(frames, 'commit').length > factsOf(frames, 'commit.sent').length,
    ],
  ],
}

const messagesTo = (frames: readonly Frame[], peer: string, api: string, since: number): number =>
  frames.filter(
    (frame) =>
      frame.kind === 'message' &&
      frame.way === 'send' &&
      frame.peer === peer &&
      frame.api === api &&
      frame.t >= since,
  ).length

/** The longest that a message of a process was under way. */
const slowestMs = (frames: readonly Frame[], process: string): number => {
  const sent = new Map<string, number>()
  let most = 0
  for (const frame of frames) {
    if (frame.kind !== 'message') continue
    if (frame.way === 'send' && frame.process === process) sent.set(frame.id, frame.t)
    const at = sent.get(frame.id)
    if (frame.way === 'receive' && at !== undefined) most = Math.max(most, frame.t - at)
  }
  return most
}

/** The longest from a commit that was handled to its answer. */
const slowestCommitMs = (frames: readonly Frame[]): number =>
  Math.max(
    ...factsOf(frames, 'commit').map(({ seq, t }) => {
      const answer = frames.slice(seq).find((frame) => {
        if (frame.kind !== 'message' || frame.process !== 'broker') return false
        return frame.api === 'OffsetCommit' && frame.is === 'response'
      })
      return (answer?.t ?? t) - t
    }),
  )

const slowestFlushMs = (frames: readonly Frame[]): number => {
  const written = new Map(factsOf(frames, 'write').map(({ write, t }) => [write, t]))
  return Math.max(...factsOf(frames, 'flush').map(({ write, t }) => t - written.get(write)!))
}

const longestCallbackMs = (frames: readonly Frame[], process: string): number => {
  const told = factsOf(frames, 'callback').filter((frame) => frame.process === process)
  return Math.max(...told.map(({ t }, index) => (index % 2 === 1 ? t - told[index - 1]!.t : 0)))
}

const unanswered = (frames: readonly Frame[], process: string, api: string): number => {
  const of = (is: string): number =>
    frames.filter(
      (frame) =>
        frame.kind === 'message' &&
        frame.process === process &&
        frame.api === api &&
        frame.is === is &&
        frame.way === (is === 'request' ? 'send' : 'receive'),
    ).length
  return of('request') - of('response')
}

/** Between requests of one kind. */
const longestPauseMs = (frames: readonly Frame[], process: string, api: string): number => {
  const times = frames
    .filter((frame) => frame.kind === 'message' && frame.way === 'send')
    .filter((frame) => frame.process === process && (frame as { api?: string }).api === api)
    .map(({ t }) => t)
  return Math.max(...times.map((t, index) => t - (times[index - 1] ?? t)))
}

describe('each fault does what it says, and breaks no rule', () => {
  const table = Object.entries(effects).flatMap(([name, cases]) =>
    cases.map(([deed, sees, more], index) => [`${name} ${index}`, deed, sees, more] as const),
  )
  test.each(table)('%s', (_, deed, sees, more) => {
    const frames = framesOf(underFault(deed, more))
    expect(factsOf(frames, 'fault').map(({ step }) => step)).toEqual([deed])
    expect(sees(frames)).toBe(true)
  })

  test('none is left out, and every class has some', () => {
    const names = StepSchema.members.map(({ fields }) => fields.do.literal)
    const faults = names.filter((name) => faultClassOf({ do: name }) !== undefined)
    expect(Object.keys(effects).sort()).toEqual([...faults].sort())
    const classes = new Set(faults.map((name) => faultClassOf({ do: name })))
    expect([...classes].sort()).toEqual([...faultClasses].sort())
  })
})
