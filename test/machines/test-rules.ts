import { describe, expect, test } from 'vitest'
import type { RuleBook } from './rule.js'

/** Each rule is a test of the chart as it is. */
export const testRules = <Chart>(book: RuleBook<Chart>, chart: Chart): void => {
  for (const [heading, rules] of Object.entries(book)) {
    describe(heading, () => {
      for (const { name, faults } of rules) {
        test(name, () => {
          expect(faults(chart)).toEqual([])
        })
      }
    })
  }
}
