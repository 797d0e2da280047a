import { equivalents } from './equivalent.js'
import { type Judgement, percent } from './judgement.js'
import { operators } from './mutant.js'
import { chartNames, type Verdict } from './trial.js'

/** The property side's checks in the order in which they are asked, then the other killers. */
const firstChecks = ['stories', 'table', 'rules', 'random scripts', 'thrown', 'runaway']

const checksIn = (verdicts: readonly Verdict[]): string[] => {
  const seen = new Set(verdicts.flatMap(({ kill }) => (kill === undefined ? [] : [kill.check])))
  const others = [...seen].filter((check) => !firstChecks.includes(check)).sort()
  return [...firstChecks.filter((check) => seen.has(check)), ...others]
}

const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`

/** One line an operator: how many mutants, who killed them, how many are left. */
const tableOf = (verdicts: readonly Verdict[], { equivalent }: Judgement): string[] => {
  const checks = checksIn(verdicts)
  const isListed = new Set(equivalent.map(({ id }) => id))
  const line = (name: string, some: readonly Verdict[]): string => {
    const alive = some.filter(({ fate }) => fate === 'survived')
    const listed = alive.filter(({ id }) => isListed.has(id)).length
    return row([
      name,
      some.length,
      ...checks.map((check) => some.filter(({ kill }) => kill?.check === check).length),
      listed,
      alive.length - listed,
    ])
  }
  const heads = ['operator', 'mutants', ...checks, 'equivalent', 'alive']
  return [
    row(heads),
    row(heads.map((_, index) => (index === 0 ? '---' : '---:'))),
    ...operators
      .map((name) => [name, verdicts.filter(({ operator }) => operator === name)] as const)
      .filter(([, some]) => some.length > 0)
      .map(([name, some]) => line(name, some)),
    line('all', verdicts),
  ]
}

/** Each chart's table, as Markdown. */
export const tables = (verdicts: readonly Verdict[], judgement: Judgement): string =>
  chartNames
    .map((name) => [name, verdicts.filter(({ chart }) => chart === name)] as const)
    .filter(([, some]) => some.length > 0)
    .map(([name, some]) => [`### ${name}`, '', ...tableOf(some, judgement)].join('\n'))
    .join('\n\n')

export const summary = (judgement: Judgement, identical: number): string => {
  const { tried, killed, equivalent, survived, notConstructible, killRate } = judgement
  return [
    `${tried} mutants: ${killed.length} killed, ${equivalent.length} equivalent,`,
    `${survived.length} alive; ${percent(killRate)} of those that differ are killed.`,
    `XState refuses to make ${notConstructible.length} of them;`,
    `${identical} more were left out, as they are the chart itself.`,
  ].join(' ')
}

/** Everybody who survived, with the reason why that is right. */
export const survivors = ({ equivalent, survived }: Judgement): string => {
  const isAlive = new Set(equivalent.map(({ id }) => id))
  const listed = equivalents
    .map(({ mutants, reason }) => ({ reason, alive: mutants.filter((id) => isAlive.has(id)) }))
    .filter(({ alive }) => alive.length > 0)
    .map(({ reason, alive }) => [reason, '', ...alive.map((id) => `- \`${id}\``)].join('\n'))
  const unexplained = survived.map(({ id }) => `- \`${id}\``)
  return [
    ...listed,
    ...(unexplained.length === 0 ? [] : [['Without a reason:', '', ...unexplained].join('\n')]),
  ].join('\n\n')
}
