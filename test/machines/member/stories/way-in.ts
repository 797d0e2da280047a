import { has, type Rule, same, story } from '../../rule.js'
import type { MemberChart } from '../member-chart.js'
import {
  partition as a,
  backoffElapsed,
  called,
  done,
  found,
  joined,
  subscribe,
  synced,
  trouble,
  unavailable,
} from '../member-events.js'
import { pathOf, retryDelay } from '../member-snapshot.js'

export const wayIn: readonly Rule<MemberChart>[] = [
  story('coordinator, an id, the group, the assignment, the application', (chart) => {
    const first = chart.effects(chart.start(), subscribe)
    has(first, { at: 'joining.findingCoordinator', stopped: [] })
    same(
      first.started.map(({ src }) => src),
      ['findCoordinator'],
    )

    const asking = chart.effects(first.snapshot, found)
    has(asking.started, [
      {
        src: 'joinGroup',
        input: { memberId: '', generation: -1, topics: ['a'], reason: 'this member joins' },
      },
    ])
    const idGiven = done('joinGroup', { tag: 'memberIdRequired', memberId: 'm' })
    const again = chart.effects(asking.snapshot, idGiven)
    has(again.started, [{ src: 'joinGroup', input: { memberId: 'm' } }])

    const syncing = chart.effects(again.snapshot, done('joinGroup', joined(4)))
    same(syncing.at, 'syncing.requesting')
    has(syncing.started, [
      { src: 'heartbeat', input: { memberId: 'm', generation: 4 } },
      { src: 'syncGroup', input: { memberId: 'm', generation: 4, withAssignment: false } },
    ])
    const applying = chart.effects(syncing.snapshot, synced(a(1), a(0)))
    has(applying.started, [
      { src: 'assignPartitions', input: { partitions: [a(0), a(1)], generation: 4 } },
    ])
    const end = chart.effects(applying.snapshot, called('assignPartitions'))
    has(end, { at: 'stable', started: [], stopped: [] })
    const { owned, adding, attempt, rebalances } = end.snapshot.context
    same({ owned, adding }, { owned: [a(0), a(1)], adding: [] })
    same({ attempt, rebalances }, { attempt: 0, rebalances: 1 })
  }),

  story(
    'a group leader computes first and sends the assignment, unless it is told to keep it',
    (chart) => {
      const asking = chart.play(chart.start(), subscribe, found)
      const leader = chart.effects(asking, done('joinGroup', joined(1, { isLeader: true })))
      has(leader.started, [
        { src: 'heartbeat' },
        { src: 'computeAssignment', input: { protocol: 'range' } },
      ])
      const computed = chart.effects(
        leader.snapshot,
        done('computeAssignment', { tag: 'computed' }),
      )
      has(computed.started, [{ src: 'syncGroup', input: { withAssignment: true } }])
      const keeping = done('joinGroup', joined(1, { isLeader: true, skipAssignment: true }))
      has(chart.effects(asking, keeping).started[1], {
        src: 'syncGroup',
        input: { withAssignment: false },
      })
    },
  ),

  story('retries wait longer each time, also when only the sync fails', (chart) => {
    let now = chart.play(chart.start(), subscribe)
    const waits: (number | undefined)[] = []
    for (let failures = 0; failures < 6; failures++) {
      const syncing = chart.play(now, found, done('joinGroup', joined(failures + 1)))
      const failed = chart.step(syncing, done('syncGroup', unavailable))
      same(pathOf(failed.snapshot.value), 'joining.backingOff')
      same(failed.snapshot.context.trouble, trouble)
      waits.push(retryDelay(failed.actions))
      now = chart.play(failed.snapshot, backoffElapsed)
    }
    same(waits, [100, 200, 400, 800, 1_000, 1_000])
    const well = chart.play(now, found, done('joinGroup', joined(9)), synced())
    has(well.context, { attempt: 0, trouble: null })
  }),
]
