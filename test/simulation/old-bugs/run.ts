import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { HuntOrder, HuntResult } from './hunt.js'
import type { Mutant } from './mutant.js'
import { buildMutant, output } from './mutant-build.js'
import { mutants, sampleNames } from './mutants/all.js'
import { type Measured, rowOf, shortcoming, withRows } from './report.js'
import { scenarios } from './scenarios/all.js'

const SAMPLE_SEEDS = 100
/** Of one mutant: it may make a run slow. */
const LIMIT_MS = 20 * 60_000

interface Options {
  readonly only: readonly string[]
  readonly firstSeed: number
  readonly most: number
  readonly enough: number
  readonly isSample: boolean
  readonly writes: boolean
}

const readOptions = (args: readonly string[]): Options => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', multiple: true, default: [] },
      seed: { type: 'string', default: '1' },
      most: { type: 'string', default: '1000' },
      enough: { type: 'string' },
      sample: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
    },
  })
  const whole = (name: string, text: string): number => {
    const value = Number(text)
    if (Number.isInteger(value) && value >= 0) return value
    throw new Error(`--${name} is a whole number, not ${text}`)
  }
  const unknown = values.only.find((name) => !mutants.some((mutant) => mutant.name === name))
  if (unknown !== undefined) {
    throw new Error(`--only ${unknown}: the mutants are ${mutants.map((m) => m.name).join(', ')}`)
  }
  return {
    only: values.only,
    firstSeed: whole('seed', values.seed),
    most: whole('most', values.most),
    enough: whole('enough', values.enough ?? (values.sample ? '1' : '10')),
    isSample: values.sample,
    writes: values.write,
  }
}

/** Where things are: the project, and a folder of this run's own. */
interface Places {
  readonly root: string
  readonly work: string
}

const huntIn = async (
  { root, work }: Places,
  mutant: Mutant | undefined,
  order: Omit<HuntOrder, 'plans'>,
  plans: HuntOrder['plans'],
): Promise<HuntResult> => {
  const folder = join(work, mutant?.name ?? 'unpatched')
  try {
    const build = await buildMutant(root, folder, mutant)
    const hunter = join(import.meta.dirname, 'hunt.js')
    const args = [hunter, build, JSON.stringify({ ...order, plans })]
    return JSON.parse(await output(args, LIMIT_MS)) as HuntResult
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const measure = async (places: Places, mutant: Mutant, options: Options): Promise<Measured> => {
  const told = scenarios.filter(({ breaksUnder }) => breaksUnder.includes(mutant.name))
  const { firstSeed, enough } = options
  const most = mutant.isForScenarioOnly ? 0 : options.most
  const without = mutant.isInTable ? ['legal transitions'] : []
  const order = { firstSeed, most, enough, without, isShrunk: mutant.isShrunk === true }
  const plans = told.map(({ plan }) => plan)
  const result = await huntIn(places, mutant, order, plans)
  const unbroken = told.filter((_, index) => result.plans[index]!.length === 0)
  const names = (of: typeof told): string[] => of.map(({ bug, name }) => `${bug}, ${name}`)
  return { mutant, result, unbroken: names(unbroken), scenarios: names(told) }
}

const checkUnpatched = async (places: Places, options: Options): Promise<boolean> => {
  const most = options.isSample ? Math.min(options.most, SAMPLE_SEEDS) : options.most
  const order = { firstSeed: options.firstSeed, most, enough: 1, without: [], isShrunk: false }
  const plans = scenarios.map(({ plan }) => plan)
  const { findings, seeds, seconds, plans: broken } = await huntIn(places, undefined, order, plans)
  for (const { seed, what } of findings) say(`unpatched: seed ${seed}: ${what}`)
  broken.forEach((rules, index) => {
    if (rules.length > 0) say(`unpatched: ${scenarios[index]!.name}: ${rules.join(', ')}`)
  })
  const isWell = findings.length === 0 && broken.every((rules) => rules.length === 0)
  if (isWell) say(`unpatched: no violation in ${seeds} seeds (${seconds.toFixed(0)} s)`)
  return isWell
}

const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

/**
 * Puts each old bug into a copy of our sources and runs seeds until the rules have noticed it often
 * enough. Resolves with the exit code: 0 if each was caught, 5 if not, or if the unpatched sources
 * break a rule.
 */
export const main = async (args: readonly string[], root: string): Promise<number> => {
  const options = readOptions(args)
  const places = { root, work: join(root, '.cache', 'old-bugs', `run.${process.pid}`) }
  const chosen = mutants.filter(({ name }) => {
    if (options.only.length > 0) return options.only.includes(name)
    return !options.isSample || sampleNames.has(name)
  })
  const rows: string[] = []
  let isWell = true
  try {
    for (const mutant of chosen) {
      const measured = await measure(places, mutant, options)
      const why = shortcoming(measured)
      const row = rowOf(measured)
      rows.push(row)
      say(`${row} ${measured.result.seconds.toFixed(0)} s`)
      const [first] = measured.result.findings
      if (first !== undefined) say(`    seed ${first.seed}: ${first.what}`)
      for (const line of measured.result.shrunk?.script ?? []) say(`      ${line}`)
      if (why === undefined) continue
      isWell = false
      say(`    ${mutant.name}: ${why}`)
    }
    if (options.only.length === 0 && !(await checkUnpatched(places, options))) isWell = false
  } finally {
    rmSync(places.work, { recursive: true, force: true })
  }
  if (options.writes) {
    const file = join(root, 'docs', 'old-bugs.md')
    writeFileSync(file, withRows(readFileSync(file, 'utf8'), rows))
  }
  return isWell ? 0 : 5
}
