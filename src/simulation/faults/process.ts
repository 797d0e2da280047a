import type { Draw } from '../plan/draw.js'
import type { Scene } from '../plan/draw-plan.js'
import type { ProcessStep } from '../plan/step.js'
import type { World } from '../world.js'

export const performProcess = (world: World, step: ProcessStep): void => {
  switch (step.do) {
    case 'crash':
      world.crashMember(step.member, step.how)
      break
    case 'freeze':
      world.holdMember(step.member, step.forMs)
      break
    case 'restartBroker':
      world.crashBroker(step.how)
      world.undoAfter(step.downMs, () => world.startBroker())
      break
    case 'freezeBroker':
      world.holdBroker(step.forMs)
      break
  }
}

export const drawProcess = (draw: Draw, { members, times }: Scene): ProcessStep => {
  const member = draw.int(0, members - 1)
  switch (draw.weighted(KINDS)) {
    case 'crash':
      return { do: 'crash', member, how: draw.chance(0.7) ? 'kill' : 'power' }
    case 'freeze':
      return { do: 'freeze', member, forMs: draw.part(times.sessionTimeoutMs, 0.3, 2) }
    case 'restartBroker':
      return {
        do: 'restartBroker',
        how: draw.chance(0.7) ? 'kill' : 'power',
        downMs: draw.pick([50, 1_000, 5_000, draw.part(times.sessionTimeoutMs, 1, 1.5)]),
      }
    case 'freezeBroker':
      return { do: 'freezeBroker', forMs: draw.part(times.sessionTimeoutMs, 0.2, 1.5) }
  }
}

const KINDS = [
  [6, 'crash'],
  [3, 'freeze'],
  [3, 'restartBroker'],
  [1, 'freezeBroker'],
] as const
