import { describe, expect, it } from 'vitest'
import { cooperativeStickyAssignor, rangeAssignor } from '../../src/assignors/index.js'
import { groupCoordinatorMachine } from '../../src/machines/group-coordinator/group-coordinator-machine.js'
import { memberMachine } from '../../src/machines/member/member-machine.js'
import { realClock } from '../../src/runtime/clock.js'
import { allAssumptions } from '../../src/simulation/exhaustive/assumptions.js'
import {
  type ExhaustiveOptions,
  searchExhaustively,
} from '../../src/simulation/exhaustive/exhaustive-search.js'
import { Model } from '../../src/simulation/exhaustive/model.js'
import { Search } from '../../src/simulation/exhaustive/search.js'
import {
  answersBeforeStoring,
  holdsWhileLeaving,
  movesAtOnce,
  neverFences,
  neverRevokes,
  takesAnyCommit,
  waitsForSyncs,
} from './changed-charts.js'

const explore = (options: ExhaustiveOptions) => {
  const begin = realClock.elapsed()
  const result = searchExhaustively(options)
  const { states, transitions, depth } = result
  const seconds = ((realClock.elapsed() - begin) / 1000).toFixed(1)
  const commits = options.autoCommits ? ', commits at any time' : ''
  console.log(
    `${options.protocol}, budget ${options.budget}${commits}: ${states} states, ` +
      `${transitions} transitions, depth ${depth}, ${seconds} s`,
  )
  return result
}

describe('2 members, 2 partitions, every interleaving', () => {
  // A budget of 3 is a fault (2) and a change (1), or three changes; see docs/exhaustive.md.
  it.each([
    { protocol: 'eager', budget: 3, states: 240_000, depth: 50 },
    { protocol: 'cooperative', budget: 2, states: 78_000, depth: 60 },
    { protocol: 'eager', budget: 1, autoCommits: true, states: 5_500, depth: 30 },
    { protocol: 'cooperative', budget: 1, autoCommits: true, states: 16_000, depth: 40 },
  ] as const)('$protocol, budget $budget: safe everywhere, and it converges', (wanted) => {
    const { states, depth, ...options } = wanted
    const result = explore(options)
    expect(result.counterexample).toBeNull()
    expect(result.closed).toBe(true)
    // A search that has become trivial proves nothing.
    expect(result.states).toBeGreaterThan(states)
    expect(result.depth).toBeGreaterThanOrEqual(depth)
    expect(result.liveness!.fairComponents).toBeGreaterThan(10)
  })

  it.each(['eager', 'cooperative'] as const)('%s: no merged move hides anything', (protocol) => {
    const merged = observations(protocol, true)
    expect(merged.size).toBeGreaterThan(60)
    expect([...observations(protocol, false)].sort()).toEqual([...merged].sort())
  })
})

/** What a search must find: the last line of its shortest counterexample, and how long it is. */
const finding = (options: ExhaustiveOptions): { readonly end: string; readonly moves: number } => {
  const { counterexample } = searchExhaustively(options)
  const lines = counterexample?.split('\n') ?? ['nothing']
  return { end: lines.at(-1)!, moves: lines.filter((line) => /^ +\d+\. /.test(line)).length }
}

describe('without an assumption', () => {
  it('A1: a session timer that is faster than its member leads to two owners', () => {
    for (const protocol of ['eager', 'cooperative'] as const) {
      const { end, moves } = finding({ protocol, budget: 2, assumptions: { clocksAgree: false } })
      expect(end).toContain('one owner')
      expect(moves).toBeLessThanOrEqual(14)
    }
  })

  it('A2: a hand-over beyond the rebalance timeout leads to two owners', () => {
    for (const protocol of ['eager', 'cooperative'] as const) {
      const { end, moves } = finding({ protocol, budget: 2, assumptions: { handOversEnd: false } })
      expect(end).toContain('one owner')
      expect(moves).toBeLessThanOrEqual(14)
    }
  })

  it('A3: a cooperative member that waits in vain for a lost JoinGroup is the second owner', () => {
    const assumptions = { lostCallsAreNoticed: false }
    const { end, moves } = finding({ protocol: 'cooperative', budget: 2, assumptions })
    expect(end).toContain('one owner')
    expect(moves).toBeLessThanOrEqual(17)
  })

  it('A4: a late SyncGroup counts for a generation that was given out again', () => {
    const assumptions = { callsStayInOrder: false }
    const { end, moves } = finding({ protocol: 'eager', budget: 2, assumptions })
    expect(end).toContain('convergence: from here nothing happens any more')
    expect(moves).toBeLessThanOrEqual(29)
  })
})

