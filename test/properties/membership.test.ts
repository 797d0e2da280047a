import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { runScript, type Step } from '../../src/simulation/script.js'

/** As many as fit a few seconds; STREAMBUS_RUNS asks for more. */
const RUNS = Number(process.env.STREAMBUS_RUNS ?? 300)

const member = fc.nat(4)

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('start' as const), member }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('stop' as const), member }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('crash' as const), member }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cut' as const), member }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('heal' as const), member }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('produce' as const),
      records: fc.integer({ min: 1, max: 30 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 300, max: 5_000 })),
    }),
  },
)

const strategy = fc.constantFrom('range', 'roundrobin', 'sticky', 'cooperative-sticky')

const script = fc.record({
  seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  partitions: fc.integer({ min: 1, max: 9 }),
  strategy,
  steps: fc.array(step, { minLength: 1, maxLength: 50, size: 'max' }),
})

describe('random join, leave and crash sequences', () => {
  it('keep one owner a partition, converge, and commit under their own generation', () => {
    const totals = { rebalances: 0, minutes: 0, runs: 0 }
    fc.assert(
      fc.property(script, ({ seed, partitions, strategy, steps }) => {
        const consumer = { assignmentStrategy: strategy }
        const { violations, rebalances, simulatedMs, world } = runScript(
          { seed, partitions, consumer },
          steps,
        )
        world.close()
        totals.rebalances += rebalances
        totals.minutes += simulatedMs / 60_000
        totals.runs++
        expect(violations).toEqual([])
      }),
      { numRuns: RUNS },
    )
    // A generator that makes nothing happen proves nothing.
    expect(totals.rebalances / totals.runs).toBeGreaterThan(3)
    console.log(
      `${totals.runs} scripts, ${totals.rebalances} rebalances, ${totals.minutes.toFixed(0)} simulated minutes`,
    )
  }, 600_000)

  it('leave the same trace for the same seed', () => {
    const steps: Step[] = [
      { do: 'start', member: 0 },
      { do: 'wait', ms: 500 },
      { do: 'start', member: 1 },
      { do: 'produce', records: 20 },
      { do: 'wait', ms: 900 },
      { do: 'crash', member: 0 },
      { do: 'wait', ms: 4_000 },
      { do: 'start', member: 2 },
      { do: 'wait', ms: 1_000 },
    ]
    const run = (): string => {
      const { world } = runScript({ seed: 7, partitions: 5 }, steps)
      world.close()
      return world.trace.toJsonLines()
    }
    const first = run()
    expect(first.length).toBeGreaterThan(2_000)
    expect(run()).toBe(first)
  })
})
