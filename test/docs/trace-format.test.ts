import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { TRACE_VERSION } from '../../src/domain/trace.js'

const root = resolve(import.meta.dirname, '..', '..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const doc = read('docs/trace.md')
const facts = read('src/domain/facts.ts')

const fieldsIn = (source: string): string[] =>
  [...source.matchAll(/readonly (\w+)\??:/g)].map((match) => match[1]!)

/** Each fact with its fields, nested ones too, as the source has them. */
const factFields = facts.split(/readonly fact: (?=')/).flatMap((part): [string, string[]][] => {
  const name = /^'([\w.]+)'/.exec(part)?.[1]
  const own = part.split(/^export /m)[0]!
  return name === undefined ? [] : [[name, fieldsIn(own)]]
})

describe('docs/trace.md', () => {
  test('is about this version', () => {
    expect(doc).toMatch(new RegExp(`^# The trace format, version ${TRACE_VERSION}\n`))
  })

  test.each(factFields)('tells of the fact %s and its fields', (name, fields) => {
    const row = doc.split('\n').find((line) => {
      const [, first = ''] = line.split('|')
      return first.includes(`\`${name}\``) && line.split('|').length === 5
    })
    expect(row, `a row of a table of facts for ${name}`).toBeDefined()
    for (const field of fields) expect(row).toContain(`\`${field}\``)
  })

  test('tells of nothing that is not there', () => {
    const rows = [...doc.matchAll(/^\| ((?:`[\w.]+`(?:, )?)+) \|.*\|.*\|$/gm)]
    const named = rows.flatMap(([, names]) => [...names!.matchAll(/`([\w.]+)`/g)].map(([, n]) => n))
    expect(named.sort()).toEqual(factFields.map(([name]) => name).sort())
  })

  test('tells of every field of the header and of frames', () => {
    const names = fieldsIn(read('src/domain/trace.ts'))
    expect(names.length).toBeGreaterThan(20)
    for (const name of names) expect(doc, name).toContain(`\`${name}\``)
    const plan = /const PlanSchema = Schema.Struct\(\{(.*?)^\}\)/ms.exec(
      read('src/simulation/plan/plan.ts'),
    )![1]!
    const planFields = [...plan.matchAll(/^ {2}(\w+):/gm)].map((match) => match[1]!)
    expect(planFields.length).toBeGreaterThan(10)
    for (const name of planFields) expect(doc, name).toContain(`\`${name}\``)
  })
})
