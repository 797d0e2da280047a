import type { Plan } from './plan.js'

/**
 * How long a group may take from the last fault to stable (invariant 22): session timeout, twice
 * the rebalance timeout, initial delay, two heartbeats; and what a request may take that was under
 * way when the fault ended, and messages.
 */
export const convergenceMs = ({ times }: Pick<Plan, 'times'>): number =>
  times.sessionTimeoutMs +
  2 * times.rebalanceTimeoutMs +
  times.initialRebalanceDelayMs +
  2 * times.heartbeatIntervalMs +
  times.requestTimeoutMs +
  2_000
