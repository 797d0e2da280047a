import fc from 'fast-check'
import { expect, test } from 'vitest'
import { GroupWorld } from './group-world.js'
import { type GroupModel, MemberModel, newModel } from './member-model.js'

const who = fc.nat(5)

const operation = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('act' as const), who }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('join' as const), who }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('sync' as const), who }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('commit' as const), who, age: fc.nat(1) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('heartbeat' as const, 'leave' as const, 'hangUp' as const),
      who,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forget' as const), who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('resubscribe' as const), who }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom(1, 100, 3_000, 11_000, 21_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('crash' as const, 'restart' as const) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('store' as const),
      delayMs: fc.constantFrom(0, 50, 5_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('failStore' as const), fails: fc.boolean() }),
  },
)

type Operation = typeof operation extends fc.Arbitrary<infer O> ? O : never

const apply = (world: GroupWorld, members: readonly MemberModel[], each: Operation): void => {
  if (each.do === 'wait') world.time.runFor(each.ms)
  else if (each.do === 'store') world.writeDelayMs = each.delayMs
  else if (each.do === 'failStore') world.failWrites = each.fails
  else if ('who' in each) {
    const member = members[each.who]!
    if (each.do === 'commit') member.commit(each.age)
    else if (each.do === 'resubscribe') {
      member.topics = member.topics === 'events' ? 'events,orders' : 'events'
      member.join()
    } else member[each.do]()
  } else {
    world[each.do]()
    for (const member of members) member.hangUp()
  }
}

const check = (world: GroupWorld, model: GroupModel, members: readonly MemberModel[]): void => {
  const group = world.groups.describe('g')
  if (group !== undefined) {
    expect(group.generation).toBeGreaterThanOrEqual(model.confirmed)
    const ids = group.members.map(({ memberId }) => memberId)
    expect(new Set(ids).size).toBe(ids.length)
    const instances = group.members.flatMap(({ groupInstanceId }) => groupInstanceId ?? [])
    expect(new Set(instances).size).toBe(instances.length)
    const leaders = group.members.filter(({ isLeader }) => isLeader).length
    if (group.state === 'stable' || group.state === 'completingRebalance') expect(leaders).toBe(1)
    else expect(leaders).toBeLessThanOrEqual(1)
  }
  expect(members.flatMap(({ calls }) => calls).every(({ answers }) => answers <= 1)).toBe(true)
  const committed = world.committed()
  expect(world.committed('g', 1)).toBe(committed)
  expect(model.rejectedOffsets.has(committed)).toBe(false)
}

/** Faults stop and everybody behaves: in bounded time the group is stable with all of them. */
const converge = (world: GroupWorld, members: readonly MemberModel[]): void => {
  world.failWrites = false
  world.writeDelayMs = 0
  const isSettled = (): boolean => {
    const group = world.groups.describe('g')
    return (
      group?.state === 'stable' &&
      group.members.length === members.length &&
      members.every(
        ({ isMember, generation, memberId }) =>
          isMember &&
          generation === group.generation &&
          group.members.some((member) => member.memberId === memberId),
      )
    )
  }
  // Session + 2 rebalances + delay + 2 beats; before, v3 ghosts have 5 minutes to go.
  const bound = world.time.now + 300_000 + 10_000 + 2 * 20_000 + 100 + 2 * 3_000
  while (!isSettled() && world.time.now < bound) {
    for (const member of members) member.act()
    world.time.runFor(1_000)
  }
  expect(isSettled(), JSON.stringify(world.groups.describe('g'), null, 1)).toBe(true)
  const { generation } = world.groups.describe('g')!
  for (let beat = 0; beat < 30; beat++) {
    for (const member of members) member.act()
    world.time.runFor(3_000)
  }
  expect(world.groups.describe('g')).toMatchObject({ state: 'stable', generation })
}

test('over crashes, failing stores and lost connections a group keeps its promises', () => {
  let rebalances = 0
  fc.assert(
    fc.property(
      fc.integer(),
      fc.array(operation, { minLength: 20, maxLength: 100 }),
      (seed, script) => {
        const world = new GroupWorld({ groupInitialRebalanceDelayMs: 100 }, seed)
        const model = newModel()
        const members = [0, 1, 2, 3, 4, 5].map(
          (index) =>
            new MemberModel(world, model, index < 2 ? `i-${index}` : null, index === 5 ? 3 : 9),
        )
        for (const each of script) {
          apply(world, members, each)
          check(world, model, members)
        }
        converge(world, members)
        check(world, model, members)
        rebalances += world.rebalances.length
      },
    ),
    { numRuns: 60 },
  )
  expect(rebalances).toBeGreaterThan(60)
})
