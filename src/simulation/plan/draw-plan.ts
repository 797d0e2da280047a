import { faultDraws } from '../faults/fault-draws.js'
import { Draw } from './draw.js'
import type { GroupTimes, MemberPlan, Plan, Span, Style } from './plan.js'
import { type Deed, type FaultClass, faultClasses, type Step } from './step.js'

/** What a seed does not decide by itself. */
export interface DrawOptions {
  readonly seed: number
  /** 1 to 8. Default: drawn, median 4. */
  readonly members?: number
  /** 1 to 64, over all topics. Default: drawn, median 12. */
  readonly partitions?: number
  /** Which classes of faults may occur. Default: all; each seed takes some of them. */
  readonly faults?: readonly FaultClass[]
  /** Default: one seed in five sends bytes over connections. */
  readonly transport?: Plan['transport']
  /** All members hand their records to a handler, and nothing is done in its place. */
  readonly hasHandler?: boolean
  /** In place of what would be drawn. */
  readonly times?: Partial<GroupTimes>
  readonly strategies?: readonly string[]
}

/** Every fifth seed goes through the codec and connections, by its number, so that it is even. */
const BYTES_EVERY = 5

/**
 * The plan of a seed: swarm testing. Each seed takes some of the fault classes, times and sizes of
 * its own, and a script; what one seed never does another does often.
 */
export const drawPlan = (options: DrawOptions): Plan => {
  const { seed } = options
  const draw = new Draw(`${seed}/plan`)
  const memberCount = options.members ?? draw.weighted(MEMBERS)
  const partitionCount = options.partitions ?? draw.pick(PARTITIONS)
  const allowed = options.faults ?? faultClasses
  const byDefault = seed % BYTES_EVERY === 0 ? 'bytes' : 'typed'
  const times = drawTimes(draw, options.times ?? {})
  const partitions = drawTopics(draw, partitionCount)
  const scene: Scene = {
    members: memberCount,
    brokers: draw.weighted(BROKERS),
    topics: partitions.length,
    times,
    hasHandler: options.hasHandler ?? false,
  }
  return {
    v: 1,
    seed,
    transport: options.transport ?? byDefault,
    brokers: scene.brokers,
    partitions,
    strategies: options.strategies ?? draw.weighted(STRATEGIES),
    times,
    latency: draw.pick(LATENCIES),
    commitLatency: draw.pick(COMMIT_LATENCIES),
    oldness: draw.weighted(OLDNESS),
    producer: draw.chance(0.2) ? 'idempotent' : 'direct',
    members: Array.from({ length: memberCount }, () => drawMember(draw, scene)),
    steps: drawSteps(draw, scene, enabled(draw, allowed)),
  }
}

/** What a step is drawn for. */
export interface Scene {
  readonly members: number
  readonly brokers: number
  readonly topics: number
  readonly times: GroupTimes
  readonly hasHandler: boolean
}

const MEMBERS = [
  [1, 1],
  [2, 2],
  [4, 3],
  [6, 4],
  [3, 5],
  [2, 6],
  [1, 7],
  [1, 8],
] as const
const PARTITIONS = [1, 2, 4, 6, 9, 12, 12, 12, 15, 20, 28, 40, 64] as const
const BROKERS = [
  [4, 1],
  [4, 2],
  [3, 3],
] as const
const OLDNESS = [
  [6, 0],
  [2, 1],
  [1, 2],
  [1, 4],
] as const
const STRATEGIES: readonly (readonly [number, readonly string[]])[] = [
  [3, ['range']],
  [2, ['roundrobin']],
  [2, ['sticky']],
  [5, ['cooperative-sticky']],
  [1, ['cooperative-sticky', 'range']],
]
const LATENCIES: readonly Span[] = [
  { minMs: 0.1, maxMs: 1 },
  { minMs: 0.2, maxMs: 5 },
  { minMs: 1, maxMs: 40 },
]
const COMMIT_LATENCIES: readonly Span[] = [
  { minMs: 0.1, maxMs: 1 },
  { minMs: 0.5, maxMs: 5 },
  { minMs: 2, maxMs: 30 },
]
const STYLES: readonly (readonly [number, Style])[] = [
  [4, 'poll'],
  [3, 'commit'],
  [2, 'commitOnRevoke'],
  [1, 'explicit'],
  [2, 'iterate'],
]

