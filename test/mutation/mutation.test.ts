import { describe, expect, test } from 'vitest'
import { normalised } from './chart-config.js'
import { charts } from './charts.js'
import { equivalents, reasonFor } from './equivalent.js'
import { firstKill } from './killers.js'
import { drawn, operators } from './mutant.js'
import { mutantsOfCharts, tryMutant } from './trial.js'

/** Of each operator in each chart; `npm run mutation` tries them all. */
const SAMPLE = 5

for (const chart of Object.values(charts)) {
  const mutants = mutantsOfCharts([chart.name])

  describe(`mutants of the ${chart.name} chart, a sample`, () => {
    for (const operator of operators) {
      const all = mutants.filter((mutant) => mutant.operator === operator)
      if (all.length === 0) continue
      test(`${operator}: each is killed, or listed as equivalent with a reason`, async () => {
        const sample = drawn(all, SAMPLE).filter(({ id }) => reasonFor(id) === undefined)
        const alive: string[] = []
        for (const mutant of sample) {
          const { id, fate } = await tryMutant(mutant)
          if (fate === 'survived') alive.push(id)
        }
        expect(alive).toEqual([])
      })
    }
  })
}

test('a chart that is made anew unchanged has no fault; the runner asks it of all three', () => {
  const { partition } = charts
  expect(partition.firstFault(partition.make(normalised(partition.config)))).toBeUndefined()
})

test('what is listed as equivalent is a mutant, once, with a reason', () => {
  const ids = new Set(mutantsOfCharts(['member', 'partition', 'coordinator']).map(({ id }) => id))
  const listed = equivalents.flatMap(({ mutants }) => mutants)
  expect(listed.filter((id) => !ids.has(id))).toEqual([])
  expect(new Set(listed).size).toBe(listed.length)
  for (const { reason } of equivalents) expect(reason.length).toBeGreaterThan(20)
})

test('beside the chart a mutant differs, the chart itself does not', () => {
  const { partition } = charts
  const mutants = mutantsOfCharts(['partition'])
  const deaf = mutants.find(({ id }) => id === 'partition/failed/on:pause/without:askPause')!
  expect(partition.firstDifference(partition.make(deaf.apply()))).toContain('paused: false')
  expect(partition.firstDifference(partition.make(partition.config))).toBeUndefined()
})

test('whom the properties let live a further killer is asked about', async () => {
  const { partition } = charts
  const machine = partition.make(partition.config)
  const further = { name: 'simulation', kill: async (chart: string) => `${chart}: a violation` }
  expect(await firstKill(partition, machine, [])).toBeUndefined()
  expect(await firstKill(partition, machine, [further])).toEqual({
    check: 'simulation',
    what: 'partition: a violation',
  })
})
