import {
  type ClockStep,
  type CoordinatorStep,
  type Deed,
  type FaultClass,
  faultClassOf,
  type NetworkStep,
  type ProcessStep,
  type ProtocolStep,
  type SchedulingStep,
  type StoreStep,
  type WorkloadStep,
} from '../plan/step.js'
import { performWorkload } from '../workload/perform-workload.js'
import type { World } from '../world.js'
import { performClock } from './clock.js'
import { performCoordinator } from './coordinator.js'
import { performNetwork } from './network.js'
import { performProcess } from './process.js'
import { performProtocol } from './protocol.js'
import { performScheduling } from './scheduling.js'
import { performStore } from './store.js'

/** Does what a step says, as far as it can be done now. */
export const perform = (world: World, deed: Deed): void => {
  const faultClass = faultClassOf(deed)
  if (faultClass === undefined) {
    performWorkload(world, deed as WorkloadStep)
    return
  }
  const { afterMs: _, ...step } = deed as Deed & { readonly afterMs?: number }
  world.tell({ fact: 'fault', step })
  performers[faultClass](world, deed as never)
}

interface StepsOf {
  readonly network: NetworkStep
  readonly process: ProcessStep
  readonly clock: ClockStep
  readonly store: StoreStep
  readonly scheduling: SchedulingStep
  readonly coordinator: CoordinatorStep
  readonly protocol: ProtocolStep
}

const performers: { readonly [C in FaultClass]: (world: World, step: StepsOf[C]) => void } = {
  network: performNetwork,
  process: performProcess,
  clock: performClock,
  store: performStore,
  scheduling: performScheduling,
  coordinator: performCoordinator,
  protocol: performProtocol,
}
