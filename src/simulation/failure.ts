import type { Violation } from './checkers/checker.js'
import { describePlan, describeSteps } from './plan/describe-plan.js'
import type { Plan } from './plan/plan.js'
import type { Shrunk } from './shrink/shrink.js'

/** A seed that broke a rule, and the least script that still breaks it. */
export interface SimulationFailure {
  readonly seed: number
  /** Of the shrunk run. */
  readonly violations: readonly Violation[]
  /** Shrunk: `simulate({ seed, plan, ... })` runs it again. */
  readonly plan: Plan
  /**
   * Where the trace of the shrunk run is, seen from the working directory. If it could not be
   * written, the text says why.
   */
  readonly traceFile: string
  /** All of this for people. */
  readonly text: string
}

export interface FailureParts {
  readonly original: Plan
  readonly shrunk: Shrunk
  readonly traceFile: string
  /** Undefined: the trace is there. */
  readonly whyNotWritten: string | undefined
  /** A handler or a check of the caller's own is needed to run it again. */
  readonly isOwn: boolean
}

/** More of them are the same story told again. */
const MOST_VIOLATIONS = 5

export const failureOf = (parts: FailureParts): SimulationFailure => {
  const { plan, violations } = parts.shrunk
  const { seed } = plan
  return { seed, violations, plan, traceFile: parts.traceFile, text: textOf(parts) }
}

const textOf = (parts: FailureParts): string => {
  const { original, shrunk, traceFile, whyNotWritten, isOwn } = parts
  const { plan, violations, runs } = shrunk
  const more = violations.length - MOST_VIOLATIONS
  const replay = isOwn
    ? `simulate({ seed: ${plan.seed}, plan: readPlan('${traceFile}'), ... })`
    : `npx --no-install streambus replay ${traceFile}`
  return [
    `seed ${plan.seed} broke a rule:`,
    ...violations.slice(0, MOST_VIOLATIONS).map(inWords),
    ...(more > 0 ? [`  and ${more} more`] : []),
    runs === 0
      ? `the script of ${plan.steps.length} steps:`
      : `the script, shrunk from ${original.steps.length} steps to ${plan.steps.length} in ${runs} runs:`,
    ...describeSteps(plan.steps).map((line) => `  ${line}`),
    `  ${describePlan(plan)}`,
    ...(whyNotWritten === undefined
      ? [`trace: ${traceFile}`, `replay: ${replay}`]
      : [`trace: none, ${whyNotWritten}`]),
  ].join('\n')
}

const inWords = ({ rule, what, seq }: Violation): string => `  ${rule}: ${what} (frame ${seq})`
