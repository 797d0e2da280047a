import { AssignerProtocol } from 'kafkajs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ApiName, RequestInput, ResponseBody } from '../../src/transport/protocol/registry.js'
import { exchange, nearestVersion, versionsOf } from './fixtures/codec-exchange.js'
import { eventually } from './fixtures/eventually.js'
import { type Kafka, startKafka } from './fixtures/kafka.js'
import { openRawConnection, type RawConnection } from './fixtures/raw-connection.js'

const topic = 'groups'
const memberIdRequired = 79
const assignment = Buffer.from('the assignment as the leader wrote it')
/** Kafka reads it, and leaves a JoinGroup unanswered when it cannot. */
const metadata = AssignerProtocol.MemberMetadata.encode({
  version: 0,
  topics: [topic],
  userData: Buffer.alloc(0),
})

const groupApis = [
  'FindCoordinator',
  'JoinGroup',
  'SyncGroup',
  'Heartbeat',
  'OffsetCommit',
  'OffsetFetch',
  'DescribeGroups',
  'ListGroups',
  'LeaveGroup',
  'DeleteGroups',
] as const satisfies readonly ApiName[]

let kafka: Kafka
let connection: RawConnection

// A broker closes the connection of a request that it cannot read: each test has its own.
const open = async () => {
  connection = await openRawConnection(kafka.brokers[0] as string)
}

beforeAll(async () => {
  kafka = await startKafka()
  await open()
  const one = { name: topic, numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }
  await exchange(connection, 'CreateTopics', 7, { topics: [one], timeoutMs: 10_000 })
  // The first look-up creates __consumer_offsets; until that is there the answer is an error.
  await eventually(
    () => findCoordinator(3, 'warm-up'),
    ({ errorCode }) => errorCode === 0,
    { what: 'coordinator' },
  )
  connection.close()
})

beforeEach(open)
afterEach(() => connection.close())
afterAll(() => kafka?.stop())

const findCoordinator = async (version: number, groupId: string) => {
  const input = version < 4 ? { key: groupId } : { coordinatorKeys: [groupId] }
  const body = await exchange(connection, 'FindCoordinator', version, input)
  if (version < 4) return body
  return body.coordinators[0] ?? body
}

/** One member, alone in its group, from its first request to the group's end, at one version. */
class Life {
  readonly groupId: string
  readonly groupInstanceId: string | null
  readonly #lap: number
  memberId = ''
  generationId = -1

  constructor(lap: number, groupInstanceId: string | null) {
    this.#lap = lap
    this.groupInstanceId = groupInstanceId
    this.groupId = `life-${lap}-${groupInstanceId ?? 'dynamic'}`
  }

