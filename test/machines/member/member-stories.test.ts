import { describe, expect, test } from 'vitest'
import { memberMachine } from '../../../src/machines/member/member-machine.js'
import {
  type AnyEvent,
  backoffElapsed,
  defect,
  done,
  joined,
  pathOf,
  type Snapshot,
  spawned,
  start,
  step,
  trouble,
} from './chart-explorer.js'

const a = (partition: number) => ({ topic: 'a', partition })
const cause = { what: 'a reason', evidence: 'observed' } as const
const subscribe = { type: 'subscribe', topics: ['a'] }
const found = done('findCoordinator', { tag: 'found' })
const synced = (...assigned: object[]): AnyEvent => done('syncGroup', { tag: 'synced', assigned })
const called = (actor: string): AnyEvent => done(actor, { tag: 'called' })
const unavailable = { tag: 'unavailable', error: trouble }
const rebalance = { type: 'group.rebalancing', cause }

const play = (from: Snapshot, ...events: readonly AnyEvent[]): Snapshot =>
  events.reduce((at, event) => step(at, event).snapshot, from)

/** What a step started and cut off, by the actors' names; one that has ended is not cut off. */
const effects = (from: Snapshot, event: AnyEvent) => {
  const { snapshot, actions } = step(from, event)
  const stopped = actions.flatMap(({ type, params }) => {
    const id = type === 'xstate.stopChild' ? (params as { id?: string } | undefined)?.id : undefined
    return id === undefined || id === event.actorId ? [] : [id]
  })
  return { at: pathOf(snapshot.value), started: spawned(actions), stopped, snapshot }
}

const stable = (protocol: 'eager' | 'cooperative', ...owned: object[]): Snapshot =>
  play(
    start({ rebalanceProtocol: protocol }),
    subscribe,
    found,
    done('joinGroup', joined(1)),
    synced(...owned),
    called('assignPartitions'),
  )

describe('the way into a group', () => {
  test('coordinator, an id, the group, the assignment, the application', () => {
    const first = effects(start(), subscribe)
    expect(first).toMatchObject({ at: 'joining.findingCoordinator', stopped: [] })
    expect(first.started.map(({ src }) => src)).toEqual(['findCoordinator'])

    const asking = effects(first.snapshot, found)
    expect(asking.started).toMatchObject([
      {
        src: 'joinGroup',
        input: { memberId: '', generation: -1, topics: ['a'], reason: 'this member joins' },
      },
    ])
    const again = effects(
      asking.snapshot,
      done('joinGroup', { tag: 'memberIdRequired', memberId: 'm' }),
    )
    expect(again.started).toMatchObject([{ src: 'joinGroup', input: { memberId: 'm' } }])

    const syncing = effects(again.snapshot, done('joinGroup', joined(4)))
    expect(syncing.at).toBe('syncing.requesting')
    expect(syncing.started).toMatchObject([
      { src: 'heartbeat', input: { memberId: 'm', generation: 4 } },
      { src: 'syncGroup', input: { memberId: 'm', generation: 4, withAssignment: false } },
    ])
    const applying = effects(syncing.snapshot, synced(a(1), a(0)))
    expect(applying.started).toMatchObject([
      { src: 'assignPartitions', input: { partitions: [a(0), a(1)], generation: 4 } },
    ])
    const end = effects(applying.snapshot, called('assignPartitions'))
    expect(end).toMatchObject({ at: 'stable', started: [], stopped: [] })
    expect(end.snapshot.context).toMatchObject({
      owned: [a(0), a(1)],
      adding: [],
      attempt: 0,
      rebalances: 1,
    })
  })

  test('a group leader computes first and sends the assignment, unless it is told to keep it', () => {
    const asking = play(start(), subscribe, found)
    const leader = effects(asking, done('joinGroup', joined(1, { isLeader: true })))
    expect(leader.started).toMatchObject([
      { src: 'heartbeat' },
      { src: 'computeAssignment', input: { protocol: 'range' } },
    ])
    const computed = effects(leader.snapshot, done('computeAssignment', { tag: 'computed' }))
    expect(computed.started).toMatchObject([{ src: 'syncGroup', input: { withAssignment: true } }])
    const keeping = done('joinGroup', joined(1, { isLeader: true, skipAssignment: true }))
    expect(effects(asking, keeping).started[1]).toMatchObject({
      src: 'syncGroup',
      input: { withAssignment: false },
    })
  })

  test('retries wait longer each time, also when only the sync fails', () => {
    const { retryBackoff } = memberMachine.implementations.delays
    const delay = ({ context }: Snapshot): number =>
      (retryBackoff as (args: { context: object }) => number)({ context })
    let now = play(start(), subscribe)
    const waits: number[] = []
    for (let failures = 0; failures < 6; failures++) {
      now = play(
        now,
        found,
        done('joinGroup', joined(failures + 1)),
        done('syncGroup', unavailable),
      )
      expect(pathOf(now.value)).toBe('joining.backingOff')
      expect(now.context.trouble).toEqual(trouble)
      waits.push(delay(now))
      now = play(now, backoffElapsed)
    }
    expect(waits).toEqual([100, 200, 400, 800, 1_000, 1_000])
    const well = play(now, found, done('joinGroup', joined(9)), synced())
    expect(well.context).toMatchObject({ attempt: 0, trouble: null })
  })
})

