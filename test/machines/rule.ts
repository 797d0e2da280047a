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
  inspect(value, { depth: 8, breakLength: 100, compact: 3, sorted: true })

export function holds(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new Broken(claim)
}

export const same = (actual: unknown, expected: unknown, place = ''): void =>
  holds(
    isDeepStrictEqual(actual, expected),
    `${place} expected ${shown(expected)}, got ${shown(actual)}`.trim(),
  )

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
export const has = (actual: unknown, part: unknown, place = ''): void =>
  holds(includes(actual, part), `${place} expected in it ${shown(part)}, got ${shown(actual)}`)

/** The first promise that is broken, by its name; a chart that throws breaks the one it is at. */
export const firstFault = <Chart>(book: RuleBook<Chart>, chart: Chart): string | undefined => {
  for (const [heading, rules] of Object.entries(book)) {
    for (const { name, faults } of rules) {
      const [fault] = faultsOrThrown(faults, chart)
      if (fault !== undefined) return `${heading}: ${name}: ${fault}`
    }
  }
  return undefined
}

const faultsOrThrown = <Chart>(faults: Rule<Chart>['faults'], chart: Chart): readonly string[] => {
  try {
    return faults(chart)
  } catch (error) {
    return [`thrown: ${error instanceof Error ? error.message : String(error)}`]
  }
}

/** Everything that is broken, each with the name of its promise. */
export const allFaults = <Chart>(book: RuleBook<Chart>, chart: Chart): string[] =>
  Object.entries(book).flatMap(([heading, rules]) =>
    rules.flatMap(({ name, faults }) =>
      faultsOrThrown(faults, chart).map((fault) => `${heading}: ${name}: ${fault}`),
    ),
  )
