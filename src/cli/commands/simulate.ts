import { availableParallelism } from 'node:os'
import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import { realClock } from '../../runtime/clock.js'
import type { FaultClass } from '../../simulation/plan/step.js'
import { action, type CommandRun } from '../command-run.js'
import { UsageError, Violated } from '../failure.js'
import { integer } from '../option-values.js'
import type { FailedSeed, SeedOptions } from '../simulate/batch.js'

const DEFAULT_RUNS = 1_000
const MOST_MEMBERS = 8
const MOST_PARTITIONS = 64
/** Further seeds that broke the same rules are named and not explained. */
const MOST_EXPLAINED = 3

interface SimulateOptions {
  readonly runs: number
  readonly seed: number
  readonly members?: number
  readonly partitions?: number
  readonly faults?: readonly FaultClass[]
  readonly workers?: number
  readonly trace?: string
  readonly coverage?: true
}

const examples = `
Each run is a group of consumers on an embedded broker in virtual time: members start, stop, crash
and come back, records flow, and faults of some classes strike. Then all is healed, and the group
has to come to rest. Every rule is asked about every event. A seed that breaks one is shrunk to a
short script, and its trace is written to .streambus/traces/<seed>.jsonl.

Classes of faults: network, process, clock, store, scheduling, coordinator, protocol. Each seed
takes some of them.

Exit code 5 if a rule was broken.

Examples:
  $ streambus simulate
  $ streambus simulate --runs 100000 --seed 1000000
  $ streambus simulate --runs 200 --members 3 --faults network,process
  $ streambus simulate --runs 1 --seed 17 --trace 17.jsonl
  $ streambus replay 17.jsonl --until 300`

export const addSimulateCommand = (program: Command): void => {
  program
    .command('simulate')
    .description('run whole groups in virtual time, with faults, and judge them by every rule')
    .option('--runs <number>', 'how many seeds', integer(1), DEFAULT_RUNS)
    .option('--seed <number>', 'the first one', integer(0), 1)
    .option('--members <number>', `1 to ${MOST_MEMBERS} (default: drawn)`, integer(1, MOST_MEMBERS))
    .option(
      '--partitions <number>',
      `1 to ${MOST_PARTITIONS} (default: drawn)`,
      integer(1, MOST_PARTITIONS),
    )
    .option('--faults <classes>', 'separated by commas, or none (default: all)', faultList)
    .option('--workers <number>', 'threads (default: one for each core)', integer(1, 64))
    .option('--trace <file>', 'write the trace of the run; with --runs 1')
    .option('--coverage', 'list what no run has gone through')
    .addHelpText('after', examples)
    .action(action(simulate, { isGraceful: true }))
}

const faultNames = [
  'network',
  'process',
  'clock',
  'store',
  'scheduling',
  'coordinator',
  'protocol',
] as const satisfies readonly FaultClass[]

const faultList = (text: string): readonly FaultClass[] => {
  if (text === 'none') return []
  return text.split(',').map((given) => {
    const name = faultNames.find((each) => each === given.trim())
    if (name !== undefined) return name
    throw new InvalidArgumentError(`'${given}' is none of ${faultNames.join(', ')}.`)
  })
}

const simulate = async (
  run: CommandRun,
  _args: readonly string[],
  options: SimulateOptions,
): Promise<void> => {
  if (options.trace !== undefined && options.runs !== 1) {
    throw new UsageError(`--trace writes one run: add --runs 1 (asked for ${options.runs})`)
  }
  if (!Number.isSafeInteger(options.seed + options.runs)) {
    throw new UsageError(`--seed ${options.seed} is too large for ${options.runs} runs`)
  }
  const { Totals } = await import('../simulate/totals.js')
  const { Progress } = await import('../simulate/progress.js')
  const totals = new Totals()
  const began = realClock.elapsed()
  const progress = new Progress(options.runs, run.global.isJson)
  const seeds = seedOptions(options)
  const add = (result: Parameters<typeof totals.add>[0]): void => {
    totals.add(result)
    progress.show(totals.runs, totals.failed.length)
  }
  if (options.runs === 1) {
    const { runBatch } = await import('../simulate/batch.js')
    add(runBatch({ firstSeed: options.seed, count: 1, options: seeds }))
  } else {
    const { runPool } = await import('../simulate/pool.js')
    await runPool({
      runs: options.runs,
      firstSeed: options.seed,
      options: seeds,
      workers: options.workers ?? availableParallelism(),
      onResult: add,
      signal: run.interruption.signal,
    })
  }
  progress.end()
  const seconds = (realClock.elapsed() - began) / 1_000
  const { printFailures, printSummary, writeTrace } = await import('../simulate/report.js')
  if (options.trace !== undefined) await writeTrace(options.seed, seeds, options.trace)
  await printFailures(run, explainable(totals.failed), totals.failed.length, seeds)
  await printSummary(run, totals, seconds, options.coverage === true)
  if (totals.failed.length > 0) throw new Violated(totals.failed.length, totals.runs)
}

const seedOptions = ({ members, partitions, faults }: SimulateOptions): SeedOptions => ({
  ...(members === undefined ? {} : { members }),
  ...(partitions === undefined ? {} : { partitions }),
  ...(faults === undefined ? {} : { faults }),
})

/** The first seed for each rule, the lowest seeds first. */
const explainable = (failed: readonly FailedSeed[]): readonly FailedSeed[] => {
  const byRule = new Map<string, FailedSeed>()
  for (const one of [...failed].sort((a, b) => a.seed - b.seed)) {
    const [first] = one.violations
    if (first !== undefined && !byRule.has(first.rule)) byRule.set(first.rule, one)
  }
  return [...byRule.values()].slice(0, MOST_EXPLAINED)
}
