import type { GroupState } from './group-host.js'

/** What Kafka's tools print, and filter by. */
const names: Readonly<Record<GroupState, string>> = {
  empty: 'Empty',
  preparingRebalance: 'PreparingRebalance',
  completingRebalance: 'CompletingRebalance',
  stable: 'Stable',
  dead: 'Dead',
}

export const kafkaGroupState = (state: GroupState): string => names[state]
