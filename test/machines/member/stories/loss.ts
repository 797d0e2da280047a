import { has, type Rule, same, story } from '../../rule.js'
import type { MemberChart } from '../member-chart.js'
import {
  type AnyEvent,
  partition as a,
  called,
  cause,
  committed,
  done,
  drained,
  found,
  joined,
  rebalance,
  synced,
  trouble,
} from '../member-events.js'
import { pathOf } from '../member-snapshot.js'

const unknown = (kafkaError: string): AnyEvent => ({
  type: 'member.unknown',
  kafkaError,
  generation: 1,
})
const sessionExpired = { type: 'session.expired', cause }

export const loss: readonly Rule<MemberChart>[] = [
  story('stops the heartbeat in the same step, keeps an id that still serves', (chart) => {
    const lost = chart.effects(chart.stable('cooperative', a(0)), unknown('ILLEGAL_GENERATION'))
    same([lost.at, lost.stopped], ['fenced.losing', ['heartbeat']])
    has(lost.started, [{ src: 'losePartitions', input: { partitions: [a(0)] } }])
    has(lost.snapshot.context, { memberId: 'm', generation: -1, owned: [a(0)] })
    const joining = chart.play(lost.snapshot, called('losePartitions'))
    has(joining.context, { owned: [], assigned: [] })
    const forgotten = chart.play(chart.stable('cooperative'), unknown('UNKNOWN_MEMBER_ID'))
    same(forgotten.context.memberId, '')
  }),

  story(
    'does not wait for a revoke that is being told: what was to stay is lost at once',
    (chart) => {
      const revoking = chart.play(
        chart.stable('cooperative', a(0), a(1)),
        { type: 'subscription.changed', topics: ['a'] },
        found,
        done('joinGroup', joined(2)),
        synced(a(1)),
        called('assignPartitions'),
        drained,
        committed,
      )
      same(pathOf(revoking.value), 'rebalancing.revoking')
      const news = { ...unknown('UNKNOWN_MEMBER_ID'), generation: 2 }
      for (const event of [news, sessionExpired]) {
        const lost = chart.effects(revoking, event)
        same(lost.at, 'fenced.losing')
        has(lost.started, [{ input: { partitions: [a(0), a(1)] } }])
      }
    },
  ),

  story('refused at JoinGroup it says what the coordinator answered', (chart) => {
    const asking = chart.play(chart.stable('cooperative', a(0)), rebalance, found)
    const outcome = { tag: 'memberUnknown', kafkaError: 'UNKNOWN_MEMBER_ID' }
    const lost = chart.play(asking, done('joinGroup', outcome))
    same(pathOf(lost.value), 'fenced.losing')
    same(lost.context.cause?.what, 'the coordinator answered UNKNOWN_MEMBER_ID')
  }),

  story('a failure meanwhile waits until the application was told, then it fails', (chart) => {
    const losing = chart.play(chart.stable('eager', a(0)), sessionExpired)
    const failing = chart.play(losing, { type: 'fail', error: trouble })
    same(pathOf(failing.value), 'fenced.losing')
    const failed = chart.play(failing, called('losePartitions'))
    same(pathOf(failed.value), 'failed.releasing')
    has(failed.context, { owned: [], error: trouble })
  }),

  story(
    'who stops polling gives its partitions up and leaves, and comes back by asking',
    (chart) => {
      const overdue = { type: 'poll.overdue', cause }
      const abandoning = chart.effects(chart.stable('cooperative', a(0)), overdue)
      same([abandoning.at, abandoning.stopped], ['fenced.abandoning', ['heartbeat']])
      const releasing = chart.effects(abandoning.snapshot, called('losePartitions'))
      has(releasing.started, [{ src: 'leaveGroup', input: { memberId: 'm' } }])
      const waiting = chart.play(releasing.snapshot, done('leaveGroup', { tag: 'left' }))
      same(pathOf(waiting.value), 'fenced.waitingForPoll')
      same(waiting.context.memberId, '')
      const asked = { type: 'subscription.changed', topics: ['b'] }
      for (const event of [{ type: 'poll.resumed' }, asked]) {
        same(pathOf(chart.play(waiting, event).value), 'joining.findingCoordinator')
      }
      same(chart.play(waiting, asked).context.topics, ['b'])
    },
  ),
]
