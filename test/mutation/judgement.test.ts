import { expect, test } from 'vitest'
import { equivalents } from './equivalent.js'
import { complaints, judge } from './judgement.js'
import { survivors, tables } from './report.js'
import type { Verdict } from './trial.js'

const [{ mutants, reason }] = equivalents as [(typeof equivalents)[number]]
const listed = mutants[0]!

const verdict = (id: string, fate: Verdict['fate']): Verdict => ({
  id,
  chart: 'member',
  operator: 'drop',
  fate,
  ...(fate === 'killed' ? { kill: { check: 'table', what: 'wrong' } } : {}),
})
const dead = Array.from({ length: 20 }, (_, index) => verdict(`member/${index}`, 'killed'))

test('mutants that are killed, or listed and alive, are as they shall be', () => {
  const judgement = judge([...dead, verdict(listed, 'survived')], false)
  expect(judgement.killRate).toBe(1)
  expect(complaints(judgement)).toEqual([])
  expect(survivors(judgement)).toBe(`${reason}\n\n- \`${listed}\``)
})

test('a survivor that is not listed is named, and counts', () => {
  const alive = verdict('member/alive', 'survived')
  const judgement = judge([...dead.slice(0, 9), alive], false)
  expect(complaints(judgement)).toEqual([
    'only 90.0 % of the mutants are killed',
    'neither killed nor listed as equivalent: member/alive',
  ])
})

test('a list that is out of date is an error', () => {
  expect(complaints(judge([...dead, verdict(listed, 'killed')], false))).toEqual([
    `listed as equivalent, but killed: ${listed}`,
  ])
  const differs = { ...verdict(listed, 'survived'), difference: 'another state' }
  expect(complaints(judge([...dead, differs], false))).toEqual([
    `listed as equivalent, but it differs: ${listed}: another state`,
  ])
  const gone = complaints(judge(dead, true))
  expect(gone).toContain(`listed as equivalent, but there is no such mutant: ${listed}`)
})

test('the table has a line an operator and counts who killed', () => {
  const verdicts = [...dead, verdict(listed, 'survived'), verdict('member/x', 'survived')]
  expect(tables(verdicts, judge(verdicts, false)).split('\n')).toEqual([
    '### member',
    '',
    '| operator | mutants | table | equivalent | alive |',
    '| --- | ---: | ---: | ---: | ---: |',
    '| drop | 22 | 20 | 1 | 1 |',
    '| all | 22 | 20 | 1 | 1 |',
  ])
})
