import { describe, expect, test } from 'vitest'
import { kafkaErrorName } from '../../../src/transport/protocol/kafka-errors.js'
import { errorOf, GroupWorld } from './group-world.js'

const delayed = () => new GroupWorld({ groupInitialRebalanceDelayMs: 10 })

describe('LeaveGroup', () => {
  test('takes a member out at once; the others rebalance and know why', () => {
    const world = delayed()
    const [a, b] = world.stable(2) as [string, string]
    const call = world.call('LeaveGroup', {
      groupId: 'g',
      members: [{ memberId: a, reason: 'the consumer is being closed' }],
    })
    expect(call.response).toMatchObject({ errorCode: 0, members: [{ memberId: a, errorCode: 0 }] })
    expect(world.heartbeat(a, 1)).toBe('UNKNOWN_MEMBER_ID')
    expect(world.heartbeat(b, 1)).toBe('REBALANCE_IN_PROGRESS')
    expect(world.join({ memberId: b }).response).toMatchObject({ leader: b, generationId: 2 })
    world.syncAll([b])
    expect(world.rebalances.at(-1)!.cause).toEqual([
      {
        what: 'member left',
        memberId: a,
        clientId: 'client',
        reason: 'the consumer is being closed',
      },
    ])
  })

  test('of the last member empties the group at once', () => {
    const world = delayed()
    const [a] = world.stable(1) as [string]
    expect(world.leave(a)).toBe('NONE')
    expect(world.groups.describe('g')).toMatchObject({ state: 'empty', generation: 2 })
  })

  test('of whom a rebalance waits for, completes it', () => {
    const world = delayed()
    const [a, b] = world.stable(2) as [string, string]
    const rejoined = world.join({ memberId: a })
    expect(rejoined.answers).toBe(0)
    world.leave(b)
    expect(rejoined.response).toMatchObject({ generationId: 2 })
  })

  test('with a JoinGroup parked answers that too', () => {
    const world = delayed()
    const [a, b] = world.stable(2) as [string, string]
    const parked = world.join({ memberId: a })
    world.leave(a)
    expect(parked.response).toMatchObject({ memberId: '' })
    expect(errorOf(parked)).toBe('UNKNOWN_MEMBER_ID')
    expect(world.heartbeat(b, 1)).toBe('REBALANCE_IN_PROGRESS')
  })

  test('of an id only given out is no rebalance', () => {
    const world = delayed()
    const [a] = world.stable(1) as [string]
    const pending = world.join().response!.memberId
    expect(world.leave(pending)).toBe('NONE')
    expect(world.heartbeat(a, 1)).toBe('NONE')
    expect(errorOf(world.join({ memberId: pending }))).toBe('UNKNOWN_MEMBER_ID')
  })

  test('from v3 on takes many, each with its own answer', () => {
    const world = delayed()
    const statics = ['i-0', 'i-1'].map((groupInstanceId) => world.join({ groupInstanceId }))
    const dynamic = world.enter()
    world.time.runFor(100)
    const [a, b] = statics.map(({ response }) => response!.memberId) as [string, string]
    world.syncAll([a, b, dynamic.memberId])
    const call = world.call('LeaveGroup', {
      groupId: 'g',
      members: [
        { memberId: '', groupInstanceId: 'i-0' },
        { memberId: '', groupInstanceId: 'i-0' },
        { memberId: 'other', groupInstanceId: 'i-1' },
        { memberId: dynamic.memberId },
        { memberId: 'stranger' },
        { memberId: '' },
      ],
    })
    expect(call.response!.members.map(({ errorCode }) => kafkaErrorName(errorCode))).toEqual([
      'NONE',
      'UNKNOWN_MEMBER_ID',
      'FENCED_INSTANCE_ID',
      'NONE',
      'UNKNOWN_MEMBER_ID',
      'UNKNOWN_MEMBER_ID',
    ])
    expect(world.groups.describe('g')!.members.map(({ memberId }) => memberId)).toEqual([b])
  })

  test.each([0, 1, 2])('in v%i answers for its one member', (version) => {
    const world = delayed()
    const [a] = world.stable(1) as [string]
    const leave = (memberId: string) =>
      errorOf(world.call('LeaveGroup', { groupId: 'g', memberId }, { version }))
    expect(leave('stranger')).toBe('UNKNOWN_MEMBER_ID')
    expect(leave(a)).toBe('NONE')
    expect(errorOf(world.call('LeaveGroup', { groupId: 'none', memberId: a }, { version }))).toBe(
      'UNKNOWN_MEMBER_ID',
    )
  })

  test('of a group that is not there', () => {
    const world = delayed()
    expect(world.leave('a')).toBe('UNKNOWN_MEMBER_ID')
    expect(errorOf(world.call('LeaveGroup', { groupId: '', members: [{ memberId: 'a' }] }))).toBe(
      'INVALID_GROUP_ID',
    )
  })
})