describe('a rebalance', () => {
  test('eager: all is drained, committed and revoked before the member joins again', () => {
    const before = stable('eager', a(0), a(1))
    const draining = effects(before, rebalance)
    const partitions = [a(0), a(1)]
    expect(draining.started).toEqual([
      expect.objectContaining({
        src: 'drainPartitions',
        input: { memberId: 'm', generation: 1, partitions },
      }),
    ])
    expect(draining.stopped).not.toContain('heartbeat')
    const committing = effects(draining.snapshot, done('drainPartitions', { tag: 'timedOut' }))
    expect(committing.started).toMatchObject([{ src: 'commitOffsets', input: { partitions } }])
    const revoking = effects(committing.snapshot, done('commitOffsets', { tag: 'committed' }))
    expect(revoking.started).toMatchObject([{ src: 'revokePartitions', input: { partitions } }])
    const joining = effects(revoking.snapshot, called('revokePartitions'))
    expect(joining).toMatchObject({ at: 'joining.findingCoordinator' })
    expect(joining.stopped).toContain('heartbeat')
    expect(joining.snapshot.context).toMatchObject({ owned: [], memberId: 'm', cause })
    expect(effects(joining.snapshot, found).started).toMatchObject([
      { src: 'joinGroup', input: { memberId: 'm', owned: [], reason: 'a reason' } },
    ])
  })

  test('cooperative: what stays never stops, what goes is given up, then the member joins again', () => {
    const joining = effects(stable('cooperative', a(0), a(1)), rebalance)
    expect(joining).toMatchObject({ at: 'joining.findingCoordinator', stopped: [] })
    const asking = effects(joining.snapshot, found)
    expect(asking.started).toMatchObject([{ src: 'joinGroup', input: { owned: [a(0), a(1)] } }])
    const applying = play(asking.snapshot, done('joinGroup', joined(2)), synced(a(1), a(2)))
    expect(applying.context).toMatchObject({
      adding: [a(2)],
      revoking: [a(0)],
      owned: [a(0), a(1), a(2)],
    })
    const draining = effects(applying, called('assignPartitions'))
    expect(draining).toMatchObject({ at: 'rebalancing.draining', stopped: [] })
    expect(draining.started).toMatchObject([{ input: { partitions: [a(0)], generation: 2 } }])
    const again = play(
      draining.snapshot,
      done('drainPartitions', { tag: 'drained' }),
      done('commitOffsets', { tag: 'committed' }),
      called('revokePartitions'),
    )
    expect(pathOf(again.value)).toBe('joining.findingCoordinator')
    expect(again.context.owned).toEqual([a(1), a(2)])
  })

  test('KAFKA-14382: a rebalance that overtakes the sync is joined once, not once more after it', () => {
    const syncing = play(start(), subscribe, found, done('joinGroup', joined(1)))
    const overtaken = play(
      syncing,
      rebalance,
      { type: 'subscription.changed', topics: ['a', 'b'] },
      done('syncGroup', { tag: 'rebalancing' }),
    )
    expect(pathOf(overtaken.value)).toBe('joining.findingCoordinator')
    const asking = effects(overtaken, found)
    expect(asking.started).toMatchObject([{ src: 'joinGroup', input: { topics: ['a', 'b'] } }])
    const end = play(
      asking.snapshot,
      done('joinGroup', joined(2)),
      synced(),
      called('assignPartitions'),
    )
    expect(pathOf(end.value)).toBe('stable')
  })

  test('an older coordinator’s REBALANCE_IN_PROGRESS while it waits for the leader means nothing', () => {
    const syncing = play(start(), subscribe, found, done('joinGroup', joined(1)), rebalance)
    const end = play(syncing, synced(a(0)), called('assignPartitions'))
    expect(pathOf(end.value)).toBe('stable')
  })

  test('a subscription that changes while the group syncs is joined for afterwards', () => {
    const syncing = play(start(), subscribe, found, done('joinGroup', joined(1)))
    const changed = play(syncing, { type: 'subscription.changed', topics: ['b'] }, synced(a(0)))
    const end = effects(changed, called('assignPartitions'))
    expect(end.at).toBe('rebalancing.draining')
    expect(end.snapshot.context.cause?.what).toBe('this member changed its subscription')
  })

  test('librdkafka #2933: a commit that spans it, with any end, does not stop it', () => {
    const committing = play(
      stable('eager', a(0)),
      rebalance,
      done('drainPartitions', { tag: 'drained' }),
    )
    for (const outcome of [
      { tag: 'rebalancing' },
      unavailable,
      { tag: 'refused', error: trouble },
    ]) {
      const next = step(committing, done('commitOffsets', outcome)).snapshot
      expect(pathOf(next.value)).toBe('rebalancing.revoking')
    }
  })
})

