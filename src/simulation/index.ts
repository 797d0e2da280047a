export { type Arbitraries, arbitraries, type PlanConstraints } from './arbitraries.js'
export { checkPlan, SimulationFailed } from './check-plan.js'
export type { Violation } from './checkers/checker.js'
export type { SimulationFailure } from './failure.js'
export type { Handler, HandlerContext } from './members/handler.js'
export { describePlan, describeSteps } from './plan/describe-plan.js'
export type { Plan } from './plan/plan.js'
export { type FaultClass, faultClasses, type Step } from './plan/step.js'
export type { RunStats } from './run/outcome.js'
export { type Simulation, simulate } from './simulate.js'
export { type SimulateManyOptions, type Simulations, simulateMany } from './simulate-many.js'
export type {
  EndOfRun,
  SimulatedConsumerOptions,
  SimulateOptions,
  Workload,
} from './simulate-options.js'
export { readPlan } from './trace/trace-file.js'
export type { MakeRecord, RecordContent, RecordPlace } from './workload/records.js'
export type { StoredRecord } from './workload/stored-records.js'
