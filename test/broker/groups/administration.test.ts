import { describe, expect, test } from 'vitest'
import { kafkaErrorName } from '../../../src/transport/protocol/kafka-errors.js'
import { errorOf, GroupWorld, subscription } from './group-world.js'

const delayed = () => new GroupWorld({ groupInitialRebalanceDelayMs: 1_000 })

describe('DescribeGroups', () => {
  const describeGroup = (world: GroupWorld, groupId = 'g', version = 6) =>
    world.call(
      'DescribeGroups',
      { groups: [groupId], includeAuthorizedOperations: version >= 3 },
      {
        version,
      },
    ).response!.groups[0]!

  test('shows a stable group with metadata and assignments', () => {
    const world = delayed()
    const a = world.enter()
    expect(describeGroup(world)).toMatchObject({
      groupState: 'PreparingRebalance',
      protocolData: '',
      members: [{ memberId: a.memberId, memberMetadata: Buffer.alloc(0) }],
    })
    world.time.runFor(1_000)
    expect(describeGroup(world).groupState).toBe('CompletingRebalance')
    world.syncAll([a.memberId])
    expect(describeGroup(world)).toEqual({
      errorCode: 0,
      errorMessage: null,
      groupId: 'g',
      groupState: 'Stable',
      protocolType: 'consumer',
      protocolData: 'range',
      members: [
        {
          memberId: a.memberId,
          groupInstanceId: null,
          clientId: 'client',
          clientHost: '/127.0.0.1',
          memberMetadata: subscription('events'),
          memberAssignment: Buffer.from(`${a.memberId}@1`),
        },
      ],
      authorizedOperations: 328,
    })
    world.leave(a.memberId)
    expect(describeGroup(world)).toMatchObject({ groupState: 'Empty', members: [] })
  })

  test('a group that is not there', () => {
    const world = delayed()
    expect(describeGroup(world, 'none', 5)).toMatchObject({ errorCode: 0, groupState: 'Dead' })
    const newer = describeGroup(world, 'none', 6)
    expect(kafkaErrorName(newer.errorCode)).toBe('GROUP_ID_NOT_FOUND')
    expect(newer).toMatchObject({ groupState: 'Dead', errorMessage: 'Group none not found.' })
  })
})

describe('ListGroups', () => {
  test('filters by state and type', () => {
    const world = delayed()
    world.enter({ groupId: 'waiting' })
    const { memberId } = world.enter({ groupId: 'running' })
    world.time.runFor(500)
    world.enter({ groupId: 'late' })
    world.time.runFor(600)
    world.sync(memberId, 1, {}, { groupId: 'running' })
    const list = (statesFilter: string[], typesFilter: string[] = [], version = 5) =>
      world.call(
        'ListGroups',
        version >= 5 ? { statesFilter, typesFilter } : { statesFilter: [], typesFilter: [] },
        { version },
      ).response!.groups
    expect(list(['stable'])).toEqual([
      {
        groupId: 'running',
        protocolType: 'consumer',
        groupState: 'Stable',
        groupType: 'classic',
      },
    ])
    expect(
      list(['PreparingRebalance', 'COMPLETINGREBALANCE']).map(({ groupId }) => groupId),
    ).toEqual(['waiting', 'late'])
    expect(list([], ['Classic'])).toHaveLength(3)
    expect(list([], ['consumer'])).toEqual([])
    expect(list([], [], 0)).toHaveLength(3)
  })

  test('forgets a group that came to nothing', () => {
    const world = delayed()
    const list = () =>
      world.call('ListGroups', { statesFilter: [], typesFilter: [] }).response!.groups.length
    world.join()
    expect(list()).toBe(1)
    world.time.runFor(10_000)
    expect(list()).toBe(0)
  })
})

describe('DeleteGroups', () => {
  const remove = (world: GroupWorld, ...groupsNames: string[]) =>
    world.call('DeleteGroups', { groupsNames })
  const results = (call: ReturnType<typeof remove>) =>
    call.response!.results.map(({ errorCode }) => kafkaErrorName(errorCode))

  test('takes a group without members, with its offsets', () => {
    const world = delayed()
    const a = world.enter()
    world.time.runFor(1_000)
    world.syncAll([a.memberId])
    world.commit(a.memberId, 1, 5)
    expect(results(remove(world, 'g', 'none'))).toEqual(['NON_EMPTY_GROUP', 'GROUP_ID_NOT_FOUND'])
    world.leave(a.memberId)
    expect(results(remove(world, 'g'))).toEqual(['NONE'])
    expect(world.committed()).toBe(-1)
    expect(world.groups.describe('g')).toBeUndefined()
    expect(results(remove(world, 'g'))).toEqual(['GROUP_ID_NOT_FOUND'])
    world.restart()
    expect(world.groups.describe('g')).toBeUndefined()
  })

  test('is durable before it is answered; if it fails, the group is back', () => {
    const world = delayed()
    world.commit('', -1, 5)
    world.failWrites = true
    expect(results(remove(world, 'g'))).toEqual(['NOT_COORDINATOR'])
    expect([world.state, world.committed()]).toEqual(['empty', 5])
    world.failWrites = false
    world.writeDelayMs = 100
    const call = remove(world, 'g')
    world.time.runFor(99)
    expect(call.answers).toBe(0)
    world.time.runFor(2)
    expect(results(call)).toEqual(['NONE'])
  })

  test('ends an id given out to nobody yet', () => {
    const world = delayed()
    const pending = world.join().response!.memberId
    expect(results(remove(world, 'g'))).toEqual(['NONE'])
    expect(errorOf(world.join({ memberId: pending }))).toBe('UNKNOWN_MEMBER_ID')
  })
})

describe('FindCoordinator', () => {
  test.each([0, 1, 3])('v%i asks for one key', (version) => {
    const { response } = delayed().call('FindCoordinator', { key: 'g' }, { version })
    expect(response).toMatchObject({ errorCode: 0, nodeId: 1, host: 'localhost', port: 9092 })
  })

  test('v4 on asks for many', () => {
    const { response } = delayed().call('FindCoordinator', { coordinatorKeys: ['g', 'h'] })
    expect(response!.coordinators).toMatchObject([
      { key: 'g', nodeId: 1, host: 'localhost', port: 9092, errorCode: 0 },
      { key: 'h', nodeId: 1 },
    ])
  })

  test('has none for transactions and share groups, and says so for good', () => {
    const ask = (keyType: number) =>
      delayed().call('FindCoordinator', { keyType, coordinatorKeys: ['k'] }).response!
        .coordinators[0]!
    expect(kafkaErrorName(ask(1).errorCode)).toBe('TRANSACTIONAL_ID_AUTHORIZATION_FAILED')
    expect(ask(1).errorMessage).toContain('no transactions')
    expect(kafkaErrorName(ask(2).errorCode)).toBe('INVALID_REQUEST')
    const { response } = delayed().call('FindCoordinator', { key: 'k', keyType: 1 }, { version: 3 })
    expect(response).toMatchObject({ nodeId: -1, host: '', port: -1 })
  })
})
