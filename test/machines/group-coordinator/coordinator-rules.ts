import type { GroupCoordinatorMachine } from '../../../src/machines/group-coordinator/group-coordinator-machine.js'
import { allFaults, type Checks, type Fault, firstFault, type RuleBook } from '../rule.js'
import { type CoordinatorChart, coordinatorChart } from './coordinator-chart.js'
import { loweredLimit, placesOfAbsentStatics, staticReturnsLate } from './rules/capacity.js'
import { promises } from './rules/promises.js'
import { oneRebalance, pureSteps } from './rules/stories.js'
import { table } from './rules/table.js'

export const coordinatorStories: RuleBook<CoordinatorChart> = {
  'one join, one sync, one rebalance': oneRebalance,
  'a transition': pureSteps,
}

export const capacityStories: RuleBook<CoordinatorChart> = {
  'a group with places taken while static members were absent': placesOfAbsentStatics,
  'a static member that comes back under a new id while members rejoin': staticReturnsLate,
  'a limit that was lowered': loweredLimit,
}

export const coordinatorTable: RuleBook<CoordinatorChart> = {
  'the legal transitions of the coordinator chart': table,
}

const checks: Checks<CoordinatorChart> = {
  stories: { ...coordinatorStories, ...capacityStories },
  table: coordinatorTable,
  'random scripts': { 'random scripts': promises },
}

/** Goes all the ways that the checks go. */
export const walkCoordinatorChart = (chart: CoordinatorChart): void => {
  allFaults(checks, chart)
}

/** The first one: enough to tell that the chart is wrong, and much faster. */
export const firstCoordinatorFault = (machine: GroupCoordinatorMachine): Fault | undefined =>
  firstFault(checks, coordinatorChart(machine))