describe('a loss', () => {
  const unknown = (kafkaError: string): AnyEvent => ({
    type: 'member.unknown',
    kafkaError,
    generation: 1,
  })

  test('stops the heartbeat in the same step, keeps an id that still serves', () => {
    const lost = effects(stable('cooperative', a(0)), unknown('ILLEGAL_GENERATION'))
    expect(lost).toMatchObject({ at: 'fenced.losing' })
    expect(lost.stopped).toEqual(['heartbeat'])
    expect(lost.started).toMatchObject([{ src: 'losePartitions', input: { partitions: [a(0)] } }])
    expect(lost.snapshot.context).toMatchObject({ memberId: 'm', generation: -1, owned: [a(0)] })
    const joining = play(lost.snapshot, called('losePartitions'))
    expect(joining.context).toMatchObject({ owned: [], assigned: [] })
    expect(play(stable('cooperative'), unknown('UNKNOWN_MEMBER_ID')).context.memberId).toBe('')
  })

  test('does not wait for a revoke that is being told: what was to stay is lost at once', () => {
    const revoking = play(
      stable('cooperative', a(0), a(1)),
      { type: 'subscription.changed', topics: ['a'] },
      found,
      done('joinGroup', joined(2)),
      synced(a(1)),
      called('assignPartitions'),
      done('drainPartitions', { tag: 'drained' }),
      done('commitOffsets', { tag: 'committed' }),
    )
    expect(pathOf(revoking.value)).toBe('rebalancing.revoking')
    const news = { ...unknown('UNKNOWN_MEMBER_ID'), generation: 2 }
    for (const event of [news, { type: 'session.expired', cause }]) {
      const lost = effects(revoking, event)
      expect(lost.at).toBe('fenced.losing')
      expect(lost.started).toMatchObject([{ input: { partitions: [a(0), a(1)] } }])
    }
  })

  test('refused at JoinGroup it says what the coordinator answered', () => {
    const asking = play(stable('cooperative', a(0)), rebalance, found)
    const outcome = { tag: 'memberUnknown', kafkaError: 'UNKNOWN_MEMBER_ID' }
    const lost = play(asking, done('joinGroup', outcome))
    expect(pathOf(lost.value)).toBe('fenced.losing')
    expect(lost.context.cause?.what).toBe('the coordinator answered UNKNOWN_MEMBER_ID')
  })

  test('a failure meanwhile waits until the application was told, then it fails', () => {
    const losing = play(stable('eager', a(0)), { type: 'session.expired', cause })
    const failing = play(losing, { type: 'fail', error: trouble })
    expect(pathOf(failing.value)).toBe('fenced.losing')
    const failed = play(failing, called('losePartitions'))
    expect(pathOf(failed.value)).toBe('failed.releasing')
    expect(failed.context).toMatchObject({ owned: [], error: trouble })
  })

  test('who stops polling gives its partitions up and leaves, and comes back by asking', () => {
    const abandoning = effects(stable('cooperative', a(0)), { type: 'poll.overdue', cause })
    expect(abandoning).toMatchObject({ at: 'fenced.abandoning', stopped: ['heartbeat'] })
    const releasing = effects(abandoning.snapshot, called('losePartitions'))
    expect(releasing.started).toMatchObject([{ src: 'leaveGroup', input: { memberId: 'm' } }])
    const waiting = play(releasing.snapshot, done('leaveGroup', { tag: 'left' }))
    expect(pathOf(waiting.value)).toBe('fenced.waitingForPoll')
    expect(waiting.context.memberId).toBe('')
    const asked = { type: 'subscription.changed', topics: ['b'] }
    for (const event of [{ type: 'poll.resumed' }, asked]) {
      expect(pathOf(play(waiting, event).value)).toBe('joining.findingCoordinator')
    }
    expect(play(waiting, asked).context.topics).toEqual(['b'])
  })
})

