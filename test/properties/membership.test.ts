import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraries, checkPlan, type RunStats } from '../../src/simulation/index.js'

/** As many as fit some seconds; STREAMBUS_RUNS asks for more. */
const RUNS = Number(process.env.STREAMBUS_RUNS ?? 60)

const { plan } = arbitraries(fc)

/** Members, partitions and strategies that came up, and what happened. */
class Seen {
  readonly members = new Set<number>()
  readonly strategies = new Set<string>()
  partitions = 0
  runs = 0
  rebalances = 0

  add({ members, partitions, rebalances }: RunStats, strategy: string): void {
    this.members.add(members)
    this.strategies.add(strategy)
    this.partitions = Math.max(this.partitions, partitions)
    this.rebalances += rebalances
    this.runs++
  }
}

describe('random sequences of joins, leaves, crashes and faults, for 1 to 8 members and 1 to 64 partitions', () => {
  it.each([
    ['eager', ['range', 'roundrobin', 'sticky']],
    ['cooperative', ['cooperative-sticky']],
  ])(
    'keep every rule (%s)',
    (_, strategies) => {
      const seen = new Seen()
      fc.assert(
        fc.property(plan({ strategies }), (drawn) => {
          seen.add(checkPlan(drawn), drawn.strategies[0]!)
        }),
        { numRuns: RUNS },
      )
      // A generator that makes nothing happen proves nothing.
      expect(seen.members.size).toBeGreaterThanOrEqual(7)
      expect([...seen.strategies].sort()).toEqual([...strategies].sort())
      expect(seen.partitions).toBeGreaterThan(48)
      expect(seen.rebalances / seen.runs).toBeGreaterThan(3)
    },
    600_000,
  )
})
