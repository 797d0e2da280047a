import * as Schema from 'effect/Schema'
import { validateOptions } from '../../domain/validate.js'
import { MOST_BROKERS, MOST_PARTITIONS, Ms, type Step, StepSchema, UpTo } from './step.js'

const MOST_MEMBERS = 64
const MOST_TOPICS = 16
const Count = Schema.Number.check(Schema.isInt(), Schema.isGreaterThanOrEqualTo(0))
const Positive = Ms.check(Schema.isInt(), Schema.isGreaterThanOrEqualTo(1))

const SpanSchema = Schema.Struct({ minMs: Ms, maxMs: Ms })
export type Span = (typeof SpanSchema)['Type']

const MemberSchema = Schema.Struct({
  /**
   * How the application takes and finishes records. `poll`: polls, works, polls again, with
   * auto-commit. `commit`: polls, works, commits all of it. `commitOnRevoke`: commits in
   * `onPartitionsRevoked` and now and then. `explicit`: commits offsets of its own choice.
   * `iterate`: one record at a time, with auto-commit. `handler`: polls, and hands each record to
   * the handler of the one who simulates, with auto-commit.
   */
  style: Schema.Literals(['poll', 'commit', 'commitOnRevoke', 'explicit', 'iterate', 'handler']),
  /** Under a groupInstanceId of its own: it comes back as the same member. */
  isStatic: Schema.Boolean,
  /** Which topics it subscribes to, by number. */
  topics: Schema.Array(Count),
  /** How long it works on what it polled, at most. */
  maxWorkMs: Ms,
  /** How long each of its callbacks takes, at most. */
  maxCallbackMs: Ms,
})
export type MemberPlan = (typeof MemberSchema)['Type']
export type Style = MemberPlan['style']

/** Milliseconds; the names are those of the consumer's options. */
const TimesSchema = Schema.Struct({
  sessionTimeoutMs: Positive,
  heartbeatIntervalMs: Positive,
  rebalanceTimeoutMs: Positive,
  drainTimeoutMs: Positive,
  maxPollIntervalMs: Positive,
  autoCommitIntervalMs: Positive,
  requestTimeoutMs: Positive,
  fetchMaxWaitMs: Positive,
  metadataMaxAgeMs: Positive,
  initialRebalanceDelayMs: Ms,
})
export type GroupTimes = (typeof TimesSchema)['Type']

const PlanSchema = Schema.Struct({
  v: Schema.Literal(1),
  /** Draws what the plan leaves open: latencies, orders, working times. */
  seed: Count,
  /** Requests as they are, or as bytes over connections. */
  transport: Schema.Literals(['typed', 'bytes']),
  /** Addresses of the cluster. */
  brokers: UpTo(MOST_BROKERS),
  /** Partitions by topic. */
  partitions: Schema.Array(UpTo(MOST_PARTITIONS)).check(
    Schema.isMinLength(1),
    Schema.isMaxLength(MOST_TOPICS),
  ),
  /** In order of preference, the same for all members. */
  strategies: Schema.Array(Schema.String).check(Schema.isMinLength(1)),
  times: TimesSchema,
  latency: SpanSchema,
  commitLatency: SpanSchema,
  /** By how many versions of each API the older brokers of the cluster lie back. */
  oldness: Count,
  producer: Schema.Literals(['direct', 'idempotent']),
  members: Schema.Array(MemberSchema).check(
    Schema.isMinLength(1),
    Schema.isMaxLength(MOST_MEMBERS),
  ),
  steps: Schema.Array(StepSchema),
})

/**
 * Everything that a run of a simulation follows from: plain data, printed with a failure, kept in a
 * trace's header, and shrunk. The same plan gives the same trace, byte for byte.
 */
export type Plan = Omit<(typeof PlanSchema)['Type'], 'steps'> & { readonly steps: readonly Step[] }

/** Of what comes from outside. Its keys come out in one order. Errors: INVALID_CONFIG. */
export const parsePlan = (plan: unknown): Plan => validateOptions('plan', PlanSchema, plan) as Plan
