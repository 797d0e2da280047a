import { expect, test } from 'vitest'
import type { GroupEvent } from '../../../src/machines/group-coordinator/events.js'
import {
  type GroupHappening,
  type GroupOutcome,
  type GroupPath,
  legalTransitions,
} from '../../../src/machines/group-coordinator/legal-transitions.js'
import {
  begin,
  bytes,
  commit,
  completingGroup,
  expire,
  heartbeat,
  idsOf,
  internal,
  join,
  leave,
  preparingGroup,
  replies,
  run,
  type Stepped,
  stableGroup,
  step,
  sync,
} from './chart-steps.js'

const staticMember = (id: string) => ({ newMemberId: id, groupInstanceId: `i-${id}` })
const other = [{ name: 'range', metadata: bytes('other') }]

const issue = (id: string) => join({ newMemberId: id, requireKnownMemberId: true })
const withPending = (group: Stepped): Stepped => step(group, issue('p'))

/** All sync but the last follower, and the leader. */
const storingGroup = (members: readonly (string | ReturnType<typeof staticMember>)[]): Stepped => {
  const group = completingGroup(members)
  const { leaderId, generation } = group.snapshot.context
  return step(group, sync(leaderId!, generation))
}
const rejoin = (memberId: string, groupInstanceId: string | null = null) =>
  join({ memberId, groupInstanceId })

const awaitingGroup = (
  members: readonly (string | ReturnType<typeof staticMember>)[] = ['a', 'b'],
) => step(stableGroup(members), rejoin('a', typeof members[0] === 'string' ? null : 'i-a'))

const statics = (...ids: string[]) => ids.map(staticMember)

/** A static member comes back, its id forgotten. */
const back = (group: Stepped, id: string): Stepped =>
  step(group, join({ newMemberId: `${id}2`, groupInstanceId: `i-${id}` }))

const groups: Record<GroupPath, readonly Stepped[]> = {
  empty: [begin(), withPending(begin()), run(stableGroup(['a']), leave('a'))],
  'preparingRebalance.initialDelay': [
    preparingGroup(['a']),
    withPending(preparingGroup(['a', 'b'])),
    step(preparingGroup(['a']), leave('a')),
  ],
  'preparingRebalance.awaitingMembers': [
    awaitingGroup(),
    withPending(awaitingGroup()),
    awaitingGroup([staticMember('a'), staticMember('b')]),
    // Nobody is back yet.
    step(stableGroup(['a', 'b', 'c']), leave('c')),
    step(stableGroup([staticMember('a'), staticMember('b')]), leave('b')),
    run(stableGroup(['a', 'b']), leave('b')),
  ],
  'completingRebalance.awaitingSync': [
    completingGroup(['a']),
    completingGroup(['a', 'b']),
    withPending(completingGroup(['a', 'b'])),
    completingGroup([staticMember('a')]),
  ],
  'completingRebalance.storing': [
    storingGroup(['a']),
    withPending(storingGroup(['a', 'b'])),
    storingGroup([staticMember('a'), staticMember('b')]),
  ],
  'stable.serving': [
    stableGroup(['a']),
    withPending(stableGroup(['a', 'b'])),
    step(storingGroup(['a', 'b']), internal.persisted()),
    stableGroup([staticMember('a'), staticMember('b')]),
  ],
  'stable.storing': [
    back(stableGroup([staticMember('a')]), 'a'),
    back(stableGroup(statics('a', 'b')), 'a'),
    back(stableGroup(statics('a', 'b')), 'b'),
    back(withPending(stableGroup(statics('a', 'b'))), 'a'),
    // A follower did not send SyncGroup yet.
    back(step(storingGroup(statics('a', 'b')), internal.persisted()), 'a'),
    back(step(storingGroup(statics('a', 'b', 'c')), internal.persisted()), 'b'),
  ],
  dead: [
    step(begin(), { type: 'group.delete', requestId: 'd' }),
    run(stableGroup(), { type: 'group.unload' }),
  ],
}

type Sample = GroupEvent | { readonly type: string }

