import * as Effect from 'effect/Effect'
import { describe, expect, test } from 'vitest'
import { joinGroup } from '../../../src/consumer/group/join.js'
import { GroupLeader } from '../../../src/consumer/group/leader.js'
import { syncGroup } from '../../../src/consumer/group/sync.js'
import { StreamBusError } from '../../../src/domain/errors.js'
import type { TopicPartition } from '../../../src/domain/topic-partition.js'
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from '../../../src/transport/protocol/consumer-protocol.js'
import { kafkaErrorName, kafkaErrors } from '../../../src/transport/protocol/kafka-errors.js'
import type { ResponseInput } from '../../../src/transport/protocol/registry.js'
import { code, type Script, unreachable } from '../fixtures/fake-transport.js'
import { groupClient } from '../fixtures/group.js'
import { begin, finish } from '../fixtures/parts.js'

const allCodes = [...Object.values(kafkaErrors), 134, 999, -2]
const tp = (partition: number, topic = 'events') => ({ topic, partition })
const asking = { memberId: 'm', generation: 3, topics: ['events'], owned: [], reason: 'a reason' }
const joined = (more: Partial<ResponseInput<'JoinGroup'>> = {}): ResponseInput<'JoinGroup'> => ({
  errorCode: 0,
  generationId: 4,
  protocolName: 'range',
  leader: 'm',
  memberId: 'm',
  members: [],
  ...more,
})

/** What each group-level code means, independently of how the client sorts them. */
const expectedTag = (errorCode: number): string => {
  const name = kafkaErrorName(errorCode)
  if (name === 'UNKNOWN_MEMBER_ID' || name === 'ILLEGAL_GENERATION') return 'memberUnknown'
  if (name === 'REBALANCE_IN_PROGRESS') return 'rebalancing'
  if (/COORDINATOR|^UNKNOWN_ERROR_CODE/.test(name) && !name.startsWith('TRANSACTION')) {
    return 'unavailable'
  }
  return 'other'
}

