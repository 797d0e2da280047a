interface Generation {
  open: number
  readonly waiters: Set<() => void>
}

/**
 * Counts calls that have not settled, in generations: a flush waits for those before it and not
 * for those that come while it waits. Costs two additions a call.
 */
export class Outstanding {
  readonly #onNone: () => void
  /** Oldest first; the last one takes new calls. */
  readonly #generations: Generation[] = [{ open: 0, waiters: new Set() }]
  count = 0

  constructor(onNone: () => void) {
    this.#onNone = onNone
  }

  /** Whether somebody waits for calls that are open. */
  get isAwaited(): boolean {
    return this.#generations.length > 1
  }

  /** To be called when the call has settled. */
  enter(): () => void {
    const generation = this.#generations.at(-1)!
    generation.open += 1
    this.count += 1
    return () => {
      generation.open -= 1
      this.count -= 1
      if (generation.open === 0) this.#advance()
      if (this.count === 0) this.#onNone()
    }
  }

  /** Returns how to stop waiting. */
  whenAllSettled(settled: () => void): () => void {
    if (this.count === 0) {
      settled()
      return () => {}
    }
    const last = this.#generations.at(-1)!
    last.waiters.add(settled)
    this.#generations.push({ open: 0, waiters: new Set() })
    return () => last.waiters.delete(settled)
  }

  #advance(): void {
    while (this.#generations.length > 1 && this.#generations[0]!.open === 0) {
      const { waiters } = this.#generations.shift()!
      for (const settled of waiters) settled()
    }
  }
}
