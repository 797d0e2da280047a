import { describe, expect, test } from 'vitest'
import { runScript, type Step } from '../../src/simulation/script.js'
import { World } from '../../src/simulation/world.js'

const steps: readonly Step[] = [
  { do: 'start', member: 0 },
  { do: 'wait', ms: 500 },
  { do: 'start', member: 1 },
  { do: 'wait', ms: 1_500 },
  { do: 'produce', records: 20 },
  { do: 'cut', member: 1 },
  { do: 'wait', ms: 4_000 },
  { do: 'crash', member: 0 },
  { do: 'start', member: 2 },
  { do: 'wait', ms: 500 },
]

const bytes = (seed: number, assignmentStrategy = 'cooperative-sticky'): string => {
  const options = { seed, partitions: 5, consumer: { assignmentStrategy } }
  const { world, violations } = runScript(options, steps)
  expect(violations).toEqual([])
  const lines = world.trace.toJsonLines()
  world.close()
  return lines
}

describe('a simulated world', () => {
  test('the same seed gives the same bytes, another seed another run', () => {
    const first = bytes(7)
    expect(bytes(7)).toBe(first)
    expect(bytes(8)).not.toBe(first)
    expect(first.split('\n').length).toBeGreaterThan(100)
  })

  test('a trace holds nothing random: no session ids, no times but virtual ones', () => {
    const frames = bytes(7)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { seq: number; t: number; actor?: string })
    expect(frames.map(({ seq }) => seq)).toEqual(frames.map((_, index) => index))
    for (const [index, { t, actor }] of frames.entries()) {
      expect(t).toBeGreaterThanOrEqual(frames[index - 1]?.t ?? 0)
      expect(t).toBeLessThan(60_000)
      expect(actor ?? '').not.toMatch(/x:\d/)
    }
  })

  test('what the faults are for does happen: losses, crashes, rebalances', () => {
    const lines = bytes(7)
    for (const what of ['"fact":"crash"', '"fact":"cut"', '"fact":"revoke"', '"fenced"']) {
      expect(lines).toContain(what)
    }
  })

  test('a cut member stops handing out, the others take over and read on', () => {
    const world = new World({ seed: 3, partitions: 4 })
    world.start('a')
    world.start('b')
    world.time.runUntilTrue(() => world.hasConverged(), 10_000)
    world.cut('a')
    world.time.runUntilTrue(() => world.members.get('b')!.owned.length === 4, 20_000)
    expect(world.members.get('b')!.owned).toHaveLength(4)
    expect(world.members.get('a')!.owned).toHaveLength(0)
    world.heal('a')
    expect(world.time.runUntilTrue(() => world.hasConverged(), 20_000)).toBe(true)
    expect(world.members.get('a')!.owned).toHaveLength(2)
    world.close()
  })
})
