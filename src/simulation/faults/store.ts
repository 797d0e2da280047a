import type { Draw } from '../plan/draw.js'
import type { Scene } from '../plan/draw-plan.js'
import type { StoreStep } from '../plan/step.js'
import type { World } from '../world.js'

export const performStore = (world: World, step: StoreStep): void => {
  const { store } = world.cluster
  if (step.do === 'slowStore') {
    const { maxMs } = world.plan.commitLatency
    store.times.maxMs = step.maxMs
    world.undoAfter(step.forMs, () => {
      store.times.maxMs = maxMs
    })
    return
  }
  store.failNextCommit(step.why)
  // Somebody mends the disk and starts the broker again.
  world.undoAfter(step.downMs, () => {
    world.crashBroker('kill')
    store.repair()
    world.startBroker()
  })
}

export const drawStore = (draw: Draw, { times }: Scene): StoreStep => {
  if (draw.chance(0.6)) {
    const maxMs = draw.pick([50, 500, 3_000])
    return { do: 'slowStore', maxMs, forMs: draw.int(2_000, 20_000) }
  }
  return {
    do: 'breakStore',
    why: draw.pick(['EIO', 'ENOSPC', 'fsync'] as const),
    downMs: draw.part(times.sessionTimeoutMs, 0.2, 1.2),
  }
}