describe('JoinGroup', () => {
  const join = (script: Script, input = asking, options = {}) => {
    const world = groupClient(script, options)
    const outcome = finish(
      world.time,
      joinGroup(world.client, input, () => undefined),
    )
    return { ...world, outcome: outcome.value }
  }

  test('offers each strategy with the subscription, what is held, and the reason', () => {
    const { transport } = join(
      { JoinGroup: () => joined() },
      { ...asking, owned: [tp(1)] as never },
      {
        assignmentStrategy: ['cooperative-sticky', 'range'],
        groupInstanceId: 'static',
        rackId: 'r',
      },
    )
    const [body] = transport.of('JoinGroup')
    expect(body).toMatchObject({
      groupId: 'group',
      memberId: 'm',
      groupInstanceId: 'static',
      sessionTimeoutMs: 30_000,
      rebalanceTimeoutMs: 60_000,
      protocolType: 'consumer',
      reason: 'a reason',
    })
    expect(body!.protocols.map(({ name }) => name)).toEqual(['cooperative-sticky', 'range'])
    expect(decodeSubscription(body!.protocols[0]!.metadata)).toMatchObject({
      topics: ['events'],
      owned: [tp(1)],
      rackId: 'r',
    })
    // Beyond the rebalance timeout, which the coordinator may use up.
    expect(transport.asked[0]!.options).toMatchObject({ purpose: 'join', timeoutMs: 65_000 })
  })

  test('older versions get no reason and no static name; a long reason is cut', () => {
    const world = groupClient({ JoinGroup: () => joined() })
    world.transport.versions.set('JoinGroup', 4)
    const long = { ...asking, reason: 'x'.repeat(1_000) }
    finish(
      world.time,
      joinGroup(world.client, long, () => undefined),
    )
    world.transport.versions.set('JoinGroup', 9)
    finish(
      world.time,
      joinGroup(world.client, long, () => undefined),
    )
    const [old, recent] = world.transport.of('JoinGroup')
    expect(old!.reason).toBeNull()
    expect(recent!.reason).toHaveLength(255)
  })

  test('claims what it holds under the generation that it synced, not the one it missed (KAFKA-13419)', () => {
    const world = groupClient({ JoinGroup: () => joined() })
    world.client.lastGeneration = 1
    const input = { ...asking, generation: 2, owned: [tp(0)] }
    finish(
      world.time,
      joinGroup(world.client, input, () => undefined),
    )
    const [body] = world.transport.of('JoinGroup')
    expect(decodeSubscription(body!.protocols[0]!.metadata).generation).toBe(1)
  })

  test('hands on what the coordinator says, and the members to the leader', () => {
    const member = { memberId: 'm', groupInstanceId: null, metadata: Buffer.alloc(0) }
    const world = groupClient({ JoinGroup: () => joined({ members: [member] }) })
    let members: readonly unknown[] = []
    const { value } = finish(
      world.time,
      joinGroup(world.client, asking, (given) => {
        members = given
      }),
    )
    expect(value).toEqual({
      tag: 'joined',
      memberId: 'm',
      generation: 4,
      protocol: 'range',
      isLeader: true,
      skipAssignment: false,
      memberCount: 1,
    })
    expect(members).toHaveLength(1)
    expect(join({ JoinGroup: () => joined({ leader: 'other' }) }).outcome).toMatchObject({
      isLeader: false,
    })
  })

  test('MEMBER_ID_REQUIRED brings the id to come back with, once', () => {
    const errorCode = code('MEMBER_ID_REQUIRED')
    const world = groupClient({ JoinGroup: () => joined({ errorCode, memberId: 'new' }) })
    const ask = (memberId: string) =>
      finish(
        world.time,
        joinGroup(world.client, { ...asking, memberId }, () => undefined),
      ).value
    expect(ask('')).toEqual({ tag: 'memberIdRequired', memberId: 'new' })
    // A broker that does not take its own id is met with a pause, not with a loop.
    expect(ask('new')).toMatchObject({ tag: 'unavailable' })
  })

  test('every code becomes an outcome that the chart knows, unknown ones are tried again', () => {
    for (const errorCode of allCodes) {
      if (errorCode === 0 || errorCode === code('MEMBER_ID_REQUIRED')) continue
      const { outcome } = join({ JoinGroup: () => joined({ errorCode }) })
      const expected = expectedTag(errorCode)
      expect(['memberUnknown', 'unavailable', 'refused'], `${errorCode}`).toContain(outcome.tag)
      if (expected === 'memberUnknown') {
        expect(outcome).toEqual({ tag: 'memberUnknown', kafkaError: kafkaErrorName(errorCode) })
      }
      if (expected === 'unavailable') expect(outcome.tag, `${errorCode}`).toBe('unavailable')
      if (expected === 'rebalancing') expect(outcome.tag).toBe('unavailable')
    }
  })

  test('a configuration that the group refuses is fatal, and says what to do', () => {
    const errorCode = code('INCONSISTENT_GROUP_PROTOCOL')
    const { outcome } = join({ JoinGroup: () => joined({ errorCode }) })
    expect(outcome).toMatchObject({
      tag: 'refused',
      error: { code: 'GROUP_REFUSED', kafkaError: 'INCONSISTENT_GROUP_PROTOCOL' },
    })
    expect((outcome as { error: { message: string } }).error.message).toContain(
      'assignmentStrategy',
    )
  })

  test('no answer is no refusal: the coordinator is looked up and the id kept (KAFKA-13214)', () => {
    for (const failure of [unreachable(), 'silence'] as const) {
      const { outcome, transport } = join({ JoinGroup: () => failure })
      expect(outcome.tag).toBe('unavailable')
      expect(transport.forgotten).toBe(1)
    }
  })

  test('a static id that a crashed coordinator forgot is given up, one that synced is replaced', () => {
    const answer = { JoinGroup: () => joined({ errorCode: code('FENCED_INSTANCE_ID') }) }
    const options = { groupInstanceId: 'static' }
    expect(join(answer, asking, options).outcome).toEqual({
      tag: 'memberUnknown',
      kafkaError: 'UNKNOWN_MEMBER_ID',
    })
    const world = groupClient(answer, options)
    world.client.syncedAs = 'm'
    const { value } = finish(
      world.time,
      joinGroup(world.client, asking, () => undefined),
    )
    expect(value).toMatchObject({ tag: 'refused', error: { code: 'MEMBER_FENCED' } })
  })

  test('a contact for who holds none; who holds partitions has its heartbeats alone', () => {
    const contactWith = (owned: readonly TopicPartition[]): number => {
      const world = groupClient({ JoinGroup: () => joined() })
      world.time.runFor(100)
      world.client.lease.confirm(100)
      world.time.runFor(400)
      finish(
        world.time,
        joinGroup(world.client, { ...asking, owned }, () => undefined),
      )
      return world.client.lease.heardAt
    }
    expect(contactWith([])).toBe(500)
    // A repeated answer restarts no session at the coordinator (it counts from the lost one on).
    expect(contactWith([tp(0)])).toBe(100)
  })
})

