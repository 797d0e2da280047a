import '../setup.js'
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { normalised } from './chart-config.js'
import { type ChartName, charts } from './charts.js'
import { complaints, judge } from './judgement.js'
import { firstKill } from './killers.js'
import { drawn } from './mutant.js'
import { type Mutant, mutantsOf } from './mutants.js'
import { tryAll } from './pool.js'
import { summary, survivors, tables } from './report.js'
import { chartNames, mutantsOfCharts, type Verdict } from './trial.js'

const usage = `Usage: npm run mutation -- [OPTIONS]

  --machine NAME   member, partition or coordinator (may be given several times; default: all)
  --only ID        just this mutant, and what killed it (may be given several times)
  --sample N       N mutants, drawn by --seed S (default 1)
  --workers N      processes (default 2)
  --write          the figures of a whole run into docs/mutation-testing.md
`

const options = {
  machine: { type: 'string', multiple: true },
  only: { type: 'string', multiple: true },
  sample: { type: 'string' },
  seed: { type: 'string', default: '1' },
  workers: { type: 'string', default: '2' },
  write: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

const parsed = (argv: string[]) => parseArgs({ args: argv, options }).values
type Options = ReturnType<typeof parsed>

const isWhole = ({ machine, only, sample }: Options): boolean =>
  machine === undefined && only === undefined && sample === undefined

const chosenCharts = ({ machine = chartNames }: Options): ChartName[] => {
  const unknown = machine.filter((name) => !(name in charts))
  if (unknown.length > 0) throw new Error(`there is no machine called ${unknown.join(', ')}`)
  return machine as ChartName[]
}

const chosenMutants = (names: readonly ChartName[], { only, sample, seed }: Options): Mutant[] => {
  const all = mutantsOfCharts(names)
  const unknown = (only ?? []).filter((id) => !all.some((mutant) => mutant.id === id))
  if (unknown.length > 0) throw new Error(`there is no mutant called ${unknown.join(', ')}`)
  const picked = only === undefined ? all : all.filter(({ id }) => only.includes(id))
  return sample === undefined ? picked : drawn(picked, Number(sample), seed)
}

/** Checks that a sound chart does not pass would kill every mutant and prove nothing. */
const claimSound = async (names: readonly ChartName[]): Promise<void> => {
  for (const name of names) {
    const chart = charts[name]
    const kill = await firstKill(chart, chart.make(normalised(chart.config)))
    if (kill !== undefined) throw new Error(`the ${name} chart itself is wrong: ${kill.what}`)
  }
}

/** A line each hundred, and each survivor as it comes: the run takes minutes. */
const progress = (total: number) => {
  let count = 0
  return ({ fate, id }: Verdict): void => {
    count++
    if (fate !== 'killed') process.stderr.write(`${fate}: ${id}\n`)
    if (count % 100 === 0 || count === total) process.stderr.write(`${count} of ${total}\n`)
  }
}

const BEGIN = '<!-- figures: npm run mutation -- --write -->'
const END = '<!-- end of figures -->'

const write = (file: string, text: string): void => {
  const before = readFileSync(file, 'utf8')
  const [head, rest] = before.split(BEGIN)
  const tail = rest?.split(END)[1]
  if (head === undefined || tail === undefined) throw new Error(`${file} has no place for figures`)
  writeFileSync(file, `${head}${BEGIN}\n\n${text}\n\n${END}${tail}`)
}

/** Runs the mutants that the arguments ask for; the exit code says whether all is well. */
export const main = async (argv: string[], docs: string): Promise<number> => {
  const asked = parsed(argv)
  if (asked.help) {
    process.stdout.write(usage)
    return 0
  }
  if (asked.write && !isWhole(asked)) throw new Error('--write is for a whole run')
  const names = chosenCharts(asked)
  const mutants = chosenMutants(names, asked)
  await claimSound(names)
  const order = new Map(mutants.map(({ id }, index) => [id, index]))
  const verdicts: Verdict[] = []
  const show = progress(mutants.length)
  await tryAll(mutants, { workers: Number(asked.workers) }, (verdict) => {
    verdicts.push(verdict)
    show(verdict)
  })
  verdicts.sort((a, b) => order.get(a.id)! - order.get(b.id)!)
  if (asked.only !== undefined) {
    for (const { id, fate, kill } of verdicts) {
      process.stdout.write(`${id}: ${fate}${kill ? ` by ${kill.check}: ${kill.what}` : ''}\n`)
    }
  }
  const judgement = judge(verdicts, isWhole(asked))
  const identical = names.reduce((sum, name) => sum + mutantsOf(charts[name]).identical.length, 0)
  const figures = `${tables(verdicts, judgement)}\n\n${summary(judgement, identical)}`
  process.stdout.write(`\n${figures}\n`)
  if (asked.write) {
    const text = `${figures}\n\n### Survivors\n\n${survivors(judgement)}`
    write(docs, text)
  }
  const wrong = complaints(judgement)
  for (const complaint of wrong) process.stdout.write(`mutation: ${complaint}\n`)
  return wrong.length === 0 ? 0 : 1
}
