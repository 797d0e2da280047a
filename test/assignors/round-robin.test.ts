import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AssignorInput } from '../../src/assignors/index.js'
import {
  kafkajsRoundRobinAssignor,
  rangeAssignor,
  roundRobinAssignor,
} from '../../src/assignors/index.js'
import { allPartitions, input, loadsOf, member, shown, violations } from './group-fixture.js'

const assign = (...given: Parameters<typeof input>) =>
  shown(roundRobinAssignor.assign(input(...given)))

/** Kafka's way, literally: a circular iterator that passes over members without the topic. */
const literally = (group: AssignorInput): Record<string, string[]> => {
  const ids = group.members.map(({ memberId }) => memberId).sort()
  const result: Record<string, string[]> = Object.fromEntries(ids.map((id) => [id, []]))
  const wants = (id: string, topic: string) =>
    group.members.some((each) => each.memberId === id && each.topics.includes(topic))
  let turn = 0
  for (const { topic, partition } of allPartitions(group)) {
    if (!ids.some((id) => wants(id, topic))) continue
    while (!wants(ids[turn % ids.length]!, topic)) turn++
    result[ids[turn++ % ids.length]!]!.push(`${topic}-${partition}`)
  }
  return result
}

const topics = ['t0', 't1', 't2', 't3']
const group = fc
  .tuple(
    fc.array(fc.nat({ max: 6 }), { minLength: 4, maxLength: 4 }),
    fc.array(fc.subarray([...topics, 'gone']), { minLength: 1, maxLength: 6 }),
  )
  .map(([counts, subscriptions]) =>
    input(
      Object.fromEntries(counts.map((count, i) => [topics[i]!, count])),
      ...subscriptions.map((wanted, i) => member(`m${i}`, wanted)),
    ),
  )

// Kafka's RoundRobinAssignorTest.
describe('roundrobin', () => {
  it('deals two topics to two consumers', () => {
    const given = [member('c1', ['t1', 't2']), member('c2', ['t1', 't2'])]
    expect(assign({ t1: 3, t2: 3 }, ...given)).toEqual({
      c1: ['t1-0', 't1-2', 't2-1'],
      c2: ['t1-1', 't2-0', 't2-2'],
    })
  })

  it('passes over members without the topic', () => {
    const given = [member('c1', ['t1']), member('c2', ['t1', 't2']), member('c3', ['t1'])]
    expect(assign({ t1: 3, t2: 2 }, ...given)).toEqual({
      c1: ['t1-0'],
      c2: ['t1-1', 't2-0', 't2-1'],
      c3: ['t1-2'],
    })
  })

  it('keeps static members where they were when their member ids change', () => {
    const lists = (ids: readonly string[]) =>
      Object.values(
        assign(
          { t1: 5, t2: 4 },
          ...ids.map((id, i) => member(id, ['t1', 't2'], { groupInstanceId: `instance${i}` })),
        ),
      )
    expect(lists(['c', 'a', 'b'])).toEqual([
      ['t1-0', 't1-3', 't2-1'],
      ['t1-1', 't1-4', 't2-2'],
      ['t1-2', 't2-0', 't2-3'],
    ])
    expect(lists(['x', 'z', 'y'])).toEqual(lists(['c', 'a', 'b']))
  })

  it('is what Kafka does step by step', () => {
    fc.assert(
      fc.property(group, (given) => {
        expect(shown(roundRobinAssignor.assign(given))).toEqual(literally(given))
      }),
      { numRuns: 300 },
    )
  })

  it('is also known by the name that kafkajs uses', () => {
    expect(kafkajsRoundRobinAssignor.name).toBe('RoundRobinAssigner')
    expect(kafkajsRoundRobinAssignor.assign).toBe(roundRobinAssignor.assign)
  })
})

describe('range and roundrobin', () => {
  it('are valid and independent of the order of their input', () => {
    const reversed = (given: AssignorInput): AssignorInput => ({
      partitions: new Map([...given.partitions].reverse()),
      members: [...given.members]
        .reverse()
        .map((each) => ({ ...each, topics: [...each.topics, ...each.topics].reverse() })),
    })
    fc.assert(
      fc.property(group, (given) => {
        for (const { assign: run } of [rangeAssignor, roundRobinAssignor]) {
          expect(violations(given, run(given))).toEqual([])
          expect([...run(reversed(given))]).toEqual([...run(given)])
        }
      }),
      { numRuns: 200 },
    )
  })

  it('roundrobin is balanced when all subscribe alike', () => {
    fc.assert(
      fc.property(group, ({ members, partitions }) => {
        const alike = members.map((each) => ({ ...each, topics }))
        const loads = loadsOf(roundRobinAssignor.assign({ partitions, members: alike }))
        expect(loads[0]! - loads.at(-1)!).toBeLessThanOrEqual(1)
      }),
    )
  })
})