describe('the leader', () => {
  const leading = (topics: Record<string, number>, errors: Record<string, number>) => {
    const world = groupClient()
    world.transport.topics.clear()
    for (const [topic, count] of Object.entries(topics)) world.transport.topics.set(topic, count)
    for (const [topic, error] of Object.entries(errors))
      world.transport.topicErrors.set(topic, error)
    const leader = new GroupLeader(world.client)
    const metadata = encodeSubscription({
      topics: ['events', 'other'],
      owned: [],
      generation: -1,
      rackId: null,
      userData: null,
    })
    leader.members = [{ memberId: 'm', groupInstanceId: null, metadata }]
    const compute = () => finish(world.time, leader.compute('range')).value
    return { ...world, leader, compute }
  }
  const assigned = (leader: GroupLeader) =>
    decodeAssignment(leader.assignments[0]!.assignment).partitions

  test('nobody goes without a topic whose partitions cannot be told at the moment', () => {
    const error = code('LEADER_NOT_AVAILABLE')
    const { leader, transport, compute } = leading({ events: 1, other: 0 }, { other: error })
    expect(compute()).toMatchObject({
      tag: 'unavailable',
      error: { kafkaError: 'LEADER_NOT_AVAILABLE', message: expect.stringContaining('other') },
    })
    transport.topics.set('other', 2)
    transport.topicErrors.clear()
    expect(compute()).toEqual({ tag: 'computed' })
    expect(assigned(leader)).toHaveLength(3)
  })

  test('known counts hold through passing trouble; a topic that is gone is left out', () => {
    const { leader, transport, compute } = leading({ events: 1, other: 2 }, {})
    compute()
    transport.topics.set('other', 0)
    transport.topicErrors.set('other', code('LEADER_NOT_AVAILABLE'))
    expect(compute()).toEqual({ tag: 'computed' })
    expect(assigned(leader)).toHaveLength(3)
    transport.topicErrors.set('other', code('UNKNOWN_TOPIC_OR_PARTITION'))
    expect(compute()).toEqual({ tag: 'computed' })
    expect(assigned(leader)).toHaveLength(1)
  })
})

