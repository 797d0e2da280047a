import { describe, expect, test } from 'vitest'
import { get } from '../../../src/machines/group-coordinator/keyed.js'
import { storedGroup } from '../../../src/machines/group-coordinator/stored-group.js'
import {
  begin,
  errorTo,
  idsOf,
  internal,
  join,
  joinReplyTo,
  run,
  type Stepped,
  settings,
  stableGroup,
  step,
  syncAll,
} from './chart-steps.js'

const limited = { ...settings, maxSize: 3 }
const staticMember = (id: string) => ({ newMemberId: id, groupInstanceId: `i-${id}` })
const back = (id: string) => join({ newMemberId: `${id}2`, groupInstanceId: `i-${id}` })

const restore = ({ snapshot: { context } }: Stepped): Stepped =>
  begin({ settings: context.settings, stored: storedGroup(context) })

/** Full with two static members, which are absent while a dynamic one rejoins. */
const withAbsentStatics = (): Stepped =>
  step(
    stableGroup(['a', staticMember('b'), staticMember('c')], begin({ settings: limited })),
    join({ memberId: 'a' }),
  )

/** New members took the places of the absent ones, which come on top of the three. */
const fullWithoutStatics = (): Stepped =>
  run(withAbsentStatics(), join({ newMemberId: 'd' }), join({ newMemberId: 'e' }))

const stableOverCapacity = (): Stepped =>
  syncAll(step(fullWithoutStatics(), internal.rebalanceTimedOut))

describe('a group with places taken while static members were absent', () => {
  test('is stable with more members than its limit, and takes no more', () => {
    const group = stableOverCapacity()
    expect(group.path).toBe('stable.serving')
    expect(idsOf(group)).toEqual(['a', 'b', 'c', 'd', 'e'])
    const another = join({ newMemberId: 'f' })
    const after = step(group, another)
    expect(errorTo(after, another.requestId)).toBe('GROUP_MAX_SIZE_REACHED')
    expect(after.path).toBe('stable.serving')
  })

  test('rebalances when it is restored, with all its members and their sessions', () => {
    const group = stableOverCapacity()
    const restored = restore(group)
    expect(restored.path).toBe('preparingRebalance.awaitingMembers')
    expect(storedGroup(restored.snapshot.context)).toEqual(storedGroup(group.snapshot.context))
    expect(restored.started.map(({ id }) => id).sort()).toEqual([
      ...['a', 'b', 'c', 'd', 'e'].map((id) => `session:${id}`),
      internal.rebalanceTimedOut.type,
    ])
    expect(restored.snapshot.context.causes.list).toMatchObject([{ what: 'group over capacity' }])
  })

  test('has room for the first that rejoin after the restore, static or not', () => {
    const [c, e] = [back('c'), join({ memberId: 'e' })]
    const group = run(restore(stableOverCapacity()), c, e, join({ memberId: 'd' }))
    const [a, b] = [join({ memberId: 'a' }), back('b')]
    const turnedAwayA = step(group, a)
    const turnedAwayB = step(turnedAwayA, b)
    expect(errorTo(turnedAwayA, a.requestId)).toBe('GROUP_MAX_SIZE_REACHED')
    expect(errorTo(turnedAwayB, b.requestId)).toBe('GROUP_MAX_SIZE_REACHED')
    expect(idsOf(turnedAwayB)).toEqual(['b', 'c2', 'd', 'e'])
    const next = step(turnedAwayB, { type: 'session.expired', memberId: 'b' })
    expect(next.path).toBe('completingRebalance.awaitingSync')
    expect(joinReplyTo(next, c.requestId)?.generation).toBe(3)
    expect(restore(syncAll(next)).path).toBe('stable.serving')
  })
})

describe('a static member that comes back under a new id while members rejoin', () => {
  test('has lost its place if as many as may be are back', () => {
    const late = back('b')
    const group = step(fullWithoutStatics(), late)
    expect(errorTo(group, late.requestId)).toBe('GROUP_MAX_SIZE_REACHED')
    expect(group.snapshot.context.awaitingJoin).toBe(3)
    // As in Kafka its session, which an absent member does not renew, decides about the old id.
    expect(get(group.snapshot.context.statics, 'i-b')).toBe('b')
    expect(group.cancelled).not.toContain('session:b')
  })

  test('takes the place of its old id if that one is back', () => {
    const old = join({ memberId: 'b', groupInstanceId: 'i-b' })
    const full = run(withAbsentStatics(), old, join({ newMemberId: 'd' }))
    const again = back('b')
    const group = step(full, again)
    expect(errorTo(group, old.requestId)).toBe('FENCED_INSTANCE_ID')
    expect(errorTo(group, again.requestId)).toBeUndefined()
    expect(group.snapshot.context.awaitingJoin).toBe(3)
    expect(get(group.snapshot.context.statics, 'i-b')).toBe('b2')
  })
})

test.each([
  [3, 'stable.serving'],
  [4, 'preparingRebalance.awaitingMembers'],
])('%i members restored with a limit lowered to three: %s', (size, path) => {
  const group = stableGroup(['a', 'b', 'c', 'd'].slice(0, size))
  const stored = storedGroup(group.snapshot.context)
  expect(begin({ settings: limited, stored }).path).toBe(path)
})
