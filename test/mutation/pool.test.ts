import { expect, test } from 'vitest'
import type { Mutant } from './mutants.js'
import { tryAll } from './pool.js'
import type { Verdict } from './trial.js'

const worker = new URL('./fixtures/moody-worker.mjs', import.meta.url)

const mutant = (id: string): Mutant => ({
  id,
  chart: 'toy',
  operator: 'drop',
  apply: () => ({ id }),
})

test('a mutant that never ends or ends its process is killed, the others are tried', async () => {
  const verdicts: Verdict[] = []
  const mutants = ['a', 'dying', 'b', 'deaf', 'c'].map(mutant)
  const options = { workers: 1, worker, patienceMs: 500 }
  await tryAll(mutants, options, (verdict) => verdicts.push(verdict))
  expect(verdicts.map(({ id, fate, kill }) => [id, fate, kill?.check])).toEqual([
    ['a', 'survived', undefined],
    ['dying', 'killed', 'runaway'],
    ['b', 'survived', undefined],
    ['deaf', 'killed', 'runaway'],
    ['c', 'survived', undefined],
  ])
})
