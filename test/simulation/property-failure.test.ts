import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Checker } from '../../src/simulation/checkers/checker.js'

/** A rule that honest runs break, so that a failure can be looked at. */
const { nobodyIsKilled } = vi.hoisted(() => {
  const rule: Checker = {
    name: 'nobody is killed',
    invariant: 0,
    watch: (report) => ({ crash: ({ seq, process }) => report(seq, `${process} was killed`) }),
  }
  return { nobodyIsKilled: rule }
})
vi.mock('../../src/simulation/checkers/index.js', async (original) => {
  const { checkers } = await original<{ readonly checkers: readonly Checker[] }>()
  return { checkers: [...checkers, nobodyIsKilled] }
})

const { arbitraries, checkPlan, readPlan, simulateMany } = await import(
  '../../src/simulation/index.js'
)

const home = process.cwd()
beforeEach(() => process.chdir(mkdtempSync(join(tmpdir(), 'streambus-property-'))))
afterEach(() => {
  const folder = process.cwd()
  process.chdir(home)
  rmSync(folder, { recursive: true })
})

const failureOf = (run: () => void): string => {
  try {
    run()
  } catch (error) {
    return `${(error as Error).message}\n${((error as Error).cause as Error | undefined)?.message}`
  }
  throw new Error('the property did not fail')
}

test('a property that fails shrinks, and prints seed, path, script, trace and how to replay it', () => {
  const { plan } = arbitraries(fc)
  const text = failureOf(() =>
    fc.assert(
      fc.property(plan({ faults: ['process'] }), (drawn) => {
        checkPlan(drawn)
      }),
      { numRuns: 200, seed: 1 },
    ),
  )
  expect(text).toMatch(/seed: 1, path: "[\d:]+"/)
  expect(text).toMatch(/nobody is killed: member-\d+\.\d+ was killed/)
  const [, steps] = /the script of (\d+) steps:/.exec(text) ?? []
  expect(Number(steps)).toBeLessThanOrEqual(3)
  const [, file] = /replay: npx --no-install streambus replay (\S+)/.exec(text) ?? []
  expect(file).toMatch(/^\.streambus\/traces\/\d+\.jsonl$/)
  const again = readPlan(file!)
  expect(again.steps).toHaveLength(Number(steps))
  expect(() => checkPlan(again)).toThrow(/nobody is killed/)
})

test('a failure is told where its trace cannot be written, too', async () => {
  writeFileSync('.streambus', 'a file, where a folder is needed')
  const why = /trace: none, cannot write the trace .*jsonl: E[A-Z]+$/
  const { failure } = await simulateMany({
    runs: 1,
    members: 1,
    partitions: 1,
    check: () => {
      throw new Error('wrong')
    },
  })
  expect(failure?.text).toMatch(/check: wrong \(frame \d+\)\n/)
  expect(failure?.text).toMatch(why)
  const [drawn] = fc.sample(arbitraries(fc).plan({ members: { max: 1 }, faults: [] }), 1)
  const steps = [
    { do: 'start', member: 0, afterMs: 0 },
    { do: 'crash', member: 0, how: 'kill', afterMs: 1_000 },
  ] as const
  expect(() => checkPlan({ ...drawn!, steps })).toThrow(why)
})

test('constraints that cannot be met are refused, naming the field', () => {
  const { plan } = arbitraries(fc)
  const wrong: readonly [object, RegExp][] = [
    [{ members: { max: 9 } }, /members.max/],
    [{ partitions: { min: 0 } }, /partitions.min/],
    [{ members: 3 }, /members/],
    [{ faults: ['x'] }, /faults/],
    [{ maxSteps: 0 }, /maxSteps/],
    [{ strategies: [] }, /strategies/],
    [{ bogus: 1 }, /bogus/],
  ]
  for (const [constraints, says] of wrong) {
    const refused = expect.objectContaining({
      code: 'INVALID_CONFIG',
      message: expect.stringMatching(says),
    })
    expect(() => plan(constraints)).toThrow(refused)
  }
  expect(() => arbitraries(undefined as never).plan()).toThrow(/arbitraries\(fc\)/)
})
