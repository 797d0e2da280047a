/** What set a rebalance off, as the coordinator itself saw it. */
export type RebalanceWhat =
  | 'member joined'
  | 'member left'
  | 'session timed out'
  | 'subscription changed'
  | 'leader rejoined'
  | 'member rejoined'
  | 'static member returned'
  | 'did not rejoin in time'
  | 'did not sync in time'
  | 'assignment not stored'
  | 'group over capacity'

export interface RebalanceCause {
  readonly what: RebalanceWhat
  readonly memberId: string
  readonly clientId: string
  /** What the member itself gave: JoinGroup v8 and LeaveGroup v5 carry it (KIP-800). */
  readonly reason?: string
}

/** Every cause since the last completed rebalance, first the one that set it off. */
export interface RebalanceCauses {
  readonly list: readonly RebalanceCause[]
  /** Causes beyond the first hundred are only counted. */
  readonly omitted: number
}

export interface LastRebalance {
  readonly generation: number
  readonly cause: readonly RebalanceCause[]
  readonly omittedCauses: number
}

const MOST_KEPT = 100

export const noCauses: RebalanceCauses = { list: [], omitted: 0 }

export const withCause = (causes: RebalanceCauses, cause: RebalanceCause): RebalanceCauses =>
  causes.list.length < MOST_KEPT
    ? { list: [...causes.list, cause], omitted: causes.omitted }
    : { list: causes.list, omitted: causes.omitted + 1 }