/** What is drawn goes with what is given: intervals stay within their timeouts. */
const drawTimes = (draw: Draw, given: Partial<GroupTimes>): GroupTimes => {
  const sessionTimeoutMs = given.sessionTimeoutMs ?? draw.pick([6_000, 10_000, 15_000, 30_000])
  const heartbeatIntervalMs =
    given.heartbeatIntervalMs ?? Math.round(sessionTimeoutMs / draw.pick([3, 3, 4]))
  // Also shorter than the session: nothing forbids it.
  const rebalanceTimeoutMs =
    given.rebalanceTimeoutMs ?? Math.round(draw.pick([0.7, 1, 1.5, 2]) * sessionTimeoutMs)
  const restMs = Math.max(2, rebalanceTimeoutMs - heartbeatIntervalMs)
  return {
    drainTimeoutMs: Math.max(1, Math.floor(restMs * draw.pick([0.5, 0.9]))),
    maxPollIntervalMs: draw.pick([20_000, 30_000, 45_000]),
    autoCommitIntervalMs: draw.pick([200, 1_000, 3_000, 5_000]),
    requestTimeoutMs: draw.pick([3_000, 6_000, 12_000]),
    fetchMaxWaitMs: draw.pick([3_000, 8_000, 20_000]),
    metadataMaxAgeMs: draw.pick([15_000, 40_000]),
    initialRebalanceDelayMs: draw.pick([0, 0, 1_000, 3_000]),
    ...given,
    sessionTimeoutMs,
    heartbeatIntervalMs,
    rebalanceTimeoutMs,
  }
}

/** One topic, or two that share the partitions. */
const drawTopics = (draw: Draw, partitions: number): readonly number[] => {
  if (partitions < 2 || draw.chance(0.7)) return [partitions]
  const first = draw.int(1, partitions - 1)
  return [first, partitions - first]
}

const drawMember = (draw: Draw, { topics, times, hasHandler }: Scene): MemberPlan => {
  const all = Array.from({ length: topics }, (_, topic) => topic)
  const style = hasHandler ? 'handler' : draw.weighted(STYLES)
  // One at a time and slow, an application would never be through with its records.
  const maxWorkMs = style === 'iterate' ? draw.pick([2, 20]) : draw.pick([5, 50, 300, 2_000])
  return {
    style,
    isStatic: draw.chance(0.12),
    topics: topics > 1 && !hasHandler && draw.chance(0.3) ? [draw.pick(all)] : all,
    maxWorkMs: Math.min(maxWorkMs, Math.floor(times.drainTimeoutMs / 2)),
    maxCallbackMs: draw.pick([0, 20, 200]),
  }
}

const enabled = (draw: Draw, allowed: readonly FaultClass[]): readonly FaultClass[] => {
  const some = draw.subset(allowed, 0.5)
  return some.length > 0 || allowed.length === 0 ? some : [draw.pick(allowed)]
}

interface Timed {
  readonly atMs: number
  readonly deed: Deed
}

const drawSteps = (draw: Draw, scene: Scene, classes: readonly FaultClass[]): readonly Step[] => {
  const lengthMs = draw.int(80_000, 135_000)
  const changes = [...drawStarts(draw, scene, lengthMs), ...drawChanges(draw, scene, lengthMs)]
  const timed = [
    ...changes,
    ...drawRecords(draw, lengthMs),
    ...drawFaults(draw, scene, { classes, lengthMs, changes }),
  ].sort((a, b) => a.atMs - b.atMs)
  let now = 0
  const steps = timed.map(({ atMs, deed }): Step => {
    const afterMs = atMs - now
    now = atMs
    return { ...deed, afterMs }
  })
  return [...steps, { do: 'wait', afterMs: lengthMs - now }]
}

/** All at once, or one after the other. */
const drawStarts = (draw: Draw, { members }: Scene, lengthMs: number): Timed[] => {
  const withinMs = draw.pick([50, 3_000, Math.round(lengthMs / 3)])
  return Array.from({ length: members }, (_, member) => ({
    atMs: member === 0 ? draw.int(0, 50) : draw.int(0, withinMs),
    deed: { do: 'start', member } as const,
  }))
}

