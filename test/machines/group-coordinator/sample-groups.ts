import type {
  GroupHappening,
  GroupPath,
} from '../../../src/machines/group-coordinator/legal-transitions.js'
import { holds } from '../rule.js'
import {
  type CoordinatorChart,
  idsOf,
  type Sample,
  type Stepped,
  settings,
} from './coordinator-chart.js'
import { bytes, commit, expire, heartbeat, internal, join, leave, sync } from './group-requests.js'

/** As many as may be: one more is too many. */
const limited = { ...settings, maxSize: 2 }

const staticMember = (id: string) => ({ newMemberId: id, groupInstanceId: `i-${id}` })
const other = [{ name: 'range', metadata: bytes('other') }]

const issue = (id: string) => join({ newMemberId: id, requireKnownMemberId: true })
const rejoin = (memberId: string, groupInstanceId: string | null = null) =>
  join({ memberId, groupInstanceId })

const statics = (...ids: string[]) => ids.map(staticMember)

type Member = string | ReturnType<typeof staticMember>

/** Groups in every state, of one and of several members, dynamic and static. */
export const sampleGroups = (chart: CoordinatorChart): Record<GroupPath, readonly Stepped[]> => {
  const { begin, step, run, preparingGroup, completingGroup, stableGroup } = chart
  const withPending = (group: Stepped): Stepped => step(group, issue('p'))
  /** All sync but the last follower, and the leader. */
  const storingGroup = (members: readonly Member[]): Stepped => {
    const group = completingGroup(members)
    const { leaderId, generation } = group.snapshot.context
    holds(leaderId !== null, `nobody leads a group in ${group.path}`)
    return step(group, sync(leaderId, generation))
  }
  const awaitingGroup = (members: readonly Member[] = ['a', 'b']): Stepped =>
    step(stableGroup(members), rejoin('a', typeof members[0] === 'string' ? null : 'i-a'))
  /** A static member comes back, its id forgotten. */
  const back = (group: Stepped, id: string): Stepped =>
    step(group, join({ newMemberId: `${id}2`, groupInstanceId: `i-${id}` }))
  const full = begin({ settings: limited })
  return {
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
      // As many as may be are back, and a static one is missing on top of them.
      run(stableGroup(['a', staticMember('b')], full), rejoin('a'), join({ newMemberId: 'c' })),
    ],
    'completingRebalance.awaitingSync': [
      completingGroup(['a']),
      completingGroup(['a', 'b']),
      withPending(completingGroup(['a', 'b'])),
      completingGroup([staticMember('a')]),
      completingGroup(['a', 'b'], full),
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
      stableGroup(['a', 'b'], full),
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
}

/** Everything that a client, right or wrong, and the clock may send to this group. */
export const samples = (group: Stepped): Record<GroupHappening, readonly Sample[]> => {
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
      ...[true, false].flatMap((requireKnownMemberId) => [
        join({ protocols: [], requireKnownMemberId }),
        join({ protocolType: 'connect', requireKnownMemberId }),
      ]),
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
