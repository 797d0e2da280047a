import { describe, expect, test } from 'vitest'
import {
  begin, bytes, commit, completingGroup, errorTo, expire, heartbeat, idsOf, internal, join,
  joinReplyTo, leave, preparingGroup, replies, run, settings, stableGroup, step, sync, syncAll,
} from './chart-steps.js'

describe('one join, one sync, one rebalance', () => {
  test('walks from empty to stable', () => {
    const first = join({ newMemberId: 'a', reason: 'started' })
    let group = step(begin(), first)
    expect(group.path).toBe('preparingRebalance.initialDelay')
    expect(replies(group)).toEqual([])
    expect(group.started).toContainEqual(expect.objectContaining({ id: 'session:a', delay: 300_000 }))

    const second = join({ newMemberId: 'b' })
    group = step(group, second)
    group = step(group, internal.delayElapsed)
    expect(group.path).toBe('preparingRebalance.initialDelay')
    group = step(group, internal.delayElapsed)
    expect(group.path).toBe('completingRebalance.awaitingSync')
    expect(joinReplyTo(group, first.requestId)).toMatchObject({
      error: null, generation: 1, memberId: 'a', leaderId: 'a', protocolName: 'range',
      members: [{ memberId: 'a', metadata: bytes('m') }, { memberId: 'b' }],
    })
    expect(joinReplyTo(group, second.requestId)).toMatchObject({ leaderId: 'a', members: [] })
    expect(group.started).toContainEqual(expect.objectContaining({ id: 'session:b', delay: 10_000 }))
    expect(group.started).toContainEqual(expect.objectContaining({ id: 'sync', delay: 60_000 }))

    const follower = sync('b', 1)
    group = step(group, follower)
    expect(replies(group)).toEqual([])
    const leader = sync('a', 1, { assignments: [{ memberId: 'b', assignment: bytes('p0') }] })
    group = step(group, leader)
    expect(group.path).toBe('completingRebalance.storing')
    expect(replies(group)).toEqual([])
    group = step(group, internal.persisted())
    expect(group.path).toBe('stable.serving')
    expect(replies(group)).toMatchObject([
      { requestId: leader.requestId, error: null, assignment: '' },
      { requestId: follower.requestId, error: null, assignment: bytes('p0') },
    ])
    expect(group.emitted.at(-1)).toMatchObject({
      type: 'rebalanced',
      members: 2,
      rebalance: {
        generation: 1,
        cause: [
          { what: 'member joined', memberId: 'a', clientId: 'client', reason: 'started' },
          { what: 'member joined', memberId: 'b' },
        ],
      },
    })
  })
  test('smoke stable', () => {
    expect(stableGroup(['a','b','c']).path).toBe('stable.serving')
  })
})