/** The chart's own table notices some changes first; here it is about what comes of them. */
const beyondTables = (problem: string): boolean => !problem.startsWith('legal transitions')

describe('a fault put into the charts', () => {
  it('a member that does not fence itself', () => {
    const { end, moves } = finding({ protocol: 'eager', budget: 2, memberMachine: neverFences })
    expect(end).toContain('one owner')
    expect(moves).toBeLessThanOrEqual(16)
  })

  it('a member that holds while its last callback runs', () => {
    const memberMachineBefore = { memberMachine: holdsWhileLeaving, heeds: beyondTables }
    const { end, moves } = finding({ protocol: 'eager', budget: 3, ...memberMachineBefore })
    expect(end).toContain('one owner')
    expect(moves).toBeLessThanOrEqual(18)
  })

  it('an eager member that does not revoke before it joins', () => {
    const { end, moves } = finding({ protocol: 'eager', budget: 0, memberMachine: neverRevokes })
    expect(end).toContain('one owner')
    expect(moves).toBeLessThanOrEqual(18)
  })

  it('a coordinator that answers before it stores', () => {
    const changed = { protocol: 'eager', coordinatorMachine: answersBeforeStoring } as const
    expect(finding({ ...changed, budget: 0 }).end).toContain('replies follow durability')
    const heeds = (problem: string): boolean => !problem.startsWith('replies')
    const { end, moves } = finding({ ...changed, budget: 2, heeds })
    expect(end).toContain('the generation never falls')
    expect(moves).toBeLessThanOrEqual(8)
    const owners = finding({ ...changed, budget: 2, heeds: (one) => one.startsWith('one owner') })
    expect(owners.end).toContain('one owner')
  })

  it('KAFKA-12890: a coordinator that never times unsynced members out', () => {
    const stuck = { protocol: 'eager', budget: 1, forgetsSyncs: true } as const
    expect(finding(stuck).end).toBe('nothing')
    // That the timer fires in vain shows at once; what comes of it is what matters here.
    const heeds = (): boolean => false
    const { end, moves } = finding({ ...stuck, coordinatorMachine: waitsForSyncs, heeds })
    expect(end).toContain('convergence: from here nothing happens any more')
    expect(moves).toBeLessThanOrEqual(12)
  })

  it('a coordinator that takes commits from whoever sends them', () => {
    const changed = { budget: 2, coordinatorMachine: takesAnyCommit, autoCommits: true } as const
    const { end } = finding({ protocol: 'eager', ...changed })
    expect(end).toContain('commits are of this generation')
    const heeds = (problem: string): boolean => problem.startsWith('only owners commit')
    expect(finding({ protocol: 'eager', ...changed, heeds }).end).toContain('only owners commit')
  })

  it('an assignor that does not wait for the owner of before', () => {
    const { end, moves } = finding({ protocol: 'cooperative', budget: 0, assignor: movesAtOnce })
    expect(end).toContain('one owner')
    expect(moves).toBeLessThanOrEqual(18)
  })
})

/**
 * What others can see of the states: where the coordinator stands, who holds what, in which state,
 * and whether the group still counts on it.
 */
function observations(protocol: 'eager' | 'cooperative', mergesQuietSteps: boolean): Set<string> {
  const model = new Model({
    members: 2,
    partitions: 2,
    assignor: protocol === 'eager' ? rangeAssignor : cooperativeStickyAssignor,
    memberMachine,
    coordinatorMachine: groupCoordinatorMachine,
    assumptions: allAssumptions,
    autoCommits: false,
    mergesQuietSteps,
    usesSymmetry: true,
    forgetsSyncs: false,
  })
  const search = new Search(model, { budget: 1 })
  expect(search.run().violation).toBeNull()
  const seen = new Set<string>()
  const at = model.initial()
  for (let state = 0; state < search.table.count; state++) {
    if (!search.isExpanded(state)) continue
    search.table.read(state, at)
    const { group } = model.coordinator(at)
    const holders = [0, 1].flatMap((process) => {
      const { held, process: cell } = model.client(at, process)
      if (held === 0) return []
      const path = cell.path.replace(/findingCoordinator|backingOff|computing/, 'requesting')
      const isMember = group.memberIds.includes(cell.memberId)
      return [`${held} ${path} ${isMember && group.generation - cell.generation}`]
    })
    seen.add(`${group.path} ${group.memberIds.length}: ${holders.sort().join(', ')}`)
  }
  return seen
}
