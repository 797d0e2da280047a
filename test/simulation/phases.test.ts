import { expect, test } from 'vitest'
import type { WorldFact } from '../../src/domain/facts.js'
import { phases } from '../../src/simulation/run/phases.js'
import type { World } from '../../src/simulation/world.js'
import { planOf } from './fixtures/plans.js'

/** What is told of a world in which nothing happens. */
const toldOf = (isAtRest: boolean, style: 'poll' | 'handler'): readonly string[] => {
  const told: string[] = []
  const world: Partial<Record<keyof World, unknown>> = {
    plan: planOf([], { member: { style } }),
    tell: (fact: WorldFact) => told.push(fact.fact === 'phase' ? fact.phase : fact.fact),
    isAtRest: () => isAtRest,
    heal: () => {},
    recordsHandled: 0,
    memberIndexes: [].values(),
    running: () => [],
    alive: () => [],
    left: () => [],
    cluster: { isUp: false, nodeIds: [] },
    wire: { openStreams: () => 0 },
    time: { pending: [] },
  }
  for (const _ of phases(world as unknown as World));
  return told
}

const REST = ['quiet', 'resources', 'closing', 'resources', 'end']

test('a group that does not come to rest in its time is told of', () => {
  expect(toldOf(true, 'poll')).toEqual(['safety', 'liveness', ...REST])
  expect(toldOf(false, 'poll')).toEqual(['safety', 'liveness', 'unsettled', ...REST])
  // A handler may be to blame, which has rules of its own.
  expect(toldOf(false, 'handler')).toEqual(['safety', 'liveness', ...REST])
})
