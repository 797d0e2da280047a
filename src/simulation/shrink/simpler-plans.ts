import type { MemberPlan, Plan } from '../plan/plan.js'
import type { Step } from '../plan/step.js'

const SOON = { minMs: 1, maxMs: 1 }

/** Each a little simpler than the plan in one respect; what simplifies most comes first. */
export function* simplerPlans(plan: Plan): Generator<Plan> {
  if (plan.transport !== 'typed') yield { ...plan, transport: 'typed' }
  if (plan.brokers > 1) yield { ...plan, brokers: 1 }
  if (plan.producer !== 'direct') yield { ...plan, producer: 'direct' }
  if (plan.oldness > 0) yield { ...plan, oldness: 0 }
  if (plan.strategies.length > 1) yield { ...plan, strategies: plan.strategies.slice(0, 1) }
  yield* simplerTopics(plan)
  if (!isSoon(plan.latency)) yield { ...plan, latency: SOON }
  if (!isSoon(plan.commitLatency)) yield { ...plan, commitLatency: SOON }
  yield* simplerMembers(plan)
  yield* simplerSteps(plan)
}

const isSoon = ({ minMs, maxMs }: Plan['latency']): boolean =>
  minMs === SOON.minMs && maxMs === SOON.maxMs

function* simplerTopics(plan: Plan): Generator<Plan> {
  const total = plan.partitions.reduce((sum, count) => sum + count, 0)
  const members = plan.members.map((member) => ({ ...member, topics: [0] }))
  if (plan.partitions.length > 1) yield { ...plan, partitions: [total], members }
  const [first = 1, ...rest] = plan.partitions
  for (const fewer of [1, Math.floor(first / 2), first - 1]) {
    if (fewer >= 1 && fewer < first) yield { ...plan, partitions: [fewer, ...rest] }
  }
}

/** All members alike; then each without what it has of its own. */
function* simplerMembers(plan: Plan): Generator<Plan> {
  const { members } = plan
  if (members.length > 1) for (const one of members) yield { ...plan, members: [one] }
  for (const [index, member] of members.entries()) {
    const as = (changed: Partial<MemberPlan>): Plan => ({
      ...plan,
      members: members.with(index, { ...member, ...changed }),
    })
    if (member.isStatic) yield as({ isStatic: false })
    if (member.maxCallbackMs > 0) yield as({ maxCallbackMs: 0 })
    if (member.maxWorkMs > 0) yield as({ maxWorkMs: 0 })
    if (member.style !== 'poll' && member.style !== 'handler') yield as({ style: 'poll' })
  }
}

/** Sooner after the step before, and with fewer records. */
function* simplerSteps(plan: Plan): Generator<Plan> {
  for (const [index, step] of plan.steps.entries()) {
    const as = (changed: Step): Plan => ({ ...plan, steps: plan.steps.with(index, changed) })
    if (step.afterMs > 0) yield as({ ...step, afterMs: 0 })
    if (step.afterMs > 1_000)
      yield as({ ...step, afterMs: Math.round(step.afterMs / 2_000) * 1_000 })
    if (step.do === 'produce' && step.records > 1) {
      yield as({ ...step, records: Math.floor(step.records / 2) })
    }
  }
}
