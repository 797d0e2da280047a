import { hostOf } from '../cluster/cluster.js'
import type { Draw } from '../plan/draw.js'
import type { Scene } from '../plan/draw-plan.js'
import type { NetworkStep } from '../plan/step.js'
import { memberHost } from '../workload/names.js'
import type { World } from '../world.js'

export const performNetwork = (world: World, step: NetworkStep): void => {
  const { wire } = world
  const out = wire.side(step.host, 'out')
  const into = wire.side(step.host, 'in')
  switch (step.do) {
    case 'cut': {
      const sides = { from: [out], to: [into], both: [out, into] }[step.way]
      for (const side of sides) side.block()
      world.undoAfter(step.forMs, () => {
        for (const side of sides) side.unblock()
      })
      break
    }
    case 'lossy':
    case 'slow':
      for (const side of [out, into]) {
        if (step.do === 'lossy') side.lossRate = step.rate
        else side.extraMs = step.maxMs
        world.undoAfter(step.forMs, () => side.calm())
      }
      break
    case 'reset':
      if (step.midFrame) wire.cutNextFrame(step.host)
      else wire.reset(step.host)
      break
    case 'silence':
      wire.silence(step.host)
      break
  }
}

export const drawNetwork = (draw: Draw, { members, brokers, times }: Scene): NetworkStep => {
  const { sessionTimeoutMs } = times
  const host = draw.chance(0.75)
    ? memberHost(draw.int(0, members - 1))
    : hostOf(draw.int(1, brokers))
  switch (draw.weighted(KINDS)) {
    case 'cut': {
      const way = draw.weighted(WAYS)
      return { do: 'cut', host, way, forMs: draw.part(sessionTimeoutMs, 0.1, 1.8) }
    }
    case 'lossy': {
      const rate = draw.pick([0.05, 0.15, 0.3])
      return { do: 'lossy', host, rate, forMs: draw.part(sessionTimeoutMs, 0.3, 2) }
    }
    case 'slow': {
      const maxMs = draw.pick([200, 1_000, 5_000])
      return { do: 'slow', host, maxMs, forMs: draw.part(sessionTimeoutMs, 0.3, 2) }
    }
    case 'reset':
      return { do: 'reset', host, midFrame: draw.chance(0.5) }
    case 'silence':
      return { do: 'silence', host }
  }
}

const KINDS = [
  [5, 'cut'],
  [2, 'lossy'],
  [3, 'slow'],
  [2, 'reset'],
  [2, 'silence'],
] as const
const WAYS = [
  [3, 'both'],
  [1, 'to'],
  [1, 'from'],
] as const
