import type { Mutant } from '../mutant.js'

/** Bugs of fetching and handing out. */
export const readingMutants: readonly Mutant[] = [
  {
    name: 'librdkafka-2933',
    bug: 'librdkafka #2933, #4059',
    what: 'a commit that spans a rebalance keeps the new partitions from being fetched',
    patches: [
      {
        file: 'consumer/committer.ts',
        from: '  commits = 0\n',
        to: '  commits = 0\n  waiting = 0\n',
      },
      {
        file: 'consumer/committer.ts',
        from: '    return Effect.timeoutOrElse(catchThrown(loop), {',
        to: `    this.waiting++
    const counted = Effect.ensuring(
      catchThrown(loop),
      Effect.sync(() => this.waiting--),
    )
    return Effect.timeoutOrElse(counted, {`,
      },
      {
        file: 'consumer/ownership.ts',
        from: '      tasks.run(positions.resolve(open))\n',
        to:
          '      if (this.#parts.committer.waiting === 0) ' +
          'tasks.run(positions.resolve(open))\n',
      },
    ],
  },
  {
    name: 'librdkafka-3340-batch',
    bug: 'librdkafka #3340',
    what: 'a batch in hand goes on to deliver records of a revoked partition',
    patches: [
      {
        file: 'consumer/partition-slot.ts',
        from: "return this.isOpen && !this.buffer.isEmpty && this.state === 'buffered'",
        to: "return !this.buffer.isEmpty && this.state !== 'paused'",
      },
      {
        file: 'consumer/partition-slot.ts',
        from: '    this.isOpen = false\n    this.buffer.clear()\n',
        to: '    this.isOpen = false\n',
      },
      {
        file: 'consumer/delivery.ts',
        from: '    if (this.#current === slot) this.#current = undefined\n',
        to: '',
      },
    ],
  },
  {
    name: 'confluent-476',
    bug: 'confluent-kafka-javascript #476',
    what: 'a partition whose fetch failed is never fetched again, while heartbeats go on',
    patches: [
      {
        file: 'consumer/fetcher.ts',
        from: '    for (const slot of slots) slot.retryAt = retryAt\n',
        to: '    for (const slot of slots) slot.retryAt = retryAt + 3_600_000\n',
      },
    ],
  },
]