describe('SyncGroup', () => {
  const input = {
    memberId: 'm',
    generation: 4,
    topics: ['events'],
    protocol: 'range',
    withAssignment: false,
  }
  const synced = (assignment: Buffer, errorCode = 0): ResponseInput<'SyncGroup'> => ({
    errorCode,
    assignment,
  })
  const sync = (script: Script, withAssignment = false) => {
    const world = groupClient(script)
    const given = [{ memberId: 'm', assignment: encodeAssignment([tp(0)]) }]
    const effect = syncGroup(world.client, { ...input, withAssignment }, given)
    return { ...world, outcome: finish(world.time, effect).value }
  }

  test('brings the part, and remembers the generation it belongs to', () => {
    const { outcome, client } = sync({
      SyncGroup: () => synced(encodeAssignment([tp(1), tp(0)])),
    })
    expect(outcome).toEqual({ tag: 'synced', assigned: [tp(0), tp(1)] })
    expect(client).toMatchObject({
      lastGeneration: 4,
      lastAssigned: [tp(0), tp(1)],
    })
    expect(client.lease.heardAt).toBe(0)
  })

  test('only the leader sends an assignment', () => {
    const answer = { SyncGroup: () => synced(encodeAssignment([])) }
    expect(sync(answer).transport.of('SyncGroup')[0]!.assignments).toEqual([])
    expect(sync(answer, true).transport.of('SyncGroup')[0]!.assignments).toHaveLength(1)
  })

  test('an empty assignment, as none at all, is nothing', () => {
    for (const bytes of [encodeAssignment([]), Buffer.alloc(0)]) {
      expect(sync({ SyncGroup: () => synced(bytes) }).outcome).toEqual({
        tag: 'synced',
        assigned: [],
      })
    }
  })

  test('topics that were not subscribed are not taken (kafkajs leaders deal theirs to all)', () => {
    const dealt = encodeAssignment([tp(0), tp(0, 'theirs')])
    expect(sync({ SyncGroup: () => synced(dealt) }).outcome).toMatchObject({ assigned: [tp(0)] })
  })

  test('an answer of so long ago that others may hold the partitions by now is not taken', () => {
    const late = Effect.as(Effect.sleep(31_000), synced(encodeAssignment([tp(0)])))
    for (const heartbeats of [false, true]) {
      const { time, client } = groupClient({ SyncGroup: () => late })
      const syncing = begin(time, syncGroup(client, input, []))
      time.runFor(20_000)
      if (heartbeats) client.lease.confirm(20_000)
      time.runFor(11_000)
      expect(syncing.value?.tag).toBe(heartbeats ? 'synced' : 'rebalancing')
      expect(client.lastGeneration).toBe(heartbeats ? 4 : -1)
    }
  })

  test('an assignment that cannot be read is refused by name, never half taken', () => {
    const { outcome, client } = sync({ SyncGroup: () => synced(Buffer.from([0, 0, 0xff, 1])) })
    expect(outcome).toMatchObject({ tag: 'refused' })
    expect(client.lastGeneration).toBe(-1)
  })

  test('every code becomes an outcome; nothing that failed is remembered', () => {
    for (const errorCode of allCodes) {
      if (errorCode === 0) continue
      const { outcome, client } = sync({ SyncGroup: () => synced(Buffer.alloc(0), errorCode) })
      const expected = expectedTag(errorCode)
      if (expected !== 'other') expect(outcome.tag, `${errorCode}`).toBe(expected)
      else expect(['unavailable', 'refused'], `${errorCode}`).toContain(outcome.tag)
      expect(client.lastGeneration).toBe(-1)
    }
  })
})

describe('LeaveGroup', () => {
  const identity = { memberId: 'm', generation: 4 }
  const leave = (script: Script, version = 5) => {
    const world = groupClient(script, { groupInstanceId: 'static' })
    world.transport.versions.set('LeaveGroup', version)
    return { ...world, outcome: finish(world.time, world.client.leave(identity, 'bye')).value }
  }

  test('names the member as the version wants it', () => {
    const answer = { LeaveGroup: () => ({ errorCode: 0, members: [] }) }
    expect(leave(answer).transport.of('LeaveGroup')[0]).toMatchObject({
      members: [{ memberId: 'm', groupInstanceId: 'static', reason: 'bye' }],
    })
    expect(leave(answer, 2).transport.of('LeaveGroup')[0]).toMatchObject({ memberId: 'm' })
  })

  test('no answer and no code keeps a member from leaving, nor for longer than a session', () => {
    for (const errorCode of allCodes) {
      const { outcome, transport } = leave({ LeaveGroup: () => ({ errorCode, members: [] }) })
      expect(['left', 'unavailable']).toContain(outcome.tag)
      expect(transport.of('LeaveGroup')).toHaveLength(outcome.tag === 'left' ? 1 : 3)
    }
    const { outcome, time, transport } = leave({ LeaveGroup: () => 'silence' })
    expect(outcome.tag).toBe('unavailable')
    expect(time.now).toBeLessThanOrEqual(30_000)
    expect(transport.of('LeaveGroup')).toHaveLength(3)
  })

  test('an idle connection that turns out to be dead is no reason to be waited for', () => {
    const closed = new StreamBusError('CONNECTION_CLOSED', 'it was half-open', { retriable: true })
    const { outcome, time, transport } = leave({
      LeaveGroup: (_, nth) => (nth === 0 ? closed : { errorCode: 0, members: [] }),
    })
    expect(outcome).toEqual({ tag: 'left' })
    expect(transport.of('LeaveGroup')).toHaveLength(2)
    expect(time.now).toBeLessThanOrEqual(100)
  })

  test('a coordinator that moved is looked for, and told', () => {
    const { outcome, transport } = leave({
      LeaveGroup: (_, nth) => ({
        errorCode: nth === 0 ? code('NOT_COORDINATOR') : 0,
        members: [],
      }),
    })
    expect(outcome).toEqual({ tag: 'left' })
    expect(transport.forgotten).toBe(1)
  })
})

