import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AssignorInput, AssignorMember } from '../../src/assignors/index.js'
import { cooperativeStickyAssignor, stickyAssignor } from '../../src/assignors/index.js'
import { keyOf } from '../../src/domain/topic-partition.js'
import { bruteForce, priorOwners } from './brute-force.js'
import { allPartitions, loadsOf, member, rejoined, shown, violations } from './group-fixture.js'

/** At most 4 members, 4 topics, 7 partitions; claims may be stale, double, foreign or absurd. */
const group: fc.Arbitrary<AssignorInput> = fc
  .tuple(
    fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 4 }),
    fc.integer({ min: 1, max: 4 }),
  )
  .chain(([counts, memberCount]) => {
    const names = counts.map((_, i) => `t${i}`)
    let left = 7
    const partitions = new Map(
      counts.map((count, i) => {
        const some = Math.min(count, left)
        left -= some
        return [names[i]!, some]
      }),
    )
    const claim = fc.record({
      topic: fc.constantFrom(...names, 'gone'),
      partition: fc.nat({ max: 3 }),
    })
    const one = fc.record({
      topics: fc.oneof(fc.constant(names), fc.array(fc.constantFrom(...names, 'gone'))),
      owned: fc.array(claim, { maxLength: 6 }),
      generation: fc.integer({ min: -1, max: 2 }),
    })
    return fc
      .array(one, { minLength: memberCount, maxLength: memberCount })
      .map((all) => ({ partitions, members: all.map((m, i) => member(`m${i}`, m.topics, m)) }))
  })

const keptOf = (
  { members }: AssignorInput,
  prior: ReadonlyMap<string, string>,
  assignment: ReadonlyMap<string, readonly { topic: string; partition: number }[]>,
): number =>
  members.reduce((sum, { memberId }) => {
    const list = assignment.get(memberId) ?? []
    return sum + list.filter((tp) => prior.get(keyOf(tp)) === memberId).length
  }, 0)

const claimants = ({ members }: AssignorInput, key: string): string[] =>
  members.filter(({ owned }) => owned.some((tp) => keyOf(tp) === key)).map((m) => m.memberId)

/** One consistent group: owners as an earlier assignment left them, then subscriptions change. */
const consistent = group.chain((first) =>
  fc
    .tuple(
      fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
      fc.array(fc.subarray([...first.partitions.keys()]), { minLength: 4, maxLength: 4 }),
      fc.boolean(),
    )
    .map(([stays, topics, subscriptionsChange]): AssignorInput => {
      const fresh = first.members.map((each) => ({ ...each, owned: [], generation: -1 }))
      const before = fresh.filter((_, i) => stays[i])
      const assigned = stickyAssignor.assign({ ...first, members: before })
      const joined = fresh.map((each, i): AssignorMember => {
        const wanted = subscriptionsChange ? topics[i]! : each.topics
        const [again] = rejoined([each], assigned, 5)
        return stays[i] ? { ...again!, topics: wanted } : { ...each, topics: wanted }
      })
      return { ...first, members: joined }
    }),
)

describe('sticky against brute force', () => {
  it('is valid, least in its loads, and keeps as many as these loads allow', () => {
    fc.assert(
      fc.property(group, (given) => {
        const assignment = stickyAssignor.assign(given)
        expect(violations(given, assignment)).toEqual([])
        const best = bruteForce(given)
        expect(loadsOf(assignment)).toEqual(best.loads)
        expect(keptOf(given, priorOwners(given), assignment)).toBe(best.kept)
      }),
      { numRuns: 400 },
    )
  })

  it('does not depend on the order of members, topics, claims or of the partition map', () => {
    const shuffled = group.chain((given) =>
      fc
        .tuple(
          fc.shuffledSubarray([...given.members], { minLength: given.members.length }),
          fc.shuffledSubarray([...given.partitions], { minLength: given.partitions.size }),
        )
        .map(([members, partitions]) => ({
          given,
          other: {
            partitions: new Map(partitions),
            members: members.map((each) => ({
              ...each,
              topics: [...each.topics, ...each.topics].reverse(),
              owned: [...each.owned, ...each.owned].reverse(),
            })),
          },
        })),
    )
    fc.assert(
      fc.property(shuffled, ({ given, other }) => {
        for (const { assign } of [stickyAssignor, cooperativeStickyAssignor]) {
          expect([...assign(other)]).toEqual([...assign(given)])
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('cooperative-sticky', () => {
  it('withholds exactly what moves while somebody else claims it', () => {
    fc.assert(
      fc.property(group, (given) => {
        const target = stickyAssignor.assign(given)
        const granted = cooperativeStickyAssignor.assign(given)
        const prior = priorOwners(given)
        const expected = [...target].map(([id, list]) => [
          id,
          list.filter(
            (tp) =>
              prior.get(keyOf(tp)) === id || claimants(given, keyOf(tp)).every((c) => c === id),
          ),
        ])
        expect([...granted]).toEqual(expected)
      }),
      { numRuns: 300 },
    )
  })

  it('ends after two rounds: nothing withheld, nothing moved again, best loads, most kept', () => {
    fc.assert(
      fc.property(consistent, (given) => {
        const best = bruteForce(given)
        const one = cooperativeStickyAssignor.assign(given)
        const second = { ...given, members: rejoined(given.members, one, 6) }
        const two = cooperativeStickyAssignor.assign(second)
        expect(violations(second, two)).toEqual([])
        expect(loadsOf(two)).toEqual(best.loads)
        expect(keptOf(given, priorOwners(given), two)).toBe(best.kept)
        for (const [id, list] of one) expect(two.get(id)).toEqual(expect.arrayContaining([...list]))
        const third = { ...given, members: rejoined(given.members, two, 7) }
        expect(shown(cooperativeStickyAssignor.assign(third))).toEqual(shown(two))
      }),
      { numRuns: 300 },
    )
  })

  it('never grants in the first round what another member still owns', () => {
    fc.assert(
      fc.property(consistent, (given) => {
        const one = cooperativeStickyAssignor.assign(given)
        for (const tp of allPartitions(given)) {
          const owner = claimants(given, keyOf(tp))[0]
          const granted = [...one].find(([, list]) => list.some((t) => keyOf(t) === keyOf(tp)))?.[0]
          if (owner !== undefined && granted !== undefined) expect(granted).toBe(owner)
        }
      }),
      { numRuns: 200 },
    )
  })
})
