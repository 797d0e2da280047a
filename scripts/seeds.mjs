// As many seeds of the simulation as fit 90 seconds, at least 1,000: the last part of `npm test`.
// Fails when a rule is broken, or when something that must happen sometimes never did.
import { spawnSync } from 'node:child_process'

const LEAST = 1_000
const BUDGET_S = 90
/** The second batch is measured by the first; this much of it is left for chance. */
const MARGIN = 0.9

const began = performance.now()
const elapsed = () => (performance.now() - began) / 1_000
const never = new Set()
let runs = 0

const simulate = (count, isFirst) => {
  const args = ['dist/cli/main.js', 'simulate', '--json', '--coverage']
  args.push('--runs', String(count), '--seed', String(runs + 1))
  const { status, stdout, error } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 64 * 1024 * 1024,
  })
  if (error !== undefined) throw error
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const summary = lines.pop()
  const coverage = lines.pop()
  for (const failure of lines) console.error(failure)
  if (status !== 0) process.exit(status ?? 1)
  for (const [name, count] of Object.entries(coverage.sometimes)) {
    if (count > 0) never.delete(name)
    else if (isFirst) never.add(name)
  }
  runs += count
  const { events, rebalances, simulatedHours } = summary
  console.log(
    `${count} seeds, no rule broken: ${events.toLocaleString('en')} events, ` +
      `${rebalances.toLocaleString('en')} rebalances, ${simulatedHours} simulated hours, ` +
      `${summary.seconds.toFixed(0)} s`,
  )
}

simulate(LEAST, true)
const more = Math.floor(((BUDGET_S - elapsed()) * MARGIN * runs) / elapsed())
if (more > 0) simulate(more, false)
for (const name of never) console.error(`it never happened that ${name}`)
if (never.size > 0) process.exit(1)