  version(api: ApiName): number {
    return nearestVersion(api, this.#lap)
  }

  ask<N extends ApiName>(api: N, input: RequestInput<N>): Promise<ResponseBody<N>> {
    return exchange(connection, api, this.version(api), input)
  }

  get identity() {
    const { groupId, memberId, generationId, groupInstanceId } = this
    return { groupId, memberId, generationId, groupInstanceId }
  }

  join(memberId: string) {
    return this.ask('JoinGroup', {
      groupId: this.groupId,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 20_000,
      memberId,
      groupInstanceId: this.groupInstanceId,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata }],
      reason: 'a codec recording',
    })
  }

  async enter(): Promise<void> {
    // The coordinator's partition of __consumer_offsets may still be on its way (14, 15, 16).
    let joined = await eventually(
      () => this.join(''),
      ({ errorCode }) => errorCode < 14 || errorCode > 16,
      { what: 'loaded coordinator' },
    )
    if (this.version('JoinGroup') >= 4 && this.groupInstanceId === null) {
      expect(joined.errorCode).toBe(memberIdRequired)
      joined = await this.join(joined.memberId)
    }
    expect(joined).toMatchObject({ errorCode: 0, generationId: 1, protocolName: 'range' })
    expect(joined.leader).toBe(joined.memberId)
    expect(joined.members.map((each) => each.metadata)).toEqual([metadata])
    this.memberId = joined.memberId
    this.generationId = joined.generationId
  }

  async sync(): Promise<void> {
    const { memberId } = this
    const protocol = { protocolType: 'consumer', protocolName: 'range' }
    const assignments = [{ memberId, assignment }]
    const synced = await this.ask('SyncGroup', { ...this.identity, ...protocol, assignments })
    expect(synced).toMatchObject({ errorCode: 0, assignment })
    expect((await this.ask('Heartbeat', this.identity)).errorCode).toBe(0)
    const stale = await this.ask('Heartbeat', { ...this.identity, generationId: 7 })
    expect(stale.errorCode).toBe(22)
  }

  async commit(): Promise<void> {
    const { generationId: generationIdOrMemberEpoch, ...identity } = this.identity
    const partitions = [
      { partitionIndex: 0, committedOffset: 42, committedMetadata: 'why' },
      { partitionIndex: 1, committedOffset: 2 ** 40, committedMetadata: null },
    ]
    const topics = [{ name: topic, partitions }]
    const body = await this.ask('OffsetCommit', { ...identity, generationIdOrMemberEpoch, topics })
    expect(body.topics[0]?.partitions.map(({ errorCode }) => errorCode)).toEqual([0, 0])
  }

  async fetchCommitted(): Promise<void> {
    const { groupId } = this
    const topics = [{ name: topic, partitionIndexes: [0, 1] }]
    const version = this.version('OffsetFetch')
    const input = version < 8 ? { groupId, topics } : { groups: [{ groupId, topics }] }
    const body = await this.ask('OffsetFetch', input)
    const found = version < 8 ? body.topics : body.groups[0]?.topics
    const partitions = found?.[0]?.partitions.toSorted(
      (a, b) => a.partitionIndex - b.partitionIndex,
    )
    expect(partitions).toMatchObject([
      { errorCode: 0, committedOffset: 42, metadata: 'why' },
      { errorCode: 0, committedOffset: 2 ** 40, metadata: '' },
    ])
  }

  async describe(): Promise<void> {
    const { groupId, memberId } = this
    const { groups } = await this.ask('DescribeGroups', { groups: [groupId, 'no-such-group'] })
    const own = groups.find((group) => group.groupId === groupId)
    expect(own).toMatchObject({ errorCode: 0, groupState: 'Stable', protocolData: 'range' })
    expect(own?.members).toMatchObject([
      {
        memberId,
        clientHost: '/127.0.0.1',
        memberMetadata: metadata,
        memberAssignment: assignment,
      },
    ])
    const listed = await this.ask('ListGroups', {})
    expect(listed.groups.map((group) => group.groupId)).toContain(groupId)
  }

  async leave(): Promise<void> {
    const { groupId, memberId, groupInstanceId } = this
    const version = this.version('LeaveGroup')
    const members = [{ memberId, groupInstanceId, reason: 'done' }]
    const input = version < 3 ? { groupId, memberId } : { groupId, members }
    expect((await this.ask('LeaveGroup', input)).errorCode).toBe(0)
    const doomed = { groupsNames: [groupId, 'no-such-group'] }
    const { results } = await this.ask('DeleteGroups', doomed)
    const codes = new Map(results.map((each) => [each.groupId, each.errorCode]))
    expect([codes.get(groupId), codes.get('no-such-group')]).toEqual([0, 69])
  }
}

const live = async (life: Life): Promise<void> => {
  const found = await findCoordinator(life.version('FindCoordinator'), life.groupId)
  expect(`${found.host}:${found.port}`).toBe(kafka.brokers[0])
  await life.enter()
  await life.sync()
  await life.commit()
  await life.fetchCommitted()
  await life.describe()
  await life.leave()
}

/** As many laps as the API with the most versions needs; each API takes its nearest version. */
const laps = (): number[] => {
  const highest = Math.max(...groupApis.flatMap(versionsOf))
  return Array.from({ length: highest + 1 }, (_, lap) => lap)
}

describe("our codec and Apache Kafka mean the same by a group's life", () => {
  it.each(laps())('at version %i of each API, or its nearest', (lap) => live(new Life(lap, null)))

  /** groupInstanceId exists from JoinGroup 5, SyncGroup 3, Heartbeat 3, LeaveGroup 3, OffsetCommit 7. */
  it.each(laps().filter((lap) => lap >= 7))('with a static member at version %i', (lap) =>
    live(new Life(lap, `instance-${lap}`)),
  )
})
