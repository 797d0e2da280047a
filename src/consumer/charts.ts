import { memberChart } from './member-host.js'
import { partitionChart } from './partition-host.js'

/** The statecharts that a consumer runs by. */
export interface ConsumerCharts {
  readonly member: typeof memberChart
  readonly partition: typeof partitionChart
}

export const consumerCharts: ConsumerCharts = { member: memberChart, partition: partitionChart }