/** Everything that a client, right or wrong, and the clock may send to this group. */
const samples = (group: Stepped): Record<GroupHappening, readonly Sample[]> => {
  const { generation } = group.snapshot.context
  const members = Object.values(group.snapshot.context.members.buckets).flatMap((bucket) =>
    Object.values(bucket),
  )
  const ids = [...idsOf(group), 'p', 'nobody', '', '__proto__']
  const generations = [generation, generation - 1, -1]
  return {
    'member.join': [
      join({ newMemberId: 'n' }),
      issue('q'),
      join({ newMemberId: 'n', groupInstanceId: 'i-n' }),
      join({ protocols: [] }),
      join({ protocolType: 'connect' }),
      ...ids.flatMap((memberId) => [
        rejoin(memberId),
        join({ memberId, protocols: other }),
        join({ memberId, groupInstanceId: 'i-a' }),
      ]),
      ...members.flatMap(({ memberId, groupInstanceId }) => [
        rejoin(memberId, groupInstanceId),
        ...(groupInstanceId === null
          ? []
          : [
              join({ newMemberId: 'n', groupInstanceId }),
              join({ newMemberId: 'n', groupInstanceId, protocols: other }),
            ]),
      ]),
    ],
    'member.sync': ids.flatMap((id) =>
      [...generations, generation].map((each, index) =>
        sync(id, each, {
          groupInstanceId: members.find(({ memberId }) => memberId === id)?.groupInstanceId ?? null,
          protocolName: index === 3 ? 'unheard-of' : null,
        }),
      ),
    ),
    'member.heartbeat': ids.flatMap((id) => generations.map((each) => heartbeat(id, each))),
    'offsets.commit': ids.flatMap((id) => generations.map((each) => commit(id, each))),
    'member.leave': [
      ...ids.map((id) => leave(id)),
      leave('', 'i-a'),
      leave('', 'i-b'),
      leave('', 'i-nobody'),
      { ...leave('a'), members: idsOf(group).map((id) => leave(id).members[0]!) },
    ],
    'group.delete': [{ type: 'group.delete', requestId: 'delete-1' }],
    'group.unload': [{ type: 'group.unload' }],
    'session.expired': ids.map(expire),
    'sync.expired': [{ type: 'sync.expired' }],
    'initialDelay.elapsed': [internal.delayElapsed],
    'rebalance.timedOut': [internal.rebalanceTimedOut],
    'group.stored': [internal.persisted()],
    'group.notStored': [
      internal.persisted({ tag: 'notStored', message: 'disk full' }),
      internal.persistDied,
    ],
  }
}

const outcomeOf = (before: Stepped, after: Stepped): GroupOutcome => {
  if (after.emitted.some(({ type }) => type === 'ignored')) return 'ignored'
  const same =
    after.path === before.path &&
    after.snapshot.context.generation === before.snapshot.context.generation
  return same ? 'stays' : (after.path as GroupPath)
}

const isRequest = (event: Sample): event is Extract<GroupEvent, { readonly requestId: string }> =>
  'requestId' in event

test('the machine does what the table says, in every state and for every event', () => {
  const seen = new Set<string>()
  const wrong: string[] = []
  for (const [path, variants] of Object.entries(groups)) {
    for (const [index, group] of variants.entries()) {
      expect(group.path, `group ${index} of ${path}`).toBe(path)
      for (const [happening, events] of Object.entries(samples(group))) {
        const legal = legalTransitions[path as GroupPath][happening as GroupHappening]
        for (const event of events) {
          const outcome = outcomeOf(group, step(group, event))
          seen.add(`${path} | ${happening} | ${outcome}`)
          if (!legal.includes(outcome)) {
            wrong.push(`${path} #${index}: ${JSON.stringify(event)} -> ${outcome}`)
          }
        }
      }
    }
  }
  expect(wrong).toEqual([])
  const promised = Object.entries(legalTransitions).flatMap(([path, row]) =>
    Object.entries(row).flatMap(([happening, outcomes]) =>
      outcomes.map((outcome) => `${path} | ${happening} | ${outcome}`),
    ),
  )
  expect(promised.filter((each) => !seen.has(each))).toEqual([])
})

test('a request is answered or parked, never both and never lost', () => {
  for (const group of Object.values(groups).flat()) {
    for (const event of Object.values(samples(group)).flat()) {
      const after = step(group, event)
      if (!isRequest(event)) continue
      const answers = replies(after).filter((reply) => reply.requestId === event.requestId)
      const isParked = JSON.stringify(after.snapshot.context.members).includes(
        `"${event.requestId}"`,
      )
      expect([answers.length, isParked], JSON.stringify(event)).toBeOneOf([
        [1, false],
        [0, true],
      ] as unknown[])
    }
  }
})

test('the context is plain JSON in every state', () => {
  for (const { snapshot } of Object.values(groups).flat()) {
    expect(JSON.parse(JSON.stringify(snapshot.context))).toEqual(snapshot.context)
  }
})
