import * as Schema from 'effect/Schema'
import type * as FastCheck from 'fast-check'
import { invalidConfig, validateOptions } from '../domain/validate.js'
import { faultDraws } from './faults/fault-draws.js'
import { Draw } from './plan/draw.js'
import { drawPlan, type Scene } from './plan/draw-plan.js'
import type { Plan } from './plan/plan.js'
import { type Deed, type FaultClass, faultClasses, type Step } from './plan/step.js'

type FastCheckModule = Pick<
  typeof FastCheck,
  'array' | 'constantFrom' | 'integer' | 'nat' | 'noShrink' | 'oneof' | 'record' | 'tuple'
>

export interface PlanConstraints {
  /** 1 to 8. Default: 1 to 8 of them. */
  readonly members?: { readonly min?: number; readonly max?: number }
  /** 1 to 64. Default: 1 to 64 of them. */
  readonly partitions?: { readonly min?: number; readonly max?: number }
  /** Default: all classes. */
  readonly faults?: readonly FaultClass[]
  /** Default: 40. */
  readonly maxSteps?: number
  /** Default: any of StreamBus's own. */
  readonly strategies?: readonly string[]
}

export interface Arbitraries {
  /**
   * A scene and a script for it: joins, leaves, crashes and whatever else `faults` allow. Errors:
   * INVALID_CONFIG, naming every wrong field.
   */
  readonly plan: (constraints?: PlanConstraints) => FastCheck.Arbitrary<Plan>
}

const between = (minimum: number, maximum: number) =>
  Schema.optional(Schema.Number.check(Schema.isInt(), Schema.isBetween({ minimum, maximum })))
const range = (most: number) =>
  Schema.optional(Schema.Struct({ min: between(1, most), max: between(1, most) }))
const MOST_STEPS = 1_000

const Constraints = Schema.Struct({
  members: range(8),
  partitions: range(64),
  faults: Schema.optional(Schema.Array(Schema.Literals(faultClasses))),
  maxSteps: between(1, MOST_STEPS),
  strategies: Schema.optional(Schema.Array(Schema.String).check(Schema.isMinLength(1))),
})

const STRATEGIES = ['range', 'roundrobin', 'sticky', 'cooperative-sticky']
const MOST_PAUSE_MS = 8_000

/** Plans for properties of one's own; give it fast-check, which is not a dependency of ours. */
export const arbitraries = (fc: FastCheckModule): Arbitraries => ({
  plan: (constraints = {}) => {
    if (typeof (fc as Partial<FastCheckModule> | undefined)?.record !== 'function') {
      throw invalidConfig('arbitraries', 'give it fast-check: arbitraries(fc)', 'fc')
    }
    validateOptions('arbitraries', Constraints, constraints)
    const { members = {}, partitions = {}, faults = faultClasses, maxSteps = 40 } = constraints
    return fc
      .record({
        seed: fc.noShrink(fc.nat()),
        members: fc.integer({ min: members.min ?? 1, max: members.max ?? 8 }),
        partitions: fc.integer({ min: partitions.min ?? 1, max: partitions.max ?? 64 }),
        strategy: fc.constantFrom(...(constraints.strategies ?? STRATEGIES)),
        deeds: fc.array(
          fc.tuple(
            fc.constantFrom(...kindsOf(faults)),
            fc.noShrink(fc.nat()),
            fc.oneof(
              { weight: 1, arbitrary: fc.integer({ min: 0, max: 300 }) },
              { weight: 2, arbitrary: fc.integer({ min: 300, max: MOST_PAUSE_MS }) },
            ),
          ),
          { minLength: 1, maxLength: maxSteps, size: 'max' },
        ),
      })
      .map(({ seed, members: count, partitions: of, strategy, deeds }): Plan => {
        const options = { seed, members: count, partitions: of, faults, strategies: [strategy] }
        const plan = drawPlan(options)
        const scene: Scene = {
          members: count,
          brokers: plan.brokers,
          topics: plan.partitions.length,
          times: plan.times,
          hasHandler: false,
        }
        const steps = deeds.map(([kind, draw, afterMs]): Step => {
          return { ...deedOf(kind, new Draw(`${draw}`), scene), afterMs }
        })
        return { ...plan, steps }
      })
  },
})

type Kind = 'start' | 'stop' | 'produce' | 'pause' | 'resume' | 'commit' | 'subscribe' | FaultClass

/** Members come often and go seldom: an empty group proves little. */
const WORKLOAD: readonly Kind[] = [
  ...(['start', 'start', 'start', 'start', 'produce', 'produce', 'stop'] as const),
  ...(['pause', 'resume', 'commit', 'subscribe'] as const),
]

const kindsOf = (faults: readonly FaultClass[]): readonly Kind[] => [...WORKLOAD, ...faults]

const deedOf = (kind: Kind, draw: Draw, scene: Scene): Deed => {
  const member = draw.int(0, scene.members - 1)
  switch (kind) {
    case 'produce':
      return { do: kind, records: draw.int(1, 40) }
    case 'subscribe':
      return { do: kind, member, topics: draw.pick(scene.topics > 1 ? [[0], [1], [0, 1]] : [[0]]) }
    case 'start':
    case 'stop':
    case 'pause':
    case 'resume':
    case 'commit':
      return { do: kind, member }
    default:
      return faultDraws[kind](draw, scene)
  }
}
