import { has, type Rule, same, story } from '../../rule.js'
import type { MemberChart } from '../member-chart.js'
import {
  partition as a,
  called,
  cause,
  committed,
  done,
  drained,
  found,
  joined,
  rebalance,
  subscribe,
  synced,
  trouble,
  unavailable,
} from '../member-events.js'
import { pathOf } from '../member-snapshot.js'

const overtakenSync = done('syncGroup', { tag: 'rebalancing' })

export const rebalanceStories: readonly Rule<MemberChart>[] = [
  story('eager: all is drained, committed and revoked before the member joins again', (chart) => {
    const draining = chart.effects(chart.stable('eager', a(0), a(1)), rebalance)
    const partitions = [a(0), a(1)]
    const input = { memberId: 'm', generation: 1, partitions }
    has(draining.started, [{ src: 'drainPartitions', input }])
    same(draining.stopped, [])
    const timedOut = done('drainPartitions', { tag: 'timedOut' })
    const committing = chart.effects(draining.snapshot, timedOut)
    has(committing.started, [{ src: 'commitOffsets', input: { partitions } }])
    const revoking = chart.effects(committing.snapshot, committed)
    has(revoking.started, [{ src: 'revokePartitions', input: { partitions } }])
    const joining = chart.effects(revoking.snapshot, called('revokePartitions'))
    same([joining.at, joining.stopped], ['joining.findingCoordinator', ['heartbeat']])
    has(joining.snapshot.context, { owned: [], memberId: 'm', cause })
    has(chart.effects(joining.snapshot, found).started, [
      { src: 'joinGroup', input: { memberId: 'm', owned: [], reason: 'a reason' } },
    ])
  }),

  story(
    'cooperative: what stays never stops, what goes is given up, then the member joins again',
    (chart) => {
      const joining = chart.effects(chart.stable('cooperative', a(0), a(1)), rebalance)
      same([joining.at, joining.stopped], ['joining.findingCoordinator', []])
      const asking = chart.effects(joining.snapshot, found)
      has(asking.started, [{ src: 'joinGroup', input: { owned: [a(0), a(1)] } }])
      const applying = chart.play(asking.snapshot, done('joinGroup', joined(2)), synced(a(1), a(2)))
      has(applying.context, {
        adding: [a(2)],
        revoking: [a(0)],
        owned: [a(0), a(1), a(2)],
      })
      const draining = chart.effects(applying, called('assignPartitions'))
      same([draining.at, draining.stopped], ['rebalancing.draining', []])
      has(draining.started, [{ input: { partitions: [a(0)], generation: 2 } }])
      same(draining.snapshot.context.adding, [])
      const again = chart.play(draining.snapshot, drained, committed, called('revokePartitions'))
      same(pathOf(again.value), 'joining.findingCoordinator')
      same(again.context.owned, [a(1), a(2)])
    },
  ),

  story(
    'one round of revoking a rebalance: what leaves the subscription meanwhile is joined with',
    (chart) => {
      const b0 = { topic: 'b', partition: 0 }
      const both = chart.play(
        chart.stable('cooperative', a(0)),
        { type: 'subscription.changed', topics: ['a', 'b'] },
        found,
        done('joinGroup', joined(2)),
        synced(a(0), b0),
        called('assignPartitions'),
      )
      const draining = chart.play(
        both,
        rebalance,
        found,
        done('joinGroup', joined(3)),
        synced(b0),
        called('assignPartitions'),
        { type: 'subscription.changed', topics: ['a'] },
      )
      has(draining.context, { revoking: [a(0)], topics: ['a'] })
      const joining = chart.play(draining, drained, committed, called('revokePartitions'))
      same(pathOf(joining.value), 'joining.findingCoordinator')
      has(chart.effects(joining, found).started, [
        { src: 'joinGroup', input: { topics: ['a'], owned: [b0] } },
      ])
    },
  ),

  story(
    'KAFKA-14382: a rebalance that overtakes the sync is joined once, not once more after it',
    (chart) => {
      const syncing = chart.play(chart.start(), subscribe, found, done('joinGroup', joined(1)))
      const overtaken = chart.play(
        syncing,
        rebalance,
        { type: 'subscription.changed', topics: ['a', 'b'] },
        overtakenSync,
      )
      same(pathOf(overtaken.value), 'joining.findingCoordinator')
      const asking = chart.effects(overtaken, found)
      has(asking.started, [{ src: 'joinGroup', input: { topics: ['a', 'b'] } }])
      const end = chart.play(
        asking.snapshot,
        done('joinGroup', joined(2)),
        synced(),
        called('assignPartitions'),
      )
      same(pathOf(end.value), 'stable')
    },
  ),

  story(
    'an older coordinator’s REBALANCE_IN_PROGRESS while it waits for the leader means nothing',
    (chart) => {
      const syncing = chart.play(chart.start(), subscribe, found, done('joinGroup', joined(1)))
      const end = chart.play(syncing, rebalance, synced(a(0)), called('assignPartitions'))
      same(pathOf(end.value), 'stable')
    },
  ),

  story('a subscription that changes while the group syncs is joined for afterwards', (chart) => {
    const syncing = chart.play(chart.start(), subscribe, found, done('joinGroup', joined(1)))
    const asked = { type: 'subscription.changed', topics: ['b'] }
    const changed = chart.play(syncing, asked, synced(a(0)))
    const end = chart.effects(changed, called('assignPartitions'))
    same(end.at, 'rebalancing.draining')
    same(end.snapshot.context.cause?.what, 'this member changed its subscription')
  }),

  story('librdkafka #2933: a commit that spans it, with any end, does not stop it', (chart) => {
    const committing = chart.play(chart.stable('eager', a(0)), rebalance, drained)
    const refused = { tag: 'refused', error: trouble }
    for (const outcome of [{ tag: 'rebalancing' }, unavailable, refused]) {
      const next = chart.play(committing, done('commitOffsets', outcome))
      same(pathOf(next.value), 'rebalancing.revoking')
    }
  }),
]
