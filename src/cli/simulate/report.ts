import { nextTurn } from '../../runtime/virtual-globals.js'
import { allPairs, movingPairs } from '../../simulation/coverage/pair-coverage.js'
import { sometimes } from '../../simulation/coverage/sometimes.js'
import { failureOf, type SimulationFailure } from '../../simulation/failure.js'
import { drawPlan } from '../../simulation/plan/draw-plan.js'
import { judgePlan } from '../../simulation/run/outcome.js'
import { shrinkAsync } from '../../simulation/shrink/shrink.js'
import {
  recordPlan,
  traceFileOf,
  whyNotWritten,
  writeTraceFile,
} from '../../simulation/trace/trace-file.js'
import type { CommandRun } from '../command-run.js'
import type { FailedSeed, SeedOptions } from './batch.js'
import type { Totals } from './totals.js'

type Output = Pick<CommandRun, 'global' | 'stdout' | 'notice' | 'interruption'>

const counted = (count: number, what: string): string =>
  `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`

export const writeTrace = async (seed: number, options: SeedOptions, file: string) => {
  writeTraceFile(file, recordPlan(drawPlan({ ...options, seed })).trace)
}

/**
 * Shrinks, writes traces and tells; of the others, only that there are more. Once interrupted, it
 * tells of what it has.
 */
export const printFailures = async (
  { global, stdout, notice, interruption: { signal } }: Output,
  explained: readonly FailedSeed[],
  count: number,
  options: SeedOptions,
): Promise<void> => {
  for (const failed of explained) {
    // It may take a minute.
    notice(`seed ${failed.seed} broke a rule; shrinking its script`)
    const { failure, why } = await explain(failed, options, signal)
    if (global.isJson) {
      const { text: _, plan, ...rest } = failure
      if (why !== undefined) notice(why)
      await stdout.json({ ...rest, steps: plan.steps })
    } else await stdout.line(`${failure.text}\n`)
  }
  const more = count - explained.length
  if (more > 0 && !global.isJson) await stdout.line(`${counted(more, 'more seed')} broke a rule\n`)
}

const explain = async (
  { seed, violations }: FailedSeed,
  options: SeedOptions,
  signal: AbortSignal,
): Promise<{ readonly failure: SimulationFailure; readonly why: string | undefined }> => {
  const original = drawPlan({ ...options, seed })
  const shrunk = await shrinkAsync(original, violations, async (plan) => {
    // Between two runs a signal can be heard.
    await nextTurn()
    return signal.aborted ? [] : judgePlan(plan).violations
  })
  const traceFile = traceFileOf(seed)
  const why = whyNotWritten(traceFile, recordPlan(shrunk.plan).trace)
  const parts = { original, shrunk, traceFile, whyNotWritten: why, isOwn: false }
  return { failure: failureOf(parts), why }
}

export const printSummary = async (
  { global, stdout }: Pick<Output, 'global' | 'stdout'>,
  totals: Totals,
  seconds: number,
  lists: boolean,
): Promise<void> => {
  const { runs, events, rebalances, simulatedHours, coverage } = totals
  const violations = totals.failed.length
  const missedPairs = movingPairs.filter((pair) => !coverage.pairs.has(pair))
  const missedThings = sometimes.filter(({ name }) => !coverage.sometimes.has(name))
  if (global.isJson) {
    if (lists) {
      const pairs = Object.fromEntries(
        allPairs.map((pair) => [pair, coverage.pairs.get(pair) ?? 0]),
      )
      const things = sometimes.map(({ name }) => [name, coverage.sometimes.get(name) ?? 0])
      await stdout.json({ pairs, sometimes: Object.fromEntries(things) })
    }
    const rounded = Math.round(seconds * 1_000) / 1_000
    await stdout.json({ runs, violations, events, rebalances, simulatedHours, seconds: rounded })
    return
  }
  const perSecond = (count: number): string => Math.round(count / seconds).toLocaleString('en')
  const number = (count: number): string => count.toLocaleString('en')
  const lines = [
    `${counted(runs, 'run')} in ${seconds.toFixed(1)} s (${(runs / seconds).toFixed(1)}/s), ` +
      `${number(violations)} with violations`,
    `${number(events)} events (${perSecond(events)}/s), ${number(rebalances)} rebalances, ` +
      `${number(simulatedHours)} simulated hours`,
    `median run: ${totals.median('members')} members, ${totals.median('partitions')} partitions, ` +
      `${(totals.median('simulatedMs') / 60_000).toFixed(1)} minutes, ` +
      `${totals.median('faults')} faults, ${totals.median('rebalances')} rebalances`,
    `gone through: ${movingPairs.length - missedPairs.length} of ${movingPairs.length} (state, ` +
      `event) pairs that lead elsewhere, ${sometimes.length - missedThings.length} of ` +
      `${sometimes.length} things that must happen sometimes`,
  ]
  if (lists) {
    lines.push(
      ...coverageTable(coverage.pairs),
      ...missedThings.map(({ name }) => `never: ${name}`),
      ...missedPairs.map((pair) => {
        const [chart, state, event] = pair.split('|')
        return `never: ${event} in ${state} of a ${chart}`
      }),
    )
  }
  await stdout.line(lines.join('\n'))
}

/** By chart: how many pairs came up, of those that lead elsewhere and of all. */
const coverageTable = (counts: ReadonlyMap<string, number>): string[] => {
  const charts = [...new Set(allPairs.map(chartOf))]
  const row = (...cells: readonly string[]): string =>
    cells.map((cell, at) => (at === 0 ? cell.padEnd(12) : cell.padStart(16))).join('')
  return [
    row('chart', 'lead elsewhere', 'of all pairs', 'events'),
    ...charts.map((chart) => {
      const hit = (pairs: readonly string[]): string => {
        const own = pairs.filter((pair) => chartOf(pair) === chart)
        return `${own.filter((pair) => counts.has(pair)).length} / ${own.length}`
      }
      const seen = [...counts].filter(([pair]) => chartOf(pair) === chart)
      const events = seen.reduce((sum, [, count]) => sum + count, 0)
      return row(chart, hit(movingPairs), hit(allPairs), events.toLocaleString('en'))
    }),
  ]
}

const chartOf = (pair: string): string => pair.slice(0, pair.indexOf('|'))
