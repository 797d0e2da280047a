import type { Draw } from '../plan/draw.js'
import type { Scene } from '../plan/draw-plan.js'
import type { FaultClass, FaultStep } from '../plan/step.js'
import { drawClock } from './clock.js'
import { drawCoordinator } from './coordinator.js'
import { drawNetwork } from './network.js'
import { drawProcess } from './process.js'
import { drawProtocol } from './protocol.js'
import { drawScheduling } from './scheduling.js'
import { drawStore } from './store.js'

/** A fault of each class, drawn for a scene. */
export const faultDraws: Readonly<Record<FaultClass, (draw: Draw, scene: Scene) => FaultStep>> = {
  network: drawNetwork,
  process: drawProcess,
  clock: drawClock,
  store: drawStore,
  scheduling: drawScheduling,
  coordinator: drawCoordinator,
  protocol: drawProtocol,
}
