import * as Schema from 'effect/Schema'
import { type ConsumerOptions, resolveConsumerConfig } from '../consumer/config.js'
import { CountFrom, DurationMs, invalidConfig, validateOptions } from '../domain/validate.js'
import type { Handler } from './members/handler.js'
import { drawPlan } from './plan/draw-plan.js'
import { type Plan, parsePlan } from './plan/plan.js'
import { type FaultClass, faultClasses, type Step, StepSchema } from './plan/step.js'
import { faultOf, type MakeRecord } from './workload/records.js'
import type { StoredRecord } from './workload/stored-records.js'

/** What simulated consumers are made with; the rest is drawn. Names as of `bus.consumer()`. */
export type SimulatedConsumerOptions = Pick<
  ConsumerOptions,
  | 'sessionTimeoutMs'
  | 'heartbeatIntervalMs'
  | 'rebalanceTimeoutMs'
  | 'drainTimeoutMs'
  | 'maxPollIntervalMs'
  | 'autoCommitIntervalMs'
  | 'requestTimeoutMs'
  | 'fetchMaxWaitMs'
  | 'metadataMaxAgeMs'
> & { readonly assignmentStrategy?: string | readonly string[] }

export interface Workload {
  /** What records hold. Default: the value is the record's number in its partition. */
  readonly record?: MakeRecord
  /** The whole script, in place of one that is drawn. */
  readonly steps?: readonly Step[]
}

/** What is there when a run has ended: for a check of one's own. */
export interface EndOfRun {
  /**
   * Every record that is in the logs, by partition and offset. With a handler each of them was
   * handled by now: somebody of the group runs at the end.
   */
  readonly records: readonly StoredRecord[]
  readonly plan: Plan
}

export interface SimulateOptions {
  /** A whole number. The same seed and options give the same run, byte for byte. */
  readonly seed: number
  /** 1 to 8. Default: drawn, median 4. */
  readonly members?: number
  /** 1 to 64, over one topic or two. Default: drawn, median 12. */
  readonly partitions?: number
  /** Classes of faults that may occur; [] for none. Default: all, of which each seed takes some. */
  readonly faults?: readonly FaultClass[]
  readonly consumer?: SimulatedConsumerOptions
  readonly workload?: Workload
  /** The members' work on each record, in place of a simulated application's. */
  readonly handler?: Handler
  /**
   * Called before each run, shrinking included: state that handlers share begins anew here. A
   * promise is awaited.
   */
  readonly setUp?: () => void | Promise<void>
  /** Called when the run has ended; what it throws, or rejects with, is a violation. */
  readonly check?: (end: EndOfRun) => void | Promise<void>
  /** Runs this plan, as shrinking, `arbitraries` or a trace gave it; the seed is the plan's. */
  readonly plan?: Plan
}

const Options = Schema.Struct({
  seed: CountFrom(0),
  members: Schema.optional(
    Schema.Number.check(Schema.isInt(), Schema.isBetween({ minimum: 1, maximum: 8 })),
  ),
  partitions: Schema.optional(
    Schema.Number.check(Schema.isInt(), Schema.isBetween({ minimum: 1, maximum: 64 })),
  ),
  faults: Schema.optional(Schema.Array(Schema.Literals(faultClasses))),
  consumer: Schema.optional(
    Schema.Struct({
      sessionTimeoutMs: Schema.optional(DurationMs),
      heartbeatIntervalMs: Schema.optional(DurationMs),
      rebalanceTimeoutMs: Schema.optional(DurationMs),
      drainTimeoutMs: Schema.optional(DurationMs),
      maxPollIntervalMs: Schema.optional(DurationMs),
      autoCommitIntervalMs: Schema.optional(DurationMs),
      requestTimeoutMs: Schema.optional(DurationMs),
      fetchMaxWaitMs: Schema.optional(DurationMs),
      metadataMaxAgeMs: Schema.optional(DurationMs),
      assignmentStrategy: Schema.optional(Schema.Unknown),
    }),
  ),
  workload: Schema.optional(
    Schema.Struct({
      record: Schema.optional(Schema.Unknown),
      steps: Schema.optional(Schema.Array(StepSchema)),
    }),
  ),
  handler: Schema.optional(Schema.Unknown),
  setUp: Schema.optional(Schema.Unknown),
  check: Schema.optional(Schema.Unknown),
  plan: Schema.optional(Schema.Unknown),
})

/** Throws INVALID_CONFIG naming every wrong field. */
export const planFor = (options: SimulateOptions): Plan => {
  validateOptions('simulate', Options, options)
  const { seed, members, partitions, faults, consumer = {}, workload = {}, handler } = options
  const { setUp, check } = options
  const functions = { handler, setUp, check, 'workload.record': workload.record }
  for (const [field, given] of Object.entries(functions)) {
    if (given === undefined || typeof given === 'function') continue
    throw invalidConfig('simulate', `${field}: Expected a function`, field)
  }
  const fault = workload.record === undefined ? undefined : faultOf(workload.record)
  if (fault !== undefined) {
    throw invalidConfig('simulate', `workload.record: ${fault}`, 'workload.record')
  }
  if (options.plan !== undefined) return checked(fitting(parsePlan(options.plan), handler))
  const { assignmentStrategy, ...times } = consumer
  const plan = drawPlan({
    seed,
    times,
    hasHandler: handler !== undefined,
    ...(members === undefined ? {} : { members }),
    ...(partitions === undefined ? {} : { partitions }),
    ...(faults === undefined ? {} : { faults }),
    ...(assignmentStrategy === undefined ? {} : { strategies: [assignmentStrategy].flat() }),
  })
  return checked(workload.steps === undefined ? plan : { ...plan, steps: workload.steps })
}

/** A handler that is never called would find nothing, and without one there is nobody to call. */
const fitting = (plan: Plan, handler: Handler | undefined): Plan => {
  const isNeeded = plan.members.some(({ style }) => style === 'handler')
  if (isNeeded === (handler !== undefined)) return plan
  const why = isNeeded
    ? 'the plan was drawn with one: it cannot be run without'
    : "no member of the plan has the style 'handler': it would never be called"
  throw invalidConfig('simulate', `handler: ${why}`, 'handler')
}

/** Consumers can be made by it: what does not go together is said before anything runs. */
const checked = (plan: Plan): Plan => {
  const { initialRebalanceDelayMs: _, ...times } = plan.times
  resolveConsumerConfig(
    { ...times, groupId: 'group', topics: ['topic'], assignmentStrategy: plan.strategies },
    'simulation',
  )
  return plan
}
