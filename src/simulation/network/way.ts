import type { HostSide } from './host-side.js'

/** The first retransmission of a lost packet comes after this long; each further one doubles it. */
const RETRANSMISSION_MS = 200
const MOST_RETRANSMISSIONS = 6

export interface Latency {
  readonly minMs: number
  readonly maxMs: number
}

/** The way from one host to another: what holds at the one end and at the other, and a latency. */
export class Way {
  readonly #random: () => number
  readonly #latency: Latency
  readonly #out: HostSide
  readonly #in: HostSide

  constructor(random: () => number, latency: Latency, out: HostSide, into: HostSide) {
    this.#random = random
    this.#latency = latency
    this.#out = out
    this.#in = into
  }

  get isBlocked(): boolean {
    return this.#out.isBlocked || this.#in.isBlocked
  }

  /** Called when packets get through again. Returns the way out. */
  whenUnblocked(resume: () => void): () => void {
    const check = (): void => {
      if (!this.isBlocked) resume()
    }
    const leaveOut = this.#out.whenUnblocked(check)
    const leaveIn = this.#in.whenUnblocked(check)
    return () => {
      leaveOut()
      leaveIn()
    }
  }

  /** How long one packet takes. */
  delay(): number {
    const { minMs, maxMs } = this.#latency
    const extraMs = this.#out.extraMs + this.#in.extraMs
    let total = minMs + this.#random() * (maxMs - minMs + extraMs)
    const lossRate = Math.max(this.#out.lossRate, this.#in.lossRate)
    for (let lost = 0; lossRate > 0 && lost < MOST_RETRANSMISSIONS; lost++) {
      if (this.#random() >= lossRate) break
      total += RETRANSMISSION_MS * 2 ** lost
    }
    return total
  }

  /** After a blockade the sender tries again at its next retransmission. */
  resumption(): number {
    return this.#random() * 2 * RETRANSMISSION_MS
  }
}