describe('FindCoordinator', () => {
  const find = (answer: { errorCode: number } | ReturnType<typeof unreachable> | undefined) => {
    const world = groupClient()
    world.transport.coordinatorAnswer = answer
    return finish(world.time, world.client.findCoordinator).value
  }

  test('found, not there yet, or refused', () => {
    expect(find(undefined)).toEqual({ tag: 'found' })
    expect(find({ errorCode: code('COORDINATOR_NOT_AVAILABLE') }).tag).toBe('unavailable')
    expect(find(unreachable()).tag).toBe('unavailable')
    expect(find({ errorCode: 999 }).tag).toBe('unavailable')
    expect(find({ errorCode: code('GROUP_AUTHORIZATION_FAILED') })).toMatchObject({
      tag: 'refused',
      error: { code: 'NOT_AUTHORIZED' },
    })
  })

  test('any code of a broken broker becomes an outcome', () => {
    for (const errorCode of allCodes) {
      if (errorCode !== 0) expect(['unavailable', 'refused']).toContain(find({ errorCode }).tag)
    }
  })
})

describe('the group leader', () => {
  const subscription = (topics: string[]) =>
    encodeSubscription({ topics, userData: null, owned: [], generation: -1, rackId: null })
  const member = (memberId: string, metadata: Buffer) => ({
    memberId,
    groupInstanceId: null,
    metadata,
  })

  test('gives every member its part', () => {
    const world = groupClient()
    const leader = new GroupLeader(world.client)
    leader.members = [member('a', subscription(['events'])), member('b', subscription(['events']))]
    expect(finish(world.time, leader.compute('range')).value).toEqual({ tag: 'computed' })
    const parts = leader.assignments.map(
      ({ assignment }) => decodeAssignment(assignment).partitions,
    )
    expect(parts.map(({ length }) => length)).toEqual([2, 2])
    expect(leader.topics).toEqual(['events'])
  })

  test('a member whose subscription cannot be read gets nothing, and it is reported', () => {
    const world = groupClient()
    const leader = new GroupLeader(world.client)
    leader.members = [
      member('a', subscription(['events'])),
      member('b', Buffer.from([0, 1, 0xff, 0xff])),
    ]
    expect(finish(world.time, leader.compute('range')).value.tag).toBe('computed')
    const parts = leader.assignments.map(
      ({ assignment }) => decodeAssignment(assignment).partitions,
    )
    expect(parts.map(({ length }) => length)).toEqual([4, 0])
    expect(world.errors).toHaveLength(1)
  })

  test('a strategy that it does not have is refused; metadata that is missing is waited for', () => {
    const world = groupClient()
    const leader = new GroupLeader(world.client)
    expect(finish(world.time, leader.compute('sticky')).value).toMatchObject({
      tag: 'refused',
      error: { code: 'GROUP_REFUSED' },
    })
    world.transport.metadataFails = unreachable()
    expect(finish(world.time, leader.compute('range')).value.tag).toBe('unavailable')
  })

  test('an assignor that throws is named', () => {
    const broken = {
      name: 'mine',
      rebalanceProtocol: 'eager',
      assign: () => {
        throw new Error('no luck')
      },
    }
    const world = groupClient({}, { assignmentStrategy: broken as never })
    const leader = new GroupLeader(world.client)
    const { value } = finish(world.time, leader.compute(broken.name))
    expect(value).toMatchObject({ tag: 'refused' })
    expect((value as { error: { message: string } }).error.message).toContain('no luck')
  })

  test('sees a topic that grows, appears or goes, and nothing else', () => {
    const world = groupClient()
    const leader = new GroupLeader(world.client)
    leader.members = [member('a', subscription(['events', 'later']))]
    finish(world.time, leader.compute('range'))
    const { transport } = world
    expect(leader.difference(transport.view())).toBeUndefined()
    transport.topics.set('other', 3)
    expect(leader.difference(transport.view())).toBeUndefined()
    transport.topics.set('later', 2)
    expect(leader.difference(transport.view())).toBe('topic later appeared with 2 partitions')
    transport.topics.delete('later')
    transport.topics.set('events', 6)
    expect(leader.difference(transport.view())).toBe('topic events went from 4 to 6 partitions')
    transport.topics.delete('events')
    expect(leader.difference(transport.view())).toBe('topic events is gone')
  })
})
