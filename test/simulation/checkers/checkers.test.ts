import { describe, expect, test } from 'vitest'
import { checkers } from '../../../src/simulation/checkers/index.js'
import { judge } from '../fixtures/story.js'
import { brokerCases } from './cases/broker.js'
import { commitCases } from './cases/commits.js'
import { deliveryCases } from './cases/delivery.js'
import { livenessCases } from './cases/liveness.js'
import { ownershipCases } from './cases/ownership.js'
import type { RuleCase } from './cases/rule-case.js'

const cases: readonly RuleCase[] = [
  ...ownershipCases,
  ...deliveryCases,
  ...commitCases,
  ...brokerCases,
  ...livenessCases,
]

describe.each(cases)('$rule.name', ({ rule, plan, keeps, breaks }) => {
  test.each(Object.entries(keeps))('kept: %s', (_, story) => {
    expect(judge(rule, story, plan)).toEqual([])
  })

  test.each(Object.entries(breaks))('broken: %s', (_, [says, ...story]) => {
    const violations = judge(rule, story, plan)
    expect(violations.map(({ what }) => what)).toEqual([expect.stringMatching(says)])
    expect(violations[0]).toMatchObject({ rule: rule.name })
  })
})

test('every rule has stories that keep it and stories that break it', () => {
  const told = new Set(cases.map(({ rule }) => rule.name))
  expect([...told].sort()).toEqual(checkers.map(({ name }) => name).sort())
  for (const { keeps, breaks } of cases) {
    expect(Object.keys(keeps).length).toBeGreaterThan(0)
    expect(Object.keys(breaks).length).toBeGreaterThan(0)
  }
})

test('names and invariants are what the documentation can refer to', () => {
  expect(new Set(checkers.map(({ name }) => name)).size).toBe(checkers.length)
  for (const { invariant } of checkers) expect(invariant).toBeGreaterThan(0)
})
