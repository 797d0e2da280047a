import { describe, expect, test } from 'vitest'
import { keyOf } from '../../../src/domain/topic-partition.js'
import {
  type Edge,
  explore,
  invoked,
  inwardEvents,
  pathOf,
  type Snapshot,
  spawned,
  start,
  step,
} from './chart-explorer.js'

const manual = { groupId: null, topics: [], assign: [{ topic: 'a', partition: 0 }] }
const { nodes, edges } = explore([start(), start({ rebalanceProtocol: 'eager' }), start(manual)])

const where = (snapshot: Snapshot): string =>
  `${pathOf(snapshot.value)} ${JSON.stringify(snapshot.context)}`
const top = (snapshot: Snapshot): string => pathOf(snapshot.value).split('.')[0]!
const held = ({ context }: Snapshot): string[] => context.owned.map(keyOf)
const hasHeartbeat = (snapshot: Snapshot): boolean => 'heartbeat' in snapshot.children

/** Every place of which a rule does not hold; an empty list reads better than a thousand expects. */
const against = (rule: (snapshot: Snapshot) => boolean): string[] =>
  nodes.filter((node) => !rule(node)).map(where)
const edgesAgainst = (rule: (edge: Edge) => boolean): string[] =>
  edges
    .filter((edge) => !rule(edge))
    .map(({ from, event, to }) => `${where(from)} + ${JSON.stringify(event)} -> ${where(to)}`)

describe('close', () => {
  /** Steps that come by themselves, wherever they lead. */
  const onward = (snapshot: Snapshot): Snapshot[] =>
    inwardEvents(snapshot).map(([, event]) => step(snapshot, event).snapshot)

  test('from every place it leads to `left` by what comes by itself, whatever that is', () => {
    const ends = new Map<string, number>()
    const longestWay = (snapshot: Snapshot, above: readonly string[]): number => {
      const { context, value } = snapshot
      const key = JSON.stringify([value, context.owned, context.memberId, context.closing, context])
      expect(above, `a circle while closing: ${above.join(' > ')}`).not.toContain(key)
      if (snapshot.matches('left')) return 0
      const known = ends.get(key)
      if (known !== undefined) return known
      const next = onward(snapshot)
      expect(next.length, `nothing goes on by itself in ${where(snapshot)}`).toBeGreaterThan(0)
      const longest = 1 + Math.max(...next.map((one) => longestWay(one, [...above, key])))
      ends.set(key, longest)
      return longest
    }
    const ways = nodes
      .filter(({ status }) => status === 'active')
      .map((node) => longestWay(step(node, { type: 'close', leaveGroup: true }).snapshot, []))
    // Lose after a drain and a commit, fail in that, and still leave: seven steps are the most.
    expect(Math.max(...ways)).toBeLessThanOrEqual(7)
  })

  test('is never lost: it is under way or noted from then on', () => {
    expect(
      edgesAgainst(
        ({ from, to, happening }) =>
          (happening !== 'close' && from.context.closing === null) || to.context.closing !== null,
      ),
    ).toEqual([])
  })

  test('a member that is closing never joins', () => {
    expect(
      edgesAgainst(
        ({ from, to }) =>
          from.context.closing === null ||
          top(from) === top(to) ||
          ['leaving', 'left', 'failed', 'fenced'].includes(top(to)),
      ),
    ).toEqual([])
    expect(
      against(
        (node) => node.context.closing === null || !['joining', 'stable'].includes(top(node)),
      ),
    ).toEqual([])
  })

  test('`leaveGroup: false` sends no LeaveGroup on the way out of a healthy group', () => {
    const asked = edges.filter(
      ({ to }) => to.context.closing?.leaveGroup === false && to.matches({ leaving: 'requesting' }),
    )
    expect(asked).toEqual([])
  })
})

