import type { Draw } from '../plan/draw.js'
import type { Scene } from '../plan/draw-plan.js'
import type { ClockStep } from '../plan/step.js'
import type { World } from '../world.js'

export const performClock = (world: World, step: ClockStep): void => {
  const run = world.member(step.member)
  if (run === undefined || !run.process.isAlive) return
  const { gate, recorder, name } = run.process
  if (step.do === 'clockJump') {
    gate.wallOffsetMs += step.byMs
    return
  }
  gate.lateMs = step.maxMs
  recorder.fact(name, { fact: 'late', ms: step.maxMs })
  world.undoAfter(step.forMs, () => {
    gate.lateMs = 0
    if (run.process.isAlive) recorder.fact(name, { fact: 'late', ms: 0 })
  })
}

export const drawClock = (draw: Draw, { members }: Scene): ClockStep => {
  const member = draw.int(0, members - 1)
  if (draw.chance(0.4)) {
    const byMs = draw.pick([-86_400_000, -60_000, -5_000, 5_000, 60_000, 86_400_000])
    return { do: 'clockJump', member, byMs }
  }
  return {
    do: 'lateTimers',
    member,
    maxMs: draw.pick([20, 200, 2_000]),
    forMs: draw.int(2_000, 30_000),
  }
}
