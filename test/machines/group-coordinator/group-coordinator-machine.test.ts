import { describe, expect, test } from 'vitest'
import { emptyContext } from '../../../src/machines/group-coordinator/context.js'
import type { Output } from '../../../src/machines/group-coordinator/draft.js'
import { Draft } from '../../../src/machines/group-coordinator/draft.js'
import {
  begin,
  bytes,
  completingGroup,
  errorTo,
  expire,
  heartbeat,
  internal,
  join,
  joinReplyTo,
  leave,
  replies,
  run,
  settings,
  stableGroup,
  step,
  sync,
} from './chart-steps.js'

describe('one join, one sync, one rebalance', () => {
  test('a new group, step by step, as data', () => {
    const first = join({ newMemberId: 'a', reason: 'started' })
    let group = step(begin(), first)
    expect(group.path).toBe('preparingRebalance.initialDelay')
    expect(replies(group)).toEqual([])
    expect(group.started).toContainEqual(
      expect.objectContaining({ id: 'session:a', delay: 300_000 }),
    )

    const second = join({ newMemberId: 'b' })
    group = run(group, second, internal.delayElapsed)
    expect(group.path).toBe('preparingRebalance.initialDelay')
    group = step(group, internal.delayElapsed)
    expect(group.path).toBe('completingRebalance.awaitingSync')
    expect(joinReplyTo(group, first.requestId)).toEqual({
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
    expect(joinReplyTo(group, second.requestId)).toMatchObject({ leaderId: 'a', members: [] })
    expect(group.started.map(({ id, delay }) => [id, delay])).toEqual([
      ['session:a', 10_000],
      ['session:b', 10_000],
      ['sync', 60_000],
    ])

    const follower = sync('b', 1)
    group = step(group, follower)
    expect([replies(group), group.cancelled]).toEqual([[], ['session:b']])
    const leader = sync('a', 1, { assignments: [{ memberId: 'b', assignment: bytes('p0') }] })
    group = step(group, leader)
    expect(group.path).toBe('completingRebalance.storing')
    expect([replies(group), group.cancelled]).toEqual([[], ['session:a', 'sync']])
    group = step(group, internal.persisted())
    expect(group.path).toBe('stable.serving')
    expect(replies(group)).toMatchObject([
      { requestId: leader.requestId, error: null, assignment: '' },
      { requestId: follower.requestId, error: null, assignment: bytes('p0') },
    ])
    expect(group.started.map(({ id }) => id)).toEqual(['session:a', 'session:b'])
    expect(group.emitted.at(-1)).toEqual({
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
  })

  test('a member leaves, the others are asked to rejoin by their heartbeats', () => {
    let group = step(stableGroup(['a', 'b', 'c']), leave('c'))
    expect(group.path).toBe('preparingRebalance.awaitingMembers')
    const beat = heartbeat('b', 1)
    group = step(group, beat)
    expect(errorTo(group, beat.requestId)).toBe('REBALANCE_IN_PROGRESS')
    expect(group.timing).toEqual([
      { do: 'cancel', id: 'session:b' },
      { do: 'start', id: 'session:b' },
    ])
    const rejoins = [join({ memberId: 'b' }), join({ memberId: 'a' })]
    group = run(group, ...rejoins)
    expect(rejoins.map(({ requestId }) => joinReplyTo(group, requestId)?.generation)).toEqual([
      2, 2,
    ])
    expect(group.snapshot.context.leaderId).toBe('a')
  })
})

describe('a transition is pure', () => {
  test('the same step from the same snapshot gives the same, and leaves the snapshot alone', () => {
    const group = completingGroup(['a', 'b'])
    const before = JSON.stringify(group.snapshot.context)
    const event = join({ newMemberId: 'c' })
    const [one, two] = [step(group, event), step(group, event)]
    expect(one.snapshot.context).toEqual(two.snapshot.context)
    expect(one.emitted).toEqual(two.emitted)
    expect(JSON.stringify(group.snapshot.context)).toBe(before)
  })
})

describe('out of place', () => {
  test('an event that a state does not handle is recorded', () => {
    const group = step(stableGroup(['a']), expire('nobody'))
    expect(group.emitted).toEqual([{ type: 'ignored', event: 'session.expired' }])
    expect(step(group, { type: 'never.heard.of' }).emitted).toEqual([
      { type: 'ignored', event: 'never.heard.of' },
    ])
  })
})

test('causes are kept up to a hundred, and counted beyond', () => {
  const draft = new Draft(emptyContext('g', settings))
  for (let index = 0; index < 130; index++) {
    draft.because('member joined', { memberId: `m${index}`, clientId: 'c' })
  }
  expect(draft.context.causes.list).toHaveLength(100)
  expect(draft.context.causes.list[0]!.memberId).toBe('m0')
  expect(draft.context.causes.omitted).toBe(30)
  expect(draft.outputs satisfies Output[]).toEqual([])
})
