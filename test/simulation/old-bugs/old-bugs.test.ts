import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { recordPlan } from '../../../src/simulation/trace/trace-file.js'
import { patched } from './mutant.js'
import { mutants, sampleNames } from './mutants/all.js'
import { withRows } from './report.js'
import { scenarios } from './scenarios/all.js'

/** What KIP-848 brings waits until it is built: KAFKA-16147. */
const CATALOGUE = [
  ...['KAFKA-8104', 'KAFKA-9140', 'KAFKA-12890', 'KAFKA-7610', 'KAFKA-9752', 'KAFKA-13214'],
  ...['KAFKA-13419', 'KAFKA-14639', 'KAFKA-14382', 'KAFKA-14024', 'KAFKA-14196', 'KAFKA-4682'],
  ...['KAFKA-13636', 'KAFKA-16371', 'librdkafka #2933', '#4059', 'librdkafka #3340'],
  ...['franz-go #650', 'kafkajs #1720', '@platformatic/kafka #370'],
  'confluent-kafka-javascript #476',
]

describe.each(scenarios)('$bug', ({ name, plan, happened }) => {
  test(name, () => {
    const { outcome, trace } = recordPlan(plan)
    expect(outcome.violations).toEqual([])
    const missing = Object.entries(happened).filter(([, sees]) => !sees(trace.frames))
    expect(missing.map(([what]) => what)).toEqual([])
  })
})

describe('the catalogue', () => {
  test.each(CATALOGUE)('has a scenario and a mutant of %s', (bug) => {
    expect(scenarios.some((scenario) => scenario.bug.includes(bug))).toBe(true)
    expect(mutants.some((mutant) => mutant.bug.includes(bug))).toBe(true)
  })

  test.each(mutants)('$name fits the sources', ({ patches }) => {
    const texts = new Map<string, string>()
    for (const patch of patches) {
      const file = join(import.meta.dirname, '../../../src', patch.file)
      texts.set(patch.file, patched(texts.get(patch.file) ?? readFileSync(file, 'utf8'), patch))
    }
    expect(texts.size).toBeGreaterThan(0)
  })

  test('names what there is', () => {
    const names = mutants.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    const named = [...sampleNames, ...scenarios.flatMap(({ breaksUnder }) => breaksUnder)]
    expect(named.filter((name) => !names.includes(name))).toEqual([])
  })
})

test('figures go into the place of former ones of the same mutant, and nowhere else', () => {
  const page = (...rows: string[]): string =>
    ['| a | the bug |', '<!-- begin of figures -->', ...rows, '<!-- end of figures -->'].join('\n')
  const before = page('| a | 1 |', '| b | 2 |')
  expect(withRows(before, ['| c | 4 |', '| a | 3 |'])).toBe(
    page('| a | 3 |', '| b | 2 |', '| c | 4 |'),
  )
})
