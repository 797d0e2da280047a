/**
 * What real clocks give and a model without a clock has to be told. Each assumption keeps a timer
 * of the coordinator from firing where it could not fire in time; one that is switched off lets it
 * fire there, as a fault.
 */
export interface Assumptions {
  /**
   * A1, clocks: both sides count a session at the same rate. So the coordinator's session timer of
   * a member that runs fires only when the member has heard nothing for a session itself (and has
   * fenced itself by then), or when its timer started before the member's own did.
   */
  readonly clocksAgree: boolean
  /**
   * A2, hand-over: drain, commit and callback end before the rebalance timeout, unless the member
   * crashed or is cut off for longer than a session.
   */
  readonly handOversEnd: boolean
  /**
   * A3, joining: a member that holds partitions does not wait for a lost JoinGroup or SyncGroup
   * until the coordinator's rebalance timeout, while its heartbeats are answered.
   */
  readonly lostCallsAreNoticed: boolean
  /**
   * A4, order: a JoinGroup or SyncGroup that its sender gave up does not arrive after a later one
   * of the same member. Nothing tells an old JoinGroup from a new one: it would count as a rejoin.
   * A SyncGroup has its generation, which a restarted coordinator may give out again.
   */
  readonly callsStayInOrder: boolean
}

export const allAssumptions: Assumptions = {
  clocksAgree: true,
  handOversEnd: true,
  lostCallsAreNoticed: true,
  callsStayInOrder: true,
}
