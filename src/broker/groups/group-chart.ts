import type * as Effect from 'effect/Effect'
import type { PersistOutcome } from '../../machines/group-coordinator/events.js'
import {
  type GroupCoordinatorMachine,
  groupCoordinatorMachine,
} from '../../machines/group-coordinator/group-coordinator-machine.js'
import type { StoredGroup } from '../../machines/group-coordinator/stored-group.js'
import type { EffectArgs } from '../../runtime/from-effect.js'
import { type ChartHost, HostedChart } from '../../runtime/hosted-chart.js'

export interface GroupChartHost extends ChartHost {
  /** Makes the group durable; a failure is an outcome. */
  readonly persist: (group: StoredGroup) => Effect.Effect<PersistOutcome>
}

export const hostGroup = (
  chart: GroupCoordinatorMachine,
): HostedChart<GroupCoordinatorMachine, GroupChartHost> =>
  new HostedChart(
    chart,
    (machine, { effect }) =>
      machine.provide({
        actors: {
          persistGroup: effect(({ persist }, { input }: EffectArgs<StoredGroup>) => persist(input)),
        },
      }) as GroupCoordinatorMachine,
  )

export const groupChart = hostGroup(groupCoordinatorMachine)
