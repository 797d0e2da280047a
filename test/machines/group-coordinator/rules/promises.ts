import fc from 'fast-check'
import { isStatic, membersInOrder } from '../../../../src/machines/group-coordinator/context.js'
import { keysOf } from '../../../../src/machines/group-coordinator/keyed.js'
import { legalTransitions } from '../../../../src/machines/group-coordinator/legal-transitions.js'
import { storedGroup } from '../../../../src/machines/group-coordinator/stored-group.js'
import { has, holds, type Rule, same } from '../../rule.js'
import type { CoordinatorChart } from '../coordinator-chart.js'
import { internal } from '../group-requests.js'
import { play, type Script, take } from '../world.js'

const scripts: fc.Arbitrary<Script> = fc.record({
  maxSize: fc.constantFrom(3, 1_000),
  startsStable: fc.boolean(),
  draws: fc.array(fc.array(fc.nat(1_000), { minLength: 8, maxLength: 8 }), {
    minLength: 20,
    maxLength: 80,
  }),
})

export interface RandomPromise {
  readonly name: string
  readonly runs: number
  /** The scripts note where they have been. */
  readonly property: (
    chart: CoordinatorChart,
    visited: Set<string>,
  ) => fc.IPropertyWithHooks<[Script]>
}

const keepsPromises: RandomPromise = {
  name: 'whatever comes, in whatever order, the coordinator keeps its promises',
  runs: 150,
  property: (chart, visited) =>
    fc.property(scripts, (script) => {
      const world = play(chart, script)
      for (const path of world.visited) visited.add(path)
      take(world, { type: 'group.unload' })
      same(world.answered, world.asked, 'everything is answered in the end:')
      same(world.timers, new Set(), 'no timer is left:')
    }),
}

const isRestored: RandomPromise = {
  name: 'a stable group that is stored and restored is the same coordinator',
  runs: 80,
  property: (chart, visited) =>
    fc.property(scripts, (script) => {
      const world = play(chart, script)
      for (const path of world.visited) visited.add(path)
      const { context } = world.group.snapshot
      if (world.group.path !== 'stable.serving') return
      const restored = chart.begin({ settings: context.settings, stored: storedGroup(context) })
      // Static members that were absent in a rebalance may be too many: Kafka's `onGroupLoaded`.
      const isTooBig = context.members.size > context.settings.maxSize
      const dynamic = membersInOrder(context).filter((member) => !isStatic(member))
      holds(dynamic.length <= context.settings.maxSize, 'more dynamic members than the limit')
      const path = isTooBig ? 'preparingRebalance.awaitingMembers' : 'stable.serving'
      same(restored.path, path)
      // What is not stored: who did not sync yet, ids given out, the causes of what may come.
      const { unsynced, pending, causes, initialDelay, ...kept } = context
      has(restored.snapshot.context, kept)
      const timers = restored.started.map(({ id }) => id)
      const sessions = timers.filter((id) => id !== internal.rebalanceTimedOut.type)
      same(timers.length - sessions.length, isTooBig ? 1 : 0, 'timers of the rebalance:')
      same(
        sessions.sort(),
        keysOf(context.members)
          .map((id) => `session:${id}`)
          .sort(),
      )
    }),
}

export const randomPromises: readonly RandomPromise[] = [keepsPromises, isRestored]

/** Scripts that see too little of the chart mean nothing. */
export const unvisited = (visited: ReadonlySet<string>): string[] =>
  Object.keys(legalTransitions).filter((path) => path !== 'dead' && !visited.has(path))

/** As rules, the first failing script is enough: shrinking it takes long and tells no more. */
export const promises: readonly Rule<CoordinatorChart>[] = randomPromises.map(
  ({ name, runs, property }) => ({
    name,
    faults: (chart) => {
      const visited = new Set<string>()
      const result = fc.check(property(chart, visited), { numRuns: runs, endOnFailure: true })
      const unseen = unvisited(visited).map((path) => `the scripts never come to ${path}`)
      return result.failed ? [String(result.errorInstance ?? 'failed')] : unseen
    },
  }),
)
