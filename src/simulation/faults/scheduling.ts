import type { Draw } from '../plan/draw.js'
import type { Scene } from '../plan/draw-plan.js'
import type { SchedulingStep } from '../plan/step.js'
import type { World } from '../world.js'

export const performScheduling = (world: World, step: SchedulingStep): void => {
  const run = world.member(step.member)
  if (run === undefined || !run.process.isAlive) return
  const { application } = run
  switch (step.do) {
    case 'slowWork':
      application.slowDownNextWork(step.ms)
      break
    case 'hang':
      application.slowDownNextWork(Number.POSITIVE_INFINITY)
      break
    case 'block':
      world.holdMember(step.member, step.forMs)
      break
    case 'throw':
      application.throwInNext(step.in)
      break
    case 'slowCallback':
      application.slowDownNextCallback(step.ms)
      break
  }
}

export const drawScheduling = (
  draw: Draw,
  { members, times, hasHandler }: Scene,
): SchedulingStep => {
  const member = draw.int(0, members - 1)
  // How long a handler takes is its own affair.
  switch (draw.weighted(hasHandler ? KINDS_BESIDE_HANDLER : KINDS)) {
    case 'slowWork': {
      const { drainTimeoutMs, maxPollIntervalMs } = times
      const ms = draw.pick([
        draw.part(drainTimeoutMs, 0.3, 0.9),
        draw.part(drainTimeoutMs, 1, 1.5),
        draw.part(maxPollIntervalMs, 1.1, 1.5),
      ])
      return { do: 'slowWork', member, ms }
    }
    case 'hang':
      return { do: 'hang', member }
    case 'block':
      return { do: 'block', member, forMs: draw.part(times.sessionTimeoutMs, 0.2, 1.6) }
    case 'throw':
      return { do: 'throw', member, in: draw.pick(['assigned', 'revoked', 'lost'] as const) }
    case 'slowCallback':
      return { do: 'slowCallback', member, ms: draw.part(times.rebalanceTimeoutMs, 0.1, 0.6) }
  }
}

const KINDS_BESIDE_HANDLER = [
  [3, 'block'],
  [2, 'throw'],
  [2, 'slowCallback'],
] as const
const KINDS = [[3, 'slowWork'], [1, 'hang'], ...KINDS_BESIDE_HANDLER] as const
