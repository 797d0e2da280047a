import type { Frame } from '../../domain/trace.js'
import { installVirtualGlobals, nextTurn } from '../../runtime/virtual-globals.js'
import type { Handlers } from '../members/handler.js'
import type { Plan } from '../plan/plan.js'
import { World, type WorldOptions } from '../world.js'
import { phases } from './phases.js'

/** A handler whose promises keep each other busy without any time passing. */
const MOST_TURNS_AT_ONCE = 10_000

/**
 * Runs a plan with handlers that return promises: the slower path. Time is virtual all the same;
 * after each timer the event loop has its turn, as long as a handler is under way.
 */
export const runPlanAsync = async (
  plan: Plan,
  handlers: Handlers,
  sink: (frame: Frame) => void,
  options: Omit<WorldOptions, 'handlers'> = {},
): Promise<World> => {
  const restore = installVirtualGlobals()
  const world = new World(plan, sink, { ...options, handlers })
  try {
    for (const { forMs, until } of phases(world)) await advance(world, handlers, forMs, until)
  } catch (error) {
    world.tell({ fact: 'defect', what: String(error) })
  } finally {
    restore()
  }
  return world
}

const advance = async (
  { time }: World,
  handlers: Handlers,
  forMs: number,
  until: (() => boolean) | undefined,
): Promise<void> => {
  const end = time.now + forMs
  await settle(time, handlers)
  while (until?.() !== true) {
    if (!time.step(end)) break
    await settle(time, handlers)
  }
  if (until?.() !== true) time.runUntil(end)
}

const settle = async (time: World['time'], handlers: Handlers): Promise<void> => {
  for (let turns = 0; ; turns++) {
    time.settle()
    if (!handlers.areRunning) return
    await nextTurn()
    if (time.isSettled) return
    if (turns > MOST_TURNS_AT_ONCE) throw new Error('a handler is busy without any time passing')
  }
}
