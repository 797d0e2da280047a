import { has, type Rule, same, story } from '../../rule.js'
import {
  type CoordinatorChart,
  errorTo,
  joinReplyTo,
  replies,
  type Stepped,
} from '../coordinator-chart.js'
import { bytes, expire, heartbeat, internal, join, leave, sync } from '../group-requests.js'

type Chart = CoordinatorChart

/** Two members join, the first gives its reason; the group waits for more and then goes on. */
const formed = ({ begin, step, run }: Chart) => {
  const first = join({ newMemberId: 'a', reason: 'started' })
  const second = join({ newMemberId: 'b' })
  const alone = step(begin(), first)
  const waiting = run(alone, second, internal.delayElapsed)
  return { first, second, alone, waiting, completing: step(waiting, internal.delayElapsed) }
}

const timersOf = (group: Stepped): unknown[] => group.started.map(({ id, delay }) => [id, delay])

export const oneRebalance: readonly Rule<Chart>[] = [
  story('a new group waits for more members before its first generation', (chart) => {
    const { alone, waiting, completing } = formed(chart)
    same(alone.path, 'preparingRebalance.initialDelay')
    same(replies(alone), [])
    same(
      alone.started.filter(({ id }) => id === 'session:a').map(({ delay }) => delay),
      [300_000],
    )
    same(waiting.path, 'preparingRebalance.initialDelay')
    same(completing.path, 'completingRebalance.awaitingSync')
  }),

  story('whoever came prolongs the wait, also who left again: it may come back', (chart) => {
    const came = chart.preparingGroup(['a', 'b'])
    const gone = chart.run(came, leave('a'), leave('b'), internal.delayElapsed)
    same(gone.path, 'preparingRebalance.initialDelay')
    same(chart.step(gone, internal.delayElapsed).path, 'empty')
  }),

  story('then all are told their generation, the leader of all members', (chart) => {
    const { first, second, completing } = formed(chart)
    same(joinReplyTo(completing, first.requestId), {
      type: 'reply',
      requestId: first.requestId,
      to: 'member.join',
      error: null,
      memberId: 'a',
      generation: 1,
      protocolType: 'consumer',
      protocolName: 'range',
      leaderId: 'a',
      skipAssignment: false,
      members: [
        { memberId: 'a', groupInstanceId: null, metadata: bytes('m') },
        { memberId: 'b', groupInstanceId: null, metadata: bytes('m') },
      ],
    })
    has(joinReplyTo(completing, second.requestId), { leaderId: 'a', members: [] })
    same(timersOf(completing), [
      ['session:a', 10_000],
      ['session:b', 10_000],
      ['sync', 60_000],
    ])
  }),

  story('SyncGroup waits until what the leader assigned is stored, then says why', (chart) => {
    const { completing } = formed(chart)
    const follower = sync('b', 1)
    const asked = chart.step(completing, follower)
    same([replies(asked), asked.cancelled], [[], ['session:b']])
    const leader = sync('a', 1, { assignments: [{ memberId: 'b', assignment: bytes('p0') }] })
    const storing = chart.step(asked, leader)
    same(storing.path, 'completingRebalance.storing')
    same([replies(storing), storing.cancelled], [[], ['session:a', 'sync']])
    const stable = chart.step(storing, internal.persisted())
    same(stable.path, 'stable.serving')
    has(replies(stable), [
      { requestId: leader.requestId, error: null, assignment: '' },
      { requestId: follower.requestId, error: null, assignment: bytes('p0') },
    ])
    same(
      stable.started.map(({ id }) => id),
      ['session:a', 'session:b'],
    )
    same(stable.emitted.at(-1), {
      type: 'rebalanced',
      members: 2,
      leaderId: 'a',
      rebalance: {
        generation: 1,
        cause: [
          { what: 'member joined', memberId: 'a', clientId: 'client', reason: 'started' },
          { what: 'member joined', memberId: 'b', clientId: 'client' },
        ],
        omittedCauses: 0,
      },
    })
  }),

  story('a member leaves, the others are asked to rejoin by their heartbeats', (chart) => {
    const left = chart.step(chart.stableGroup(['a', 'b', 'c']), leave('c'))
    same(left.path, 'preparingRebalance.awaitingMembers')
    const beat = heartbeat('b', 1)
    const asked = chart.step(left, beat)
    same(errorTo(asked, beat.requestId), 'REBALANCE_IN_PROGRESS')
    same(asked.timing, [
      { do: 'cancel', id: 'session:b' },
      { do: 'start', id: 'session:b' },
    ])
    const rejoins = [join({ memberId: 'b' }), join({ memberId: 'a' })]
    const next = chart.run(asked, ...rejoins)
    const generations = rejoins.map(({ requestId }) => joinReplyTo(next, requestId)?.generation)
    same(generations, [2, 2])
    same(next.snapshot.context.leaderId, 'a')
  }),
]

export const pureSteps: readonly Rule<Chart>[] = [
  story(
    'the same step from the same snapshot gives the same, and leaves the snapshot alone',
    ({ completingGroup, step }) => {
      const group = completingGroup(['a', 'b'])
      const before = JSON.stringify(group.snapshot.context)
      const event = join({ newMemberId: 'c' })
      const [one, two] = [step(group, event), step(group, event)]
      same(one.snapshot.context, two.snapshot.context)
      same(one.emitted, two.emitted)
      same(JSON.stringify(group.snapshot.context), before)
    },
  ),
  story('an event that a state does not handle is recorded', ({ stableGroup, step }) => {
    const group = step(stableGroup(['a']), expire('nobody'))
    same(group.emitted, [{ type: 'ignored', event: 'session.expired' }])
    same(step(group, { type: 'never.heard.of' }).emitted, [
      { type: 'ignored', event: 'never.heard.of' },
    ])
  }),
]
