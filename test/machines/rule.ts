import { inspect, isDeepStrictEqual } from 'node:util'

/**
 * A promise of a chart: its name, and where a given chart is found not to keep it. A rule is a
 * function of the chart so that it can be asked of a chart that was changed on purpose, too.
 */
export interface Rule<Chart> {
  readonly name: string
  readonly faults: (chart: Chart) => readonly string[]
}

/** Rules by the heading under which they are reported. */
export type RuleBook<Chart> = Readonly<Record<string, readonly Rule<Chart>[]>>

class Broken extends Error {}

/** A rule told as a play with claims; the first claim that does not hold ends it. */
export const story = <Chart>(name: string, tell: (chart: Chart) => void): Rule<Chart> => ({
  name,
  faults: (chart) => {
    try {
      tell(chart)
      return []
    } catch (error) {
      if (error instanceof Broken) return [error.message]
      throw error
    }
  },
})

const shown = (value: unknown): string =>
  inspect(value, { depth: 4, breakLength: 100, compact: 3, maxStringLength: 200 })

export function holds(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new Broken(claim)
}

export const same = (actual: unknown, expected: unknown, place = ''): void => {
  if (isDeepStrictEqual(actual, expected)) return
  throw new Broken(`${place} expected ${shown(expected)}, got ${shown(actual)}`.trim())
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const includes = (actual: unknown, part: unknown): boolean => {
  if (Array.isArray(part)) {
    if (!Array.isArray(actual) || actual.length !== part.length) return false
    return part.every((each, index) => includes(actual[index], each))
  }
  if (isRecord(part) && isRecord(actual)) {
    return Object.entries(part).every(([key, value]) => includes(actual[key], value))
  }
  return isDeepStrictEqual(actual, part)
}

/** What is named is there; other fields may be, too. Lists are of the same length. */
export const has = (actual: unknown, part: unknown, place = ''): void => {
  if (includes(actual, part)) return
  throw new Broken(`${place} expected in it ${shown(part)}, got ${shown(actual)}`.trim())
}

/** What a chart is found to break, and by which kind of check. */
export interface Fault {
  readonly check: string
  readonly what: string
}

/** Rule books by the kind of check that they are. */
export type Checks<Chart> = Readonly<Record<string, RuleBook<Chart>>>

/** A chart that throws breaks the promise that is looked at; one in a circle never ends it. */
export const thrownFault = (error: unknown): Fault => {
  const text = error instanceof Error ? error.message : String(error)
  const isCircle = /Infinite loop|Maximum call stack/.test(text)
  return { check: isCircle ? 'runaway' : 'thrown', what: text }
}

/** The first promise that is broken: enough to tell that a chart is wrong. */
export const firstFault = <Chart>(checks: Checks<Chart>, chart: Chart): Fault | undefined => {
  for (const [check, book] of Object.entries(checks)) {
    for (const [heading, rules] of Object.entries(book)) {
      for (const { name, faults } of rules) {
        const place = `${heading}: ${name}`
        try {
          const [what] = faults(chart)
          if (what !== undefined) return { check, what: `${place}: ${what}` }
        } catch (error) {
          const thrown = thrownFault(error)
          return { ...thrown, what: `${place}: ${thrown.what}` }
        }
      }
    }
  }
  return undefined
}

/** Everything that is broken, each with the name of its promise. */
export const allFaults = <Chart>(checks: Checks<Chart>, chart: Chart): string[] =>
  Object.values(checks).flatMap((book) =>
    Object.entries(book).flatMap(([heading, rules]) =>
      rules.flatMap(({ name, faults }) =>
        faults(chart).map((fault) => `${heading}: ${name}: ${fault}`),
      ),
    ),
  )
