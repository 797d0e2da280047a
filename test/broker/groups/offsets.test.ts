import { describe, expect, test } from 'vitest'
import { kafkaErrorName } from '../../../src/transport/protocol/kafka-errors.js'
import { GroupWorld } from './group-world.js'

const world = () => new GroupWorld({ groupInitialRebalanceDelayMs: 10 })

type Partitions = readonly (readonly [topic: string, partition: number, metadata?: string | null])[]

const commitAll = (
  asked: GroupWorld,
  partitions: Partitions,
  { groupId = 'g', memberId = '', generation = -1, version = 9, offset = 7 } = {},
) =>
  asked.call(
    'OffsetCommit',
    {
      groupId,
      memberId,
      generationIdOrMemberEpoch: generation,
      topics: partitions.map(([name, partitionIndex, committedMetadata = null]) => ({
        name,
        partitions: [
          { partitionIndex, committedOffset: offset, committedLeaderEpoch: 3, committedMetadata },
        ],
      })),
    },
    { version },
  )

const errors = (call: ReturnType<typeof commitAll>): string[] =>
  call.response!.topics.flatMap(({ partitions }) =>
    partitions.map(({ errorCode }) => kafkaErrorName(errorCode)),
  )

describe('OffsetCommit', () => {
  test('by a member, in its generation only', () => {
    const asked = world()
    const [a] = asked.stable(1) as [string]
    expect(asked.commit(a, 1, 5)).toBe('NONE')
    expect(asked.commit(a, 0, 6)).toBe('ILLEGAL_GENERATION')
    expect(asked.commit(a, 2, 6)).toBe('ILLEGAL_GENERATION')
    expect(asked.commit(a, -1, 6)).toBe('ILLEGAL_GENERATION')
    expect(asked.commit('stranger', 1, 6)).toBe('UNKNOWN_MEMBER_ID')
    expect(asked.commit('', -1, 6)).toBe('UNKNOWN_MEMBER_ID')
    expect(asked.committed()).toBe(5)
  })

  test('is still taken while members rejoin, and not before SyncGroup', () => {
    const asked = world()
    const [a, b] = asked.stable(2) as [string, string]
    asked.join({ memberId: a })
    expect(asked.commit(b, 1, 8)).toBe('NONE')
    asked.join({ memberId: b })
    expect(asked.commit(b, 1, 9)).toBe('ILLEGAL_GENERATION')
    expect(asked.commit(b, 2, 9)).toBe('REBALANCE_IN_PROGRESS')
    asked.syncAll([a, b])
    expect(asked.commit(b, 2, 9)).toBe('NONE')
    expect(asked.committed()).toBe(9)
  })

  test('without membership makes a group, and goes on as long as it has no members', () => {
    const asked = world()
    expect(errors(commitAll(asked, [['events', 2]]))).toEqual(['NONE'])
    expect(asked.committed('g', 2)).toBe(7)
    expect(asked.groups.describe('g')).toMatchObject({ state: 'empty', generation: 0 })
    asked.stable(1)
    expect(errors(commitAll(asked, [['events', 2]]))).toEqual(['UNKNOWN_MEMBER_ID'])
    asked.restart()
    expect(asked.committed('g', 2)).toBe(7)
  })

  test('with a generation, for a group that is not there', () => {
    const asked = world()
    const by = (version: number) =>
      errors(commitAll(asked, [['events', 0]], { memberId: 'm', generation: 1, version }))
    expect(by(8)).toEqual(['ILLEGAL_GENERATION'])
    expect(by(9)).toEqual(['GROUP_ID_NOT_FOUND'])
    expect(asked.groups.describe('g')).toBeUndefined()
  })

  test('each partition has its own error, and a wrong one leaves nothing (KAFKA-16371)', () => {
    const asked = world()
    const call = commitAll(asked, [
      ['events', 0],
      ['events', 4],
      ['events', -1],
      ['nowhere', 0],
      ['events', 1, 'm'.repeat(4_097)],
      ['events', 2, 'm'.repeat(4_096)],
    ])
    expect(errors(call)).toEqual([
      'NONE',
      'UNKNOWN_TOPIC_OR_PARTITION',
      'UNKNOWN_TOPIC_OR_PARTITION',
      'UNKNOWN_TOPIC_OR_PARTITION',
      'OFFSET_METADATA_TOO_LARGE',
      'NONE',
    ])
    const all = asked.call('OffsetFetch', { groups: [{ groupId: 'g', topics: null }] })
    expect(all.response!.groups[0]!.topics).toMatchObject([
      { name: 'events', partitions: [{ partitionIndex: 0 }, { partitionIndex: 2 }] },
    ])
  })

  test('of nothing but unknown partitions makes no group', () => {
    const asked = world()
    expect(errors(commitAll(asked, [['nowhere', 0]]))).toEqual(['UNKNOWN_TOPIC_OR_PARTITION'])
    expect(asked.groups.describe('g')).toBeUndefined()
  })

  test('is durable before it is answered, and all of a request or nothing', () => {
    const asked = world()
    asked.writeDelayMs = 100
    const lost = commitAll(asked, [
      ['events', 0],
      ['events', 1],
    ])
    asked.time.runFor(99)
    expect(lost.answers).toBe(0)
    expect(asked.committed()).toBe(-1)
    asked.crash()
    expect(asked.committed()).toBe(-1)
    expect(asked.groups.describe('g')).toBeUndefined()
    const kept = commitAll(asked, [
      ['events', 0],
      ['events', 1],
    ])
    asked.time.runFor(101)
    expect(errors(kept)).toEqual(['NONE', 'NONE'])
    asked.crash()
    expect([asked.committed('g', 0), asked.committed('g', 1)]).toEqual([7, 7])
    expect(asked.groups.describe('g')!.state).toBe('empty')
  })

  test('that cannot be stored says so', () => {
    const asked = world()
    asked.failWrites = true
    expect(errors(commitAll(asked, [['events', 0]]))).toEqual(['NOT_COORDINATOR'])
    expect(asked.committed()).toBe(-1)
  })

  test('whose client hangs up is stored all the same', () => {
    const asked = world()
    asked.writeDelayMs = 100
    const call = commitAll(asked, [['events', 0]])
    call.drop()
    asked.time.runFor(101)
    expect(call.answers).toBe(0)
    expect(asked.committed()).toBe(7)
  })

  test.each([2, 5, 6, 7, 8, 9])('v%i', (version) => {
    const asked = world()
    expect(errors(commitAll(asked, [['events', 0, 'here']], { version }))).toEqual(['NONE'])
    const { response } = asked.call('OffsetFetch', {
      groups: [{ groupId: 'g', topics: [{ name: 'events', partitionIndexes: [0] }] }],
    })
    expect(response!.groups[0]!.topics[0]!.partitions[0]).toEqual({
      partitionIndex: 0,
      committedOffset: 7,
      committedLeaderEpoch: version >= 6 ? 3 : -1,
      metadata: 'here',
      errorCode: 0,
    })
  })
})

