import { isDeepStrictEqual } from 'node:util'
import type { GroupEvent } from '../../../../src/machines/group-coordinator/events.js'
import {
  type GroupHappening,
  type GroupOutcome,
  type GroupPath,
  legalTransitions,
} from '../../../../src/machines/group-coordinator/legal-transitions.js'
import { type Rule, story } from '../../rule.js'
import { type CoordinatorChart, replies, type Sample, type Stepped } from '../coordinator-chart.js'
import { sampleGroups, samples } from '../sample-groups.js'
import { claimStep } from './step-claims.js'

/** One step of one of the sample groups. */
interface Sampled {
  readonly path: GroupPath
  readonly happening: GroupHappening
  readonly event: Sample
  readonly before: Stepped
  readonly after: Stepped
}

const memory = new WeakMap<CoordinatorChart, readonly Sampled[]>()

const sampled = (chart: CoordinatorChart): readonly Sampled[] => {
  const known = memory.get(chart)
  if (known !== undefined) return known
  const steps: Sampled[] = []
  for (const [path, variants] of Object.entries(sampleGroups(chart))) {
    for (const before of variants) {
      for (const [happening, events] of Object.entries(samples(before))) {
        for (const event of events) {
          const after = chart.step(before, event)
          steps.push({
            path: path as GroupPath,
            happening: happening as GroupHappening,
            event,
            before,
            after,
          })
        }
      }
    }
  }
  memory.set(chart, steps)
  return steps
}

const outcomeOf = ({ before, after }: Sampled): GroupOutcome => {
  if (after.emitted.some(({ type }) => type === 'ignored')) return 'ignored'
  const same =
    after.path === before.path &&
    after.snapshot.context.generation === before.snapshot.context.generation
  return same ? 'stays' : (after.path as GroupPath)
}

const show = (one: Sampled): string =>
  `${one.path} + ${JSON.stringify(one.event)} -> ${outcomeOf(one)}`

const against = (name: string, holds: (sampled: Sampled) => boolean): Rule<CoordinatorChart> => ({
  name,
  faults: (chart) =>
    sampled(chart)
      .filter((one) => !holds(one))
      .slice(0, 10)
      .map(show),
})

const isRequest = (event: Sample): event is Extract<GroupEvent, { readonly requestId: string }> =>
  'requestId' in event

const isAnsweredOrParked = ({ event, after }: Sampled): boolean => {
  if (!isRequest(event)) return true
  const { requestId } = event
  const answers = replies(after).filter((reply) => reply.requestId === requestId)
  const isParked = JSON.stringify(after.snapshot.context.members).includes(`"${requestId}"`)
  return answers.length === (isParked ? 0 : 1)
}

export const table: readonly Rule<CoordinatorChart>[] = [
  {
    name: 'the sample groups are where they shall be',
    faults: (chart) =>
      Object.entries(sampleGroups(chart)).flatMap(([path, variants]) =>
        variants.flatMap((group, index) =>
          group.path === path ? [] : [`group ${index} of ${path} is in ${group.path}`],
        ),
      ),
  },
  against('the machine does what the table says, in every state and for every event', (one) =>
    legalTransitions[one.path][one.happening].includes(outcomeOf(one)),
  ),
  {
    name: 'all that the table lists does occur',
    faults: (chart) => {
      const seen = new Set(
        sampled(chart).map((one) => `${one.path} | ${one.happening} | ${outcomeOf(one)}`),
      )
      return Object.entries(legalTransitions)
        .flatMap(([path, row]) =>
          Object.entries(row).flatMap(([happening, outcomes]) =>
            outcomes.map((outcome) => `${path} | ${happening} | ${outcome}`),
          ),
        )
        .filter((promised) => !seen.has(promised))
    },
  },
  {
    name: 'each step keeps what is promised of every step',
    faults: (chart) =>
      sampled(chart).flatMap((one) => {
        const told = story('', () => claimStep(one.before, one.event, one.after)).faults(chart)
        return told.map((fault) => `${show(one)}: ${fault}`)
      }),
  },
  against('a request is answered or parked, never both and never lost', isAnsweredOrParked),
  {
    name: 'the context is plain JSON in every state',
    faults: (chart) =>
      Object.entries(sampleGroups(chart)).flatMap(([path, variants]) =>
        variants.every(({ snapshot: { context } }) =>
          isDeepStrictEqual(JSON.parse(JSON.stringify(context)), context),
        )
          ? []
          : [path],
      ),
  },
]
