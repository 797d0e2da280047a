import * as Schema from 'effect/Schema'
import { type KafkaErrorName, kafkaErrors } from '../../transport/protocol/kafka-errors.js'
import { type ApiName, apiNames } from '../../transport/protocol/registry.js'

/** The classes of the fault catalogue. */
export const faultClasses = [
  'network',
  'process',
  'clock',
  'store',
  'scheduling',
  'coordinator',
  'protocol',
] as const
export type FaultClass = (typeof faultClasses)[number]

/** A day: what a script asks for has to come to its end. */
const LONGEST_MS = 86_400_000
export const Ms = Schema.Number.check(
  Schema.isGreaterThanOrEqualTo(0),
  Schema.isLessThanOrEqualTo(LONGEST_MS),
)
const Whole = Schema.Number.check(Schema.isInt())
const Count = Schema.Number.check(Schema.isInt(), Schema.isGreaterThanOrEqualTo(0))
/** From 1. */
export const UpTo = (most: number) =>
  Schema.Number.check(Schema.isInt(), Schema.isBetween({ minimum: 1, maximum: most }))
export const MOST_BROKERS = 16
export const MOST_PARTITIONS = 1_000
const MOST_RECORDS = 100_000
const MOST_TIMES = 1_000_000
/** Members, topics and brokers are named by number: members and topics from 0, brokers from 1. */
const member = Count
const topic = Count
const broker = UpTo(MOST_BROKERS)
/** `member-0`, `broker-1`. */
const host = Schema.String.check(Schema.isPattern(/^(member-\d+|broker-[1-9]\d*|producer)$/))
const afterMs = Ms

/** One step of a script, so long after the one before. */
const step = <D extends string, F extends Schema.Struct.Fields>(name: D, fields: F) =>
  Schema.Struct({ do: Schema.Literal(name), ...fields, afterMs })

/** The applications' own doings: no faults. */
const workloadSteps = [
  step('start', { member }),
  /** `close`, then the process ends. */
  step('stop', { member }),
  step('produce', { records: UpTo(MOST_RECORDS) }),
  step('wait', {}),
  step('pause', { member }),
  step('resume', { member }),
  step('seek', { member, to: Schema.Literals(['beginning', 'end', 'back']) }),
  step('subscribe', { member, topics: Schema.Array(topic) }),
  step('commit', { member }),
] as const

const networkSteps = [
  /** No packet gets through, in one direction or both, between a host and all others. */
  step('cut', { host, way: Schema.Literals(['to', 'from', 'both']), forMs: Ms }),
  step('lossy', {
    host,
    rate: Schema.Number.check(Schema.isBetween({ minimum: 0, maximum: 1 })),
    forMs: Ms,
  }),
  step('slow', { host, maxMs: Ms, forMs: Ms }),
  /** Every connection of the host is reset; or one, in the middle of the next frame it sends. */
  step('reset', { host, midFrame: Schema.Boolean }),
  /** Every connection of the host goes silent for good, and neither end is told. */
  step('silence', { host }),
] as const

const howKilled = Schema.Literals(['kill', 'power'])
const processSteps = [
  /** `kill`: the system closes its sockets. `power`: nobody hears of it. */
  step('crash', { member, how: howKilled }),
  /** SIGSTOP, then SIGCONT. */
  step('freeze', { member, forMs: Ms }),
  step('restartBroker', { how: howKilled, downMs: Ms }),
  step('freezeBroker', { forMs: Ms }),
] as const

const clockSteps = [
  step('clockJump', { member, byMs: Whole }),
  step('lateTimers', { member, maxMs: Ms, forMs: Ms }),
] as const

const storeSteps = [
  step('slowStore', { maxMs: Ms, forMs: Ms }),
  /** The next commit breaks it; the broker is started again on a mended one after a while. */
  step('breakStore', { why: Schema.Literals(['EIO', 'ENOSPC', 'fsync']), downMs: Ms }),
] as const

const schedulingSteps = [
  /** The application's next piece of work takes that long. */
  step('slowWork', { member, ms: Ms }),
  /** The application's next piece of work never ends. */
  step('hang', { member }),
  /** The event loop is blocked. */
  step('block', { member, forMs: Ms }),
  step('throw', { member, in: Schema.Literals(['assigned', 'revoked', 'lost']) }),
  step('slowCallback', { member, ms: Ms }),
] as const

const coordinatorSteps = [
  step('moveCoordinator', { to: broker, loadMs: Ms }),
  step('reloadGroup', { loadMs: Ms }),
  step('moveLeaders', { to: broker }),
  step('staleMetadata', { broker, forMs: Ms }),
  step('growTopic', { topic, by: UpTo(MOST_PARTITIONS) }),
  step('deleteTopic', { topic }),
  step('createTopic', { topic }),
] as const

const errorNames = Object.keys(kafkaErrors) as readonly KafkaErrorName[]
const protocolSteps = [
  /** What comes between the next so many requests of a kind and their answers. */
  step('answer', {
    api: Schema.Literals(apiNames as readonly [ApiName, ...ApiName[]]),
    with: Schema.Literals(['refuse', 'delay', 'throttle', 'swallow', 'repeat', 'lose']),
    error: Schema.optionalKey(
      Schema.Literals(errorNames as readonly [KafkaErrorName, ...KafkaErrorName[]]),
    ),
    ms: Schema.optionalKey(Ms),
    times: UpTo(MOST_TIMES),
    /** Only for this member. */
    member: Schema.optionalKey(member),
  }),
] as const

/** Each means something in any state: what cannot be done does nothing. */
export const StepSchema = Schema.Union([
  ...workloadSteps,
  ...networkSteps,
  ...processSteps,
  ...clockSteps,
  ...storeSteps,
  ...schedulingSteps,
  ...coordinatorSteps,
  ...protocolSteps,
])

type Of<S extends readonly { readonly Type: unknown }[]> = Undated<S[number]['Type']>
/** What a step does, whenever. */
type Undated<S> = S extends unknown ? Omit<S, 'afterMs'> : never

export type WorkloadStep = Of<typeof workloadSteps>
export type NetworkStep = Of<typeof networkSteps>
export type ProcessStep = Of<typeof processSteps>
export type ClockStep = Of<typeof clockSteps>
export type StoreStep = Of<typeof storeSteps>
export type SchedulingStep = Of<typeof schedulingSteps>
export type CoordinatorStep = Of<typeof coordinatorSteps>
export type ProtocolStep = Of<typeof protocolSteps>
export type FaultStep =
  | NetworkStep
  | ProcessStep
  | ClockStep
  | StoreStep
  | SchedulingStep
  | CoordinatorStep
  | ProtocolStep
export type Deed = WorkloadStep | FaultStep
export type Step = (typeof StepSchema)['Type']

const namesOf = (
  steps: readonly { readonly fields: { readonly do: { readonly literal: string } } }[],
) => steps.map(({ fields }) => fields.do.literal)

const stepsByClass: Readonly<Record<FaultClass, readonly string[]>> = {
  network: namesOf(networkSteps),
  process: namesOf(processSteps),
  clock: namesOf(clockSteps),
  store: namesOf(storeSteps),
  scheduling: namesOf(schedulingSteps),
  coordinator: namesOf(coordinatorSteps),
  protocol: namesOf(protocolSteps),
}

const classByStep = new Map(
  faultClasses.flatMap((name) => stepsByClass[name].map((step) => [step, name] as const)),
)

/** Undefined for what is no fault: the workload. */
export const faultClassOf = (deed: Pick<Deed, 'do'>): FaultClass | undefined =>
  classByStep.get(deed.do)