describe('progress', () => {
  test('no place waits for nothing, but those that wait for the application', () => {
    const waits = new Set(
      nodes.filter((node) => inwardEvents(node).length === 0).map(({ value }) => pathOf(value)),
    )
    expect([...waits].sort()).toEqual(
      ['failed.resting', 'fenced.waitingForPoll', 'idle', 'left', 'stable'].sort(),
    )
  })

  test('while all goes well a member gets from everywhere to stable, in few steps', () => {
    const good = new Set([
      'found',
      'joined',
      'computed',
      'synced',
      'called',
      'drained',
      'committed',
    ])
    const onward = (snapshot: Snapshot): Snapshot | undefined => {
      const event = inwardEvents(snapshot).find(
        ([happening]) =>
          happening === 'backoff.elapsed' || good.has(happening.split(': ')[1] ?? ''),
      )
      return event === undefined ? undefined : step(snapshot, event[1]).snapshot
    }
    for (const node of nodes) {
      if (!['joining', 'syncing', 'rebalancing'].includes(top(node))) continue
      if (node.context.closing !== null) continue
      let now: Snapshot = node
      for (let steps = 0; steps < 20 && !now.matches('stable'); steps++) now = onward(now) ?? now
      expect(now.value, where(node)).toBe('stable')
    }
  })

  test('nothing is left over in `stable`: no reason to join again, nothing half given or taken', () => {
    const isCalm = ({ context }: Snapshot): boolean =>
      (context.pendingCause === null || context.groupId === null) &&
      context.adding.length === 0 &&
      context.revoking.length === 0 &&
      context.error === null
    expect(against((node) => !node.matches('stable') || isCalm(node))).toEqual([])
  })

  test('a JoinGroup answers every reason that came before it (kafkajs #1720, KAFKA-14382)', () => {
    const asks = edges.filter(({ actions }) =>
      spawned(actions).some(({ src }) => src === 'joinGroup'),
    )
    expect(asks.length).toBeGreaterThan(0)
    expect(asks.filter(({ to }) => to.context.pendingCause !== null)).toEqual([])
  })
})

describe('the heartbeat', () => {
  const always = ['syncing', 'stable', 'rebalancing']
  const never = ['idle', 'fenced', 'failed', 'left']

  test('goes on through sync, drains, commits and callbacks of a member', () => {
    const must = (node: Snapshot): boolean =>
      node.context.groupId !== null && always.includes(top(node))
    expect(against((node) => !must(node) || hasHeartbeat(node))).toEqual([])
  })

  test('while joining it goes on exactly as long as partitions are held', () => {
    expect(
      against((node) => top(node) !== 'joining' || hasHeartbeat(node) === held(node).length > 0),
    ).toEqual([])
  })

  test('never goes on after membership ended, nor without a group', () => {
    const mustNot = (node: Snapshot): boolean =>
      never.includes(top(node)) ||
      node.context.groupId === null ||
      node.matches({ leaving: 'losing' }) ||
      node.matches({ leaving: 'requesting' })
    expect(against((node) => !mustNot(node) || !hasHeartbeat(node))).toEqual([])
  })

  test('carries the identity of the generation, and only that', () => {
    const beats = edges.flatMap(({ to, actions }) =>
      spawned(actions).flatMap(({ src, input }) => (src === 'heartbeat' ? [{ to, input }] : [])),
    )
    expect(beats.length).toBeGreaterThan(0)
    for (const { to, input } of beats) {
      const { memberId, generation } = to.context
      expect(top(to)).toBe('syncing')
      expect(input).toEqual({ memberId, generation })
      expect(generation).toBeGreaterThanOrEqual(0)
    }
  })
})

