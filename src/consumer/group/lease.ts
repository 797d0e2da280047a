import type { Clock } from '../../runtime/clock.js'

export interface LeaseTimes {
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
}

/**
 * How long a member may count on what it holds. The coordinator gives a member's partitions away
 * when it has heard nothing for the session timeout, or when the member did not rejoin within the
 * rebalance timeout. A silent coordinator may have done either, so silence counts as a loss after
 * the shorter of the two. One that goes on answering REBALANCE_IN_PROGRESS may not have received
 * our JoinGroup, and one that is content with each heartbeat may not have received our SyncGroup:
 * from the rebalance timeout on nothing is handed out until that is answered.
 *
 * All times are those of sending, on the runtime's elapsed clock: the coordinator's own timers
 * began no earlier.
 */
export class Lease {
  readonly #clock: Clock
  readonly #times: LeaseTimes
  #contact = Number.NEGATIVE_INFINITY
  #calm = Number.NEGATIVE_INFINITY
  /** The generation that JoinGroup was last answered with. */
  #joined = -1

  constructor(clock: Clock, times: LeaseTimes) {
    this.#clock = clock
    this.#times = times
  }

  /** When the last request was sent that the coordinator answered as to its member. */
  get heardAt(): number {
    return this.#contact
  }

  /** How long silence may last. */
  get durationMs(): number {
    return Math.min(this.#times.sessionTimeoutMs, this.#times.rebalanceTimeoutMs)
  }

  /** Until silence counts as a loss; 0 or less when it does. */
  get expiresInMs(): number {
    return this.#contact + this.durationMs - this.#clock.elapsed()
  }

  /** The coordinator cannot have given this member's partitions away. */
  get isSure(): boolean {
    const calmMs = this.#clock.elapsed() - this.#calm
    return this.expiresInMs > 0 && calmMs < this.#times.rebalanceTimeoutMs
  }

  /** Asked at that time, the coordinator answered as to a member of a group at rest. */
  confirm(askedAt: number): void {
    this.#contact = Math.max(this.#contact, askedAt)
    this.#calm = Math.max(this.#calm, askedAt)
  }

  /** It answered as to a member, in a group that rebalances; or that waits for our SyncGroup. */
  confirmInRebalance(askedAt: number): void {
    this.#contact = Math.max(this.#contact, askedAt)
  }

  /**
   * JoinGroup was answered: whatever was answered before came earlier than the rebalance's end. Not
   * so if it was answered before, for the same generation: the coordinator has been waiting for our
   * SyncGroup since then.
   */
  confirmJoined(generation: number, heardAt: number | 'uncounted'): void {
    if (heardAt !== 'uncounted') this.#contact = Math.max(this.#contact, heardAt)
    if (generation !== this.#joined) this.#calm = Math.max(this.#calm, this.#contact)
    this.#joined = generation
  }
}
