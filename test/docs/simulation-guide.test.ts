import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { checkers } from '../../src/simulation/checkers/index.js'
import { faultClasses } from '../../src/simulation/plan/step.js'

const root = resolve(import.meta.dirname, '..', '..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const guide = read('docs/simulation.md')

test('every rule is in the table, under the name that is printed', () => {
  const rows = [...guide.matchAll(/^\| ([a-z][a-z -]+) \| (\d+) \| \S/gm)]
  const documented = rows.map(([, name, invariant]) => `${name} (${invariant})`)
  const rules = checkers.map(({ name, invariant }) => `${name} (${invariant})`)
  expect(documented.sort()).toEqual(rules.sort())
})

test('every option and every class of faults is told of', () => {
  const source = read('src/simulation/simulate-options.ts')
  const own = /export interface SimulateOptions \{(.*?)\n\}/s.exec(source)![1]!
  const consumer = /export type SimulatedConsumerOptions =(.*?)\n\n/s.exec(source)![1]!
  const names = [
    ...[...own.matchAll(/readonly (\w+)\??:/g)].map((match) => match[1]!),
    ...[...consumer.matchAll(/'(\w+)'/g)].map((match) => match[1]!),
  ]
  expect(names.length).toBeGreaterThan(15)
  for (const name of [...names, ...faultClasses]) {
    expect(guide, name).toMatch(new RegExp(`\`${name}[\`.]`))
  }
})

test('its code is that of the examples', () => {
  const folder = 'examples/simulation'
  const examples = readdirSync(join(root, folder)).map((file) => read(join(folder, file)))
  const blocks = [...guide.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1]!)
  expect(blocks.length).toBeGreaterThan(3)
  for (const block of blocks) {
    expect(
      examples.some((text) => text.includes(block)),
      block,
    ).toBe(true)
  }
})
