import type { HuntResult } from './hunt.js'
import type { Mutant } from './mutant.js'

/** What a mutant came to. */
export interface Measured {
  readonly mutant: Mutant
  readonly result: HuntResult
  /** Scenarios whose script breaks no rule under it, though it should. */
  readonly unbroken: readonly string[]
  readonly scenarios: readonly string[]
}

const MOST_STEPS = 8

/** Why a mutant counts as not caught; undefined when all is well. */
export const shortcoming = ({ mutant, result, unbroken }: Measured): string | undefined => {
  const isHunted = mutant.isForScenarioOnly !== true
  if (isHunted && result.findings.length === 0) return `not caught by ${result.seeds} seeds`
  const steps = result.shrunk?.script.length ?? 0
  if (steps > MOST_STEPS) return `its shrunk script has ${steps} steps, more than ${MOST_STEPS}`
  if (unbroken.length > 0) return `unnoticed by the script of ${unbroken.join(', ')}`
  return undefined
}

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN
}

/** Those that were the first to notice, each with how often; then the others. */
const noticedBy = ({ findings }: HuntResult): string => {
  const counts = new Map<string, number>()
  for (const { rules } of findings) counts.set(rules[0]!, (counts.get(rules[0]!) ?? 0) + 1)
  const first = [...counts].sort(([, a], [, b]) => b - a)
  const others = new Set(findings.flatMap(({ rules }) => rules.filter((rule) => !counts.has(rule))))
  const also = others.size === 0 ? '' : `; also ${[...others].join(', ')}`
  return `${first.map(([rule, count]) => `${rule} ${count}`).join(', ')}${also}`
}

const needed = ({ findings, seeds }: HuntResult): string => {
  const gaps = findings.map((finding) => finding.needed)
  return `${median(gaps)} / ${Math.max(...gaps)} (${gaps.length} in ${seeds})`
}

/** The row of the table in docs/old-bugs.md. */
export const rowOf = ({ mutant, result, scenarios, unbroken }: Measured): string => {
  const caught = result.findings.length > 0
  const steps = result.shrunk === undefined ? '' : String(result.shrunk.script.length)
  const cells = [
    mutant.name,
    mutant.what,
    caught ? needed(result) : result.seeds > 0 ? `none in ${result.seeds}` : 'not hunted',
    caught ? noticedBy(result) : '',
    scenarios.length === 0 ? '' : unbroken.length === 0 ? 'yes' : 'no',
    steps,
  ]
  return `| ${cells.join(' | ')} |`
}

const END = '<!-- end of figures -->'

/** The text of docs/old-bugs.md with these rows in the place of those of the same mutants. */
export const withRows = (text: string, rows: readonly string[]): string => {
  const lines = text.split('\n')
  const begin = lines.findIndex((line) => line.startsWith('<!-- begin of figures'))
  if (begin < 0 || !lines.includes(END)) throw new Error('there is no place for figures')
  for (const row of rows) {
    const [name] = row.split(' | ')
    const at = lines.findIndex((line, index) => index > begin && line.startsWith(`${name} | `))
    if (at >= 0) lines[at] = row
    else lines.splice(lines.indexOf(END), 0, row)
  }
  return lines.join('\n')
}
