/** How the network is at a host, in one direction: out of it, or into it. */
export class HostSide {
  readonly #unblocked = new Set<() => void>()
  #isBlocked = false
  /** Of packets. A stream loses nothing by it: what is lost comes later. */
  lossRate = 0
  /** Each packet takes up to this much longer. */
  extraMs = 0

  get isBlocked(): boolean {
    return this.#isBlocked
  }

  block(): void {
    this.#isBlocked = true
  }

  unblock(): void {
    if (!this.#isBlocked) return
    this.#isBlocked = false
    for (const resume of [...this.#unblocked]) resume()
  }

  calm(): void {
    this.lossRate = 0
    this.extraMs = 0
  }

  /** Called at each end of a blockade. Returns the way out. */
  whenUnblocked(resume: () => void): () => void {
    this.#unblocked.add(resume)
    return () => this.#unblocked.delete(resume)
  }
}
