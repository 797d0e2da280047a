import fc from 'fast-check'
import { expect, test } from 'vitest'
import { coordinatorChart } from './coordinator-chart.js'
import { randomPromises, unvisited } from './rules/promises.js'

for (const { name, runs, property } of randomPromises) {
  test(name, () => {
    const visited = new Set<string>()
    fc.assert(property(coordinatorChart(), visited), { numRuns: runs })
    expect(unvisited(visited)).toEqual([])
  })
}