const drawRecords = (draw: Draw, lengthMs: number): Timed[] => {
  const everyMs = draw.pick([5_000, 12_000, 25_000])
  const timed: Timed[] = []
  for (
    let atMs = draw.int(0, 2_000);
    atMs < lengthMs;
    atMs += draw.int(everyMs / 2, everyMs * 1.5)
  ) {
    timed.push({ atMs, deed: { do: 'produce', records: draw.int(1, 40) } })
  }
  return timed
}

/** What people do to a healthy group. */
const drawChanges = (draw: Draw, scene: Scene, lengthMs: number): Timed[] => {
  const timed: Timed[] = []
  const member = (): number => draw.int(0, scene.members - 1)
  const when = (): number => draw.int(3_000, lengthMs)
  for (let count = draw.int(0, 2); count > 0; count--) {
    const who = member()
    const atMs = when()
    timed.push({ atMs, deed: { do: 'stop', member: who } })
    const backAt = atMs + draw.int(0, 15_000)
    if (backAt < lengthMs && draw.chance(0.8)) {
      timed.push({ atMs: backAt, deed: { do: 'start', member: who } })
    }
  }
  const isOwn = !scene.hasHandler
  if (isOwn && draw.chance(0.25)) {
    timed.push({ atMs: when(), deed: { do: 'commit', member: member() } })
  }
  if (draw.chance(0.2)) {
    const who = member()
    const atMs = when()
    timed.push({ atMs, deed: { do: 'pause', member: who } })
    timed.push({ atMs: atMs + draw.int(0, 10_000), deed: { do: 'resume', member: who } })
  }
  if (isOwn && draw.chance(0.12)) {
    const to = draw.pick(['beginning', 'end', 'back'] as const)
    timed.push({ atMs: when(), deed: { do: 'seek', member: member(), to } })
  }
  if (isOwn && scene.topics > 1 && draw.chance(0.4)) {
    const topics = draw.pick([[0], [1], [0, 1]])
    timed.push({ atMs: when(), deed: { do: 'subscribe', member: member(), topics } })
  }
  return timed.filter(({ atMs }) => atMs < lengthMs)
}

/** Most bugs of groups need trouble in a rebalance: so often a fault comes at one. */
const AT_A_REBALANCE = 0.5
/** Before a membership changes: what is ordered for a member's next request has to be there. */
const BEFORE_MS = 1_500

/**
 * Around the moment at which a member starts or closes, up to when all others have heard of it by
 * their heartbeats; or at any time.
 */
const drawFaultTime = (draw: Draw, { times }: Scene, { changes, lengthMs }: Script): number => {
  if (draw.chance(AT_A_REBALANCE)) {
    const { atMs } = draw.pick(changes)
    const least = Math.max(0, atMs - BEFORE_MS)
    return Math.min(lengthMs - 1_000, draw.int(least, atMs + times.heartbeatIntervalMs))
  }
  return draw.int(2_000, lengthMs - 1_000)
}

/** What faults are drawn for. */
interface Script {
  readonly classes: readonly FaultClass[]
  readonly lengthMs: number
  readonly changes: readonly Timed[]
}

const drawFaults = (draw: Draw, scene: Scene, script: Script): Timed[] => {
  const { classes, lengthMs } = script
  if (classes.length === 0) return []
  const timed: Timed[] = []
  for (let count = draw.weighted(FAULTS); count > 0; count--) {
    const atMs = drawFaultTime(draw, scene, script)
    const deed = faultDraws[draw.pick(classes)](draw, scene)
    timed.push({ atMs, deed })
    // Who was killed mostly comes back.
    if (deed.do === 'crash' && draw.chance(0.75)) {
      const start = { do: 'start', member: deed.member } as const
      timed.push({ atMs: Math.min(lengthMs, atMs + draw.int(0, 20_000)), deed: start })
    }
    if (deed.do === 'deleteTopic') {
      const create = { do: 'createTopic', topic: deed.topic } as const
      timed.push({ atMs: Math.min(lengthMs, atMs + draw.int(500, 20_000)), deed: create })
    }
  }
  return timed
}

const FAULTS = [
  [1, 1],
  [3, 2],
  [4, 3],
  [3, 4],
  [2, 5],
  [1, 7],
] as const