describe('what a member holds', () => {
  test('nothing where membership is over or not begun, or where it was all given up', () => {
    const empty = [
      'idle',
      'left',
      'leaving.requesting',
      'fenced.releasing',
      'fenced.waitingForPoll',
      'failed.releasing',
      'failed.resting',
    ]
    expect(
      against((node) => !empty.includes(pathOf(node.value)) || held(node).length === 0),
    ).toEqual([])
  })

  test('eager: nothing is held while it joins and syncs', () => {
    const isBetween = (node: Snapshot): boolean =>
      top(node) === 'joining' ||
      ['computing', 'requesting'].some((s) => node.matches({ syncing: s } as never))
    const isEager = (node: Snapshot): boolean => node.context.rebalanceProtocol === 'eager'
    expect(
      against((node) => !(isEager(node) && isBetween(node)) || held(node).length === 0),
    ).toEqual([])
  })

  test('what comes and what goes is part of it', () => {
    const isPart = (node: Snapshot): boolean =>
      [...node.context.adding, ...node.context.revoking].every((tp) =>
        held(node).includes(keyOf(tp)),
      )
    expect(against(isPart)).toEqual([])
  })

  test('only SyncGroup gives, only a revoke or a loss that was told takes away', () => {
    const takes = ['revokePartitions: called', 'losePartitions: called', 'losePartitions: defect']
    const gives = ['syncGroup: synced', 'subscribe']
    expect(
      edgesAgainst(({ from, to, happening }) => {
        const before = held(from)
        const after = held(to)
        const isLess = before.some((key) => !after.includes(key))
        const isMore = after.some((key) => !before.includes(key))
        return (!isLess || takes.includes(happening)) && (!isMore || gives.includes(happening))
      }),
    ).toEqual([])
  })

  test('a loss is told to the end: nothing cuts `losePartitions` off', () => {
    expect(
      edgesAgainst(
        ({ from, to, happening }) =>
          !invoked(from).includes('losePartitions') ||
          happening.startsWith('losePartitions') ||
          (invoked(to).includes('losePartitions') && to.children === from.children) ||
          JSON.stringify(to.value) === JSON.stringify(from.value),
      ),
    ).toEqual([])
  })

  test('nothing is committed after a loss or without a generation', () => {
    const commits = nodes.filter((node) => invoked(node).includes('commitOffsets'))
    expect(commits.length).toBeGreaterThan(0)
    for (const node of commits) {
      expect(['rebalancing', 'leaving']).toContain(top(node))
      expect(node.context.generation >= 0 || node.context.groupId === null, where(node)).toBe(true)
    }
    expect(
      edgesAgainst(
        ({ from, to }) =>
          !invoked(from).includes('losePartitions') || !invoked(to).includes('commitOffsets'),
      ),
    ).toEqual([])
  })
})

describe('identity', () => {
  const forgetsId = ({ from, to }: Edge): boolean =>
    from.context.memberId !== '' && to.context.memberId === ''

  test('the member id is dropped only where it is worthless, else kept (KAFKA-13214)', () => {
    const isWorthless = ({ from, event, happening }: Edge): boolean => {
      const told = event as { kafkaError?: string; output?: { kafkaError?: string } }
      if ((told.kafkaError ?? told.output?.kafkaError) === 'UNKNOWN_MEMBER_ID') return true
      if (happening === 'member.replaced') return top(from) === 'leaving'
      // It left by itself, so that others get its partitions now.
      return from.matches({ fenced: 'releasing' }) && happening.startsWith('leaveGroup')
    }
    expect(edgesAgainst((edge) => !forgetsId(edge) || isWorthless(edge))).toEqual([])
    expect(edges.filter(forgetsId).length).toBeGreaterThan(0)
  })

  test('a generation comes from JoinGroup and goes with the membership (KAFKA-8104, 9140)', () => {
    expect(
      edgesAgainst(
        ({ from, to, happening }) =>
          to.context.generation <= from.context.generation ||
          (happening === 'joinGroup: joined' && to.matches('syncing')),
      ),
    ).toEqual([])
    // What JoinGroup brought is there in the step that syncs: nothing can clear it in between.
    for (const edge of edges.filter(({ happening }) => happening === 'joinGroup: joined')) {
      expect(edge.to.matches('syncing'), where(edge.to)).toBe(true)
      expect(edge.to.context).toMatchObject({ memberId: 'm' })
      expect(edge.to.context.generation).toBeGreaterThanOrEqual(0)
    }
  })

  test('news of an older generation changes nothing', () => {
    const stale = edges.filter(
      ({ event, from }) =>
        event.type === 'member.unknown' && event.generation !== from.context.generation,
    )
    expect(stale.length).toBeGreaterThan(0)
    for (const { from, to } of stale) {
      expect(to.value).toEqual(from.value)
      expect(to.context).toEqual(from.context)
    }
  })

  test('LeaveGroup is sent only by a member that has an id', () => {
    const leaves = nodes.filter((node) => invoked(node).includes('leaveGroup'))
    expect(leaves.length).toBeGreaterThan(0)
    for (const node of leaves) expect(node.context.memberId, where(node)).toBe('m')
  })
})

describe('without a group', () => {
  test('a consumer with partitions by hand never joins, leaves or is fenced', () => {
    const alone = nodes.filter(({ context }) => context.groupId === null)
    const tops = new Set(alone.map(top))
    expect([...tops].sort()).toEqual(['failed', 'idle', 'leaving', 'left', 'stable', 'syncing'])
    for (const node of alone) {
      expect(invoked(node)).not.toContain('leaveGroup')
      expect(invoked(node)).not.toContain('joinGroup')
    }
  })
})
