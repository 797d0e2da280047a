import { get } from '../../../../src/machines/group-coordinator/keyed.js'
import { storedGroup } from '../../../../src/machines/group-coordinator/stored-group.js'
import { has, type Rule, same, story } from '../../rule.js'
import {
  type CoordinatorChart,
  errorTo,
  idsOf,
  joinReplyTo,
  type Stepped,
  settings,
} from '../coordinator-chart.js'
import { internal, join } from '../group-requests.js'

type Chart = CoordinatorChart

const limited = { ...settings, maxSize: 3 }
const staticMember = (id: string) => ({ newMemberId: id, groupInstanceId: `i-${id}` })
const back = (id: string) => join({ newMemberId: `${id}2`, groupInstanceId: `i-${id}` })

const restore = ({ begin }: Chart, { snapshot: { context } }: Stepped): Stepped =>
  begin({ settings: context.settings, stored: storedGroup(context) })

/** Full with two static members, which are absent while a dynamic one rejoins. */
const withAbsentStatics = ({ begin, step, stableGroup }: Chart): Stepped =>
  step(
    stableGroup(['a', staticMember('b'), staticMember('c')], begin({ settings: limited })),
    join({ memberId: 'a' }),
  )

/** New members took the places of the absent ones, which come on top of the three. */
const fullWithoutStatics = (chart: Chart): Stepped =>
  chart.run(withAbsentStatics(chart), join({ newMemberId: 'd' }), join({ newMemberId: 'e' }))

const stableOverCapacity = (chart: Chart): Stepped =>
  chart.syncAll(chart.step(fullWithoutStatics(chart), internal.rebalanceTimedOut))

export const placesOfAbsentStatics: readonly Rule<Chart>[] = [
  story('is stable with more members than its limit, and takes no more', (chart) => {
    const group = stableOverCapacity(chart)
    same(group.path, 'stable.serving')
    same(idsOf(group), ['a', 'b', 'c', 'd', 'e'])
    const another = join({ newMemberId: 'f' })
    const after = chart.step(group, another)
    same(errorTo(after, another.requestId), 'GROUP_MAX_SIZE_REACHED')
    same(after.path, 'stable.serving')
  }),

  story('rebalances when it is restored, with all its members and their sessions', (chart) => {
    const group = stableOverCapacity(chart)
    const restored = restore(chart, group)
    same(restored.path, 'preparingRebalance.awaitingMembers')
    same(storedGroup(restored.snapshot.context), storedGroup(group.snapshot.context))
    same(restored.started.map(({ id }) => id).sort(), [
      ...['a', 'b', 'c', 'd', 'e'].map((id) => `session:${id}`),
      internal.rebalanceTimedOut.type,
    ])
    has(restored.snapshot.context.causes.list, [{ what: 'group over capacity' }])
  }),

  story('has room for the first that rejoin after the restore, static or not', (chart) => {
    const { run, step, syncAll } = chart
    const [c, e] = [back('c'), join({ memberId: 'e' })]
    const group = run(restore(chart, stableOverCapacity(chart)), c, e, join({ memberId: 'd' }))
    const [a, b] = [join({ memberId: 'a' }), back('b')]
    const turnedAwayA = step(group, a)
    const turnedAwayB = step(turnedAwayA, b)
    same(errorTo(turnedAwayA, a.requestId), 'GROUP_MAX_SIZE_REACHED')
    same(errorTo(turnedAwayB, b.requestId), 'GROUP_MAX_SIZE_REACHED')
    same(idsOf(turnedAwayB), ['b', 'c2', 'd', 'e'])
    const next = step(turnedAwayB, { type: 'session.expired', memberId: 'b' })
    same(next.path, 'completingRebalance.awaitingSync')
    same(joinReplyTo(next, c.requestId)?.generation, 3)
    same(restore(chart, syncAll(next)).path, 'stable.serving')
  }),
]

export const staticReturnsLate: readonly Rule<Chart>[] = [
  story('has lost its place if as many as may be are back', (chart) => {
    const late = back('b')
    const group = chart.step(fullWithoutStatics(chart), late)
    same(errorTo(group, late.requestId), 'GROUP_MAX_SIZE_REACHED')
    same(group.snapshot.context.awaitingJoin, 3)
    // As in Kafka its session, which an absent member does not renew, decides about the old id.
    same(get(group.snapshot.context.statics, 'i-b'), 'b')
    same(group.cancelled.includes('session:b'), false)
  }),

  story('takes the place of its old id if that one is back', (chart) => {
    const old = join({ memberId: 'b', groupInstanceId: 'i-b' })
    const full = chart.run(withAbsentStatics(chart), old, join({ newMemberId: 'd' }))
    const again = back('b')
    const group = chart.step(full, again)
    same(errorTo(group, old.requestId), 'FENCED_INSTANCE_ID')
    same(errorTo(group, again.requestId), undefined)
    same(group.snapshot.context.awaitingJoin, 3)
    same(get(group.snapshot.context.statics, 'i-b'), 'b2')
  }),
]

const restoredSizes = [
  [3, 'stable.serving'],
  [4, 'preparingRebalance.awaitingMembers'],
] as const

export const loweredLimit: readonly Rule<Chart>[] = restoredSizes.map(([size, path]) =>
  story(`${size} members restored with a limit lowered to three: ${path}`, (chart) => {
    const group = chart.stableGroup(['a', 'b', 'c', 'd'].slice(0, size))
    const stored = storedGroup(group.snapshot.context)
    same(chart.begin({ settings: limited, stored }).path, path)
  }),
)
