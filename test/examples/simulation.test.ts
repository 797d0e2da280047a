import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Stage } from './example-process.js'

const root = resolve(import.meta.dirname, '..', '..')
const guide = join(root, 'docs', 'simulation.md')
const isWriting = process.env.STREAMBUS_GOLDEN === 'write'
/** A planted bug that needs a longer script than this was not shrunk. */
const MOST_STEPS = 6

let stage: Stage
beforeEach(() => {
  stage = new Stage(root)
})
afterEach(() => stage.clear())

/** What stands in the guide as this example's output. */
const printedIn = (text: string, name: string): RegExpExecArray => {
  const block = new RegExp(
    `(?<=npm run example -- simulation/${name}\n\n)(?: {4}.*\n|\n)+?(?=\n\\S)`,
  )
  const found = block.exec(text)
  if (found === null) throw new Error(`docs/simulation.md does not show simulation/${name}`)
  return found
}

describe('examples/simulation', () => {
  it.each([
    ['bank-balance', /^ {2}check: \w+ has \d+, transferred were \d+ \(frame \d+\)$/],
    [
      'slow-handler',
      /^ {2}handler returns in time: member-\d\.\d loses its partitions: no poll for .*; its handler has topic-/,
    ],
  ])('%s finds the planted bug, shrinks it, and passes the mended handler', async (name, says) => {
    const example = stage.example(`simulation/${name}`)
    await stage.until('it ends', () => example.hasEnded)
    expect([example.exitCode, example.errors]).toEqual([0, []])
    const { lines } = example
    const at = lines.indexOf('')
    const [broken, mended] = [lines.slice(0, at), lines.slice(at + 1)]
    expect(broken[1]).toMatch(/^seed \d+ broke a rule:$/)
    expect(broken[2]).toMatch(says)
    const shrunk = /^the script, shrunk from (\d+) steps to (\d+) in \d+ runs:$/
    const [, from, to] = broken.map((line) => shrunk.exec(line)).find((found) => found !== null)!
    expect(Number(to)).toBeLessThanOrEqual(Math.min(MOST_STEPS, Number(from) - 1))
    expect(broken.at(-2)).toMatch(/^trace: \.streambus\/traces\/\d+\.jsonl$/)
    expect(mended[0]).toMatch(/^== /)
    expect(mended.slice(1)).toEqual(['10 runs, every rule held'])

    const text = readFileSync(guide, 'utf8')
    const output = lines.map((line) => (line === '' ? '\n' : `    ${line}\n`)).join('')
    const found = printedIn(text, name)
    if (isWriting)
      writeFileSync(
        guide,
        text.replace(found[0], () => output),
      )
    else expect(found[0], 'the guide shows another output: npm run golden').toBe(output)
  })

  it('property draws plans with fast-check', async () => {
    const example = stage.example('simulation/property', ['5'])
    await stage.until('it ends', () => example.hasEnded)
    expect([example.exitCode, example.errors]).toEqual([0, []])
    expect(example.lines).toEqual([
      expect.stringMatching(/^5 plans, \d+ rebalances, every rule held$/),
    ])
  })
})