describe('the way out', () => {
  test('drain, commit, revoke, LeaveGroup; the heartbeat goes on until that', () => {
    const closing = effects(stable('cooperative', a(0)), { type: 'close', leaveGroup: true })
    expect(closing).toMatchObject({ at: 'leaving.draining', stopped: [] })
    const revoking = play(
      closing.snapshot,
      done('drainPartitions', { tag: 'timedOut' }),
      done('commitOffsets', { tag: 'committed' }),
    )
    const leaving = effects(revoking, called('revokePartitions'))
    expect(leaving).toMatchObject({ at: 'leaving.requesting', stopped: ['heartbeat'] })
    expect(leaving.started).toMatchObject([
      { src: 'leaveGroup', input: { memberId: 'm', generation: 1 } },
    ])
    const left = effects(leaving.snapshot, done('leaveGroup', unavailable))
    expect(left).toMatchObject({ at: 'left', started: [] })
  })

  test('a loss ends the holding also while the last revoke is being told', () => {
    const revoking = play(
      stable('cooperative', a(0)),
      { type: 'close', leaveGroup: true },
      done('drainPartitions', { tag: 'drained' }),
      done('commitOffsets', { tag: 'committed' }),
    )
    expect(pathOf(revoking.value)).toBe('leaving.revoking')
    // The coordinator gives the partition away by now, while the callback may go on for long.
    const expired = effects(revoking, { type: 'session.expired', cause })
    expect(expired).toMatchObject({
      at: 'leaving.losing',
      stopped: ['revokePartitions', 'heartbeat'],
    })
    const told = { type: 'member.unknown', kafkaError: 'UNKNOWN_MEMBER_ID', generation: 1 }
    const unknown = effects(revoking, told)
    expect(unknown.at).toBe('leaving.losing')
    expect(play(unknown.snapshot, called('losePartitions')).value).toBe('left')
    expect(pathOf(play(revoking, { ...told, generation: 0 }).value)).toBe('leaving.revoking')
  })

  test('a static member that stays sends nothing', () => {
    const closing = play(
      stable('cooperative', a(0)),
      { type: 'close', leaveGroup: false },
      done('drainPartitions', { tag: 'drained' }),
      done('commitOffsets', { tag: 'committed' }),
    )
    expect(effects(closing, called('revokePartitions'))).toMatchObject({ at: 'left', started: [] })
  })

  test('franz-go #650: a close in the middle of a JoinGroup stops it and still leaves', () => {
    const asking = play(stable('cooperative', a(0)), rebalance, found)
    const closing = effects(asking, { type: 'close', leaveGroup: true })
    expect(closing).toMatchObject({ at: 'leaving.draining', stopped: ['joinGroup'] })
  })

  test('a defect names itself, gives everything up and leaves the group to the others', () => {
    const failed = play(
      stable('eager', a(0)),
      rebalance,
      defect('drainPartitions'),
      called('losePartitions'),
    )
    expect(pathOf(failed.value)).toBe('failed.releasing')
    expect(failed.context.error).toEqual({
      code: 'INTERNAL_ERROR',
      message: 'defect in the consumer: bug',
    })
    const twice = play(stable('eager', a(0)), rebalance, defect('drainPartitions'), {
      ...defect('losePartitions'),
    })
    expect(twice.context.owned).toEqual([])
  })
})

describe('without a group', () => {
  test('UNKNOWN_MEMBER_ID for a commit does not make it join', () => {
    const manual = { groupId: null, topics: [], assign: [a(0)] }
    const reading = play(
      start(manual),
      { type: 'subscribe', topics: [] },
      called('assignPartitions'),
    )
    expect(pathOf(reading.value)).toBe('stable')
    const told = { type: 'member.unknown', kafkaError: 'UNKNOWN_MEMBER_ID', generation: -1 }
    for (const event of [told, rebalance, { type: 'session.expired', cause }]) {
      expect(pathOf(play(reading, event).value)).toBe('stable')
    }
  })
})
