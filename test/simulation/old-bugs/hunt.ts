// Runs in a process of its own: node hunt.js BUILD ORDER, where BUILD is a folder of compiled
// sources and ORDER a `HuntOrder` as JSON. Prints a `HuntResult`.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Plan } from '../../../src/simulation/plan/plan.js'
import type { Step } from '../../../src/simulation/plan/step.js'

export interface HuntOrder {
  readonly firstSeed: number
  /** Seeds to be run at most. */
  readonly most: number
  /** Violating seeds after which it is enough. */
  readonly enough: number
  /** Rules that are not asked. */
  readonly without: readonly string[]
  /** The first finding is shrunk. */
  readonly isShrunk: boolean
  /** Plans that are run, too, whatever the seeds say. */
  readonly plans: readonly Plan[]
}

interface Finding {
  readonly seed: number
  /** Seeds run since the finding before it, this one included. */
  readonly needed: number
  /** Broken rules, in order of appearance. */
  readonly rules: readonly string[]
  readonly what: string
}

export interface HuntResult {
  readonly seeds: number
  readonly seconds: number
  readonly findings: readonly Finding[]
  readonly shrunk?: {
    readonly rule: string
    readonly script: readonly string[]
    readonly runs: number
  }
  /** Rules broken, by plan. */
  readonly plans: readonly (readonly string[])[]
}

const simulationIn = async (build: string, without: readonly string[]) => {
  const load = (file: string) => import(pathToFileURL(join(build, 'simulation', file)).href)
  const [{ drawPlan }, { judgePlan }, { shrink }, { describeSteps }] = await Promise.all([
    load('plan/draw-plan.js'),
    load('run/outcome.js'),
    load('shrink/shrink.js'),
    load('plan/describe-plan.js'),
  ])
  const violationsOf = (plan: Plan): { rule: string; what: string }[] =>
    judgePlan(plan).violations.filter(({ rule }: { rule: string }) => !without.includes(rule))
  return { drawPlan, violationsOf, shrink, describeSteps }
}

const hunt = async (build: string, order: HuntOrder): Promise<HuntResult> => {
  const { drawPlan, violationsOf, shrink, describeSteps } = await simulationIn(build, order.without)
  const began = performance.now()
  const findings: Finding[] = []
  let shrunk: HuntResult['shrunk']
  let seeds = 0
  let last = 0
  while (seeds < order.most && findings.length < order.enough) {
    const seed = order.firstSeed + seeds++
    const plan = drawPlan({ seed })
    const violations = violationsOf(plan)
    const [first] = violations
    if (first === undefined) continue
    const rules = [...new Set(violations.map(({ rule }) => rule))]
    findings.push({ seed, needed: seeds - last, rules, what: first.what })
    last = seeds
    if (!order.isShrunk || shrunk !== undefined) continue
    const least = shrink(plan, violations, violationsOf)
    const script = describeSteps(least.plan.steps as readonly Step[])
    shrunk = { rule: first.rule, script, runs: least.runs }
  }
  const plans = order.plans.map((plan) => [...new Set(violationsOf(plan).map(({ rule }) => rule))])
  const seconds = (performance.now() - began) / 1_000
  return { seeds, seconds, findings, plans, ...(shrunk === undefined ? {} : { shrunk }) }
}

const [build = '', order = ''] = process.argv.slice(2)
process.stdout.write(JSON.stringify(await hunt(build, JSON.parse(order) as HuntOrder)))
