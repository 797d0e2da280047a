import { has, type Rule, same, story } from '../../rule.js'
import type { MemberChart } from '../member-chart.js'
import {
  partition as a,
  called,
  cause,
  committed,
  defect,
  done,
  drained,
  found,
  rebalance,
  unavailable,
} from '../member-events.js'
import { pathOf } from '../member-snapshot.js'

const closed = { type: 'close', leaveGroup: true }

export const wayOut: readonly Rule<MemberChart>[] = [
  story('drain, commit, revoke, LeaveGroup; the heartbeat goes on until that', (chart) => {
    const closing = chart.effects(chart.stable('cooperative', a(0)), closed)
    same([closing.at, closing.stopped], ['leaving.draining', []])
    const timedOut = done('drainPartitions', { tag: 'timedOut' })
    const revoking = chart.play(closing.snapshot, timedOut, committed)
    const leaving = chart.effects(revoking, called('revokePartitions'))
    same([leaving.at, leaving.stopped], ['leaving.requesting', ['heartbeat']])
    has(leaving.started, [{ src: 'leaveGroup', input: { memberId: 'm', generation: 1 } }])
    const left = chart.effects(leaving.snapshot, done('leaveGroup', unavailable))
    same([left.at, left.started], ['left', []])
  }),

  story('a loss ends the holding also while the last revoke is being told', (chart) => {
    const revoking = chart.play(chart.stable('cooperative', a(0)), closed, drained, committed)
    same(pathOf(revoking.value), 'leaving.revoking')
    // The coordinator gives the partition away by now, while the callback may go on for long.
    const expired = chart.effects(revoking, { type: 'session.expired', cause })
    same([expired.at, expired.stopped], ['leaving.losing', ['revokePartitions', 'heartbeat']])
    const told = { type: 'member.unknown', kafkaError: 'UNKNOWN_MEMBER_ID', generation: 1 }
    const unknown = chart.effects(revoking, told)
    same(unknown.at, 'leaving.losing')
    same(pathOf(chart.play(unknown.snapshot, called('losePartitions')).value), 'left')
    same(pathOf(chart.play(revoking, { ...told, generation: 0 }).value), 'leaving.revoking')
  }),

  story('a static member that stays sends nothing', (chart) => {
    const closing = chart.play(
      chart.stable('cooperative', a(0)),
      { type: 'close', leaveGroup: false },
      drained,
      committed,
    )
    const { at, started } = chart.effects(closing, called('revokePartitions'))
    same([at, started], ['left', []])
  }),

  story(
    'franz-go #650: a close in the middle of a JoinGroup stops it and still leaves',
    (chart) => {
      const asking = chart.play(chart.stable('cooperative', a(0)), rebalance, found)
      const { at, stopped } = chart.effects(asking, closed)
      same([at, stopped], ['leaving.draining', ['joinGroup']])
    },
  ),

  story(
    'a defect names itself, gives everything up and leaves the group to the others',
    (chart) => {
      const draining = chart.play(chart.stable('eager', a(0)), rebalance)
      const failing = chart.play(draining, defect('drainPartitions'))
      const failed = chart.play(failing, called('losePartitions'))
      same(pathOf(failed.value), 'failed.releasing')
      same(failed.context.error, {
        code: 'INTERNAL_ERROR',
        message: 'defect in the consumer: bug',
      })
      same(chart.play(failing, defect('losePartitions')).context.owned, [])
    },
  ),
]

export const byHandStories: readonly Rule<MemberChart>[] = [
  story('UNKNOWN_MEMBER_ID for a commit does not make it join', (chart) => {
    const manual = { groupId: null, topics: [], assign: [a(0)] }
    const subscribed = chart.play(chart.start(manual), { type: 'subscribe', topics: [] })
    const reading = chart.play(subscribed, called('assignPartitions'))
    same(pathOf(reading.value), 'stable')
    const told = { type: 'member.unknown', kafkaError: 'UNKNOWN_MEMBER_ID', generation: -1 }
    for (const event of [told, rebalance, { type: 'session.expired', cause }]) {
      same(pathOf(chart.play(reading, event).value), 'stable')
    }
  }),
]
