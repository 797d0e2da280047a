import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseTrace, traceText } from '../../src/domain/trace-text.js'
import { simulate } from '../../src/simulation/simulate.js'
import type { SimulateOptions } from '../../src/simulation/simulate-options.js'
import { goldenCases } from './golden-cases.js'

const folder = join(import.meta.dirname, 'golden')
const isWriting = process.env.STREAMBUS_GOLDEN === 'write'
const MOST_KB = 150

const HOW = `If that is meant (a chart, the plan of a seed or the trace format has changed), renew them:
  npm run golden
and read the difference before it is committed. If not, something depends on more than its seed.`

/** All but the hash of the charts, which says only that they changed, not how they behave. */
const goldenTextOf = async (options: SimulateOptions): Promise<string> => {
  const simulation = await simulate(options)
  expect(simulation.violations).toEqual([])
  const { header, frames } = parseTrace(simulation.trace(), 'this run')
  const { machineHash: _, ...rest } = header
  return traceText({ header: rest, frames })
}

test.each(Object.entries(goldenCases))('%s', async (_, options) => {
  const file = join(folder, `${options.seed}.jsonl`)
  const now = await goldenTextOf(options)
  if (isWriting) writeFileSync(file, now)
  expect(now.length).toBeLessThan(MOST_KB * 1_024)
  const golden = readFileSync(file, 'utf8')
  if (now === golden) return
  const [before, after] = [golden.split('\n'), now.split('\n')]
  const at = after.findIndex((line, index) => line !== before[index])
  const shown = (line: string | undefined): string => line?.slice(0, 300) ?? 'nothing'
  throw new Error(
    `line ${at + 1} of test/simulation/golden/${options.seed}.jsonl is\n  ${shown(before[at])}\n` +
      `and now\n  ${shown(after[at])}\n${HOW}`,
  )
})

test('each golden trace has its case, and they go different ways', () => {
  const files = readdirSync(folder).sort()
  expect(files).toEqual(Object.values(goldenCases).map(({ seed }) => `${seed}.jsonl`))
  const plans = files.map((file) => {
    const { header } = parseTrace(readFileSync(join(folder, file), 'utf8'), file)
    expect(header).not.toHaveProperty('machineHash')
    return header.plan as { readonly transport: string; readonly strategies: readonly string[] }
  })
  expect(plans.map(({ transport }) => transport)).toContain('bytes')
  expect(plans.map(({ strategies }) => strategies[0])).toContain('cooperative-sticky')
})