describe('OffsetFetch', () => {
  const asked = world()
  commitAll(asked, [
    ['events', 1],
    ['events', 0],
  ])
  commitAll(asked, [['events', 3]], { groupId: 'g","events' })
  commitAll(asked, [['events', 2]], { groupId: '' })

  test.each([1, 2, 3, 5, 7])('v%i asks for one group', (version) => {
    const { response } = asked.call(
      'OffsetFetch',
      { groupId: 'g', topics: [{ name: 'events', partitionIndexes: [0, 2] }] },
      { version },
    )
    expect(response!.topics).toEqual([
      {
        name: 'events',
        partitions: [
          {
            partitionIndex: 0,
            committedOffset: 7,
            committedLeaderEpoch: version >= 5 ? 3 : -1,
            metadata: '',
            errorCode: 0,
          },
          {
            partitionIndex: 2,
            committedOffset: -1,
            committedLeaderEpoch: -1,
            metadata: '',
            errorCode: 0,
          },
        ],
      },
    ])
    expect(response!.errorCode).toBe(0)
  })

  test('null asks for all that the group committed, and not for what another did', () => {
    const { response } = asked.call('OffsetFetch', { groupId: 'g', topics: null }, { version: 7 })
    expect(response!.topics).toMatchObject([
      { name: 'events', partitions: [{ partitionIndex: 0 }, { partitionIndex: 1 }] },
    ])
    expect(response!.topics[0]!.partitions).toHaveLength(2)
  })

  test.each([8, 9])('v%i asks for several groups, also for none that exists', (version) => {
    const { response } = asked.call(
      'OffsetFetch',
      {
        groups: [
          { groupId: 'none', topics: null },
          { groupId: 'none', topics: [{ name: 'nowhere', partitionIndexes: [0] }] },
          { groupId: 'g","events', topics: null },
          { groupId: '', topics: null },
        ],
        requireStable: true,
      },
      { version },
    )
    expect(response!.groups).toMatchObject([
      { groupId: 'none', topics: [], errorCode: 0 },
      { topics: [{ name: 'nowhere', partitions: [{ committedOffset: -1, errorCode: 0 }] }] },
      { topics: [{ name: 'events', partitions: [{ partitionIndex: 3, committedOffset: 7 }] }] },
      { topics: [{ name: 'events', partitions: [{ partitionIndex: 2, committedOffset: 7 }] }] },
    ])
  })
})

describe('a topic that is deleted', () => {
  test('takes what all groups committed for it', () => {
    const asked = world()
    asked.topics.set('orders', 1)
    for (const groupId of ['g', 'h'])
      commitAll(
        asked,
        [
          ['events', 0],
          ['orders', 0],
        ],
        { groupId },
      )
    asked.run(asked.groups.topicDeleted('events'))
    expect([asked.committed('g'), asked.committed('h')]).toEqual([-1, -1])
    const all = asked.call('OffsetFetch', { groups: [{ groupId: 'h', topics: null }] })
    expect(all.response!.groups[0]!.topics).toMatchObject([{ name: 'orders' }])
  })
})
