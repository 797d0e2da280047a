import { callbacksAlternate } from './checkers/callbacks-alternate.js'
import {
  commitsNeverGoBack,
  commitsOfThisGeneration,
  commitsOnlyWhatWasDone,
} from './checkers/commits.js'
import { deliveryWhileOwned } from './checkers/delivery-while-owned.js'
import { handOverWaits } from './checkers/hand-over-waits.js'
import { oneOwner } from './checkers/one-owner.js'
import type { Checker, Violation } from './checkers/violation.js'
import { World, type WorldOptions } from './world.js'

/** One step of a script. Each means something in any state: what cannot be done does nothing. */
export type Step =
  | { readonly do: 'start' | 'stop' | 'crash' | 'cut' | 'heal'; readonly member: number }
  | { readonly do: 'produce'; readonly records: number }
  | { readonly do: 'wait'; readonly ms: number }

export interface ScriptResult {
  readonly violations: readonly Violation[]
  readonly rebalances: number
  readonly simulatedMs: number
  readonly world: World
}

export const checkers: readonly Checker[] = [
  oneOwner,
  callbacksAlternate,
  deliveryWhileOwned,
  handOverWaits,
  commitsOfThisGeneration,
  commitsNeverGoBack,
  commitsOnlyWhatWasDone,
]

/**
 * session timeout + 2 x rebalance timeout + 2 heartbeats (the initial delay is 0), and a second
 * for messages under way: after the last fault a group has converged by then.
 */
const CONVERGENCE_MS = 3_000 + 2 * 4_000 + 2 * 300 + 1_000

const memberName = (index: number): string => `member-${index}`

/** Runs a script, heals what it broke, lets the group converge, and checks the whole trace. */
export const runScript = (options: WorldOptions, steps: readonly Step[]): ScriptResult => {
  const world = new World(options)
  world.produce(options.partitions * 2)
  for (const step of steps) act(world, step)
  world.healAll()
  const liveness: Violation[] = []
  const judge = (invariant: string, holds: boolean): void => {
    if (!holds) liveness.push({ invariant, seq: world.trace.frames.length, what: picture(world) })
  }
  world.time.runFor(CONVERGENCE_MS)
  judge('convergence', world.hasConverged())
  // It must not only get there, it must stay.
  const generation = world.groupGeneration()
  world.time.runFor(2_000)
  judge('stays stable', world.hasConverged() && world.groupGeneration() === generation)
  const { frames } = world.trace
  const violations = [...checkers.flatMap((check) => check(frames)), ...liveness]
  return {
    violations,
    rebalances: world.groupGeneration(),
    simulatedMs: world.time.now,
    world,
  }
}

const act = (world: World, step: Step): void => {
  switch (step.do) {
    case 'start':
    case 'stop':
    case 'crash':
    case 'cut':
    case 'heal':
      world[step.do](memberName(step.member))
      break
    case 'produce':
      world.produce(step.records)
      break
    case 'wait':
      world.time.runFor(step.ms)
      break
  }
}

const picture = (world: World): string => {
  const members = world
    .running()
    .map(({ name, state, generation, owned }) => `${name}: ${state} g${generation} [${owned}]`)
  return `group ${world.groupState()} g${world.groupGeneration()}; ${members.join('; ')}`
}
