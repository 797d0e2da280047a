import type { AnyStateMachine } from 'xstate'
import type { ChartName, TestedChart } from './charts.js'

/** What a killer found: which of its checks noticed, and what it saw. */
export interface Kill {
  readonly check: string
  readonly what: string
}

/** Looks for what is wrong with a machine that was changed; undefined when all seems well. */
export interface Killer {
  readonly name: string
  readonly kill: (chart: ChartName, machine: AnyStateMachine) => Promise<string | undefined>
}

/**
 * Asked in this order about a mutant that the property side let live. The random simulation of
 * whole groups belongs here, as `{ name: 'simulation', kill }`: it plays a few seeds with the
 * given machine in the place of the chart of that name (the hosts make their machines in
 * `consumer/member-host.ts`, `consumer/ownership.ts` and `broker/groups/group-host.ts`) and
 * returns the first violation of its checkers, or what was thrown. A killer must come to an end by
 * itself; the runner ends a worker that does not answer in time.
 */
export const furtherKillers: readonly Killer[] = []

/** The property side first: it is fast and says which promise is broken. */
export const firstKill = async (
  { name, firstFault }: TestedChart<AnyStateMachine>,
  machine: AnyStateMachine,
  further: readonly Killer[] = furtherKillers,
): Promise<Kill | undefined> => {
  const fault = firstFault(machine)
  if (fault !== undefined) return fault
  for (const killer of further) {
    const what = await killer.kill(name, machine)
    if (what !== undefined) return { check: killer.name, what }
  }
  return undefined
}
