import { type PartitionMachine, partitionMachine } from '../machines/partition/partition-machine.js'
import { type ChartHost, HostedChart } from '../runtime/hosted-chart.js'

export interface PartitionHost extends ChartHost {
  readonly onIgnored: (event: string, state: string) => void
}

/** The partition chart: it has no I/O of its own. */
export const hostPartition = (
  chart: PartitionMachine,
): HostedChart<PartitionMachine, PartitionHost> =>
  new HostedChart(chart, (machine, { host }) =>
    machine.provide({
      actions: {
        recordIgnored: ({ event, self }) =>
          host(self).onIgnored(event.type, `${self.id}: ${self.getSnapshot().value}`),
      },
    }),
  )

export const partitionChart = hostPartition(partitionMachine)
