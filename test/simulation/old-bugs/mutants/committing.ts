import type { Mutant } from '../mutant.js'

/** Bugs of offsets: when they are committed, for what, and how long they are kept. */
export const committingMutants: readonly Mutant[] = [
  {
    name: 'KAFKA-14024',
    bug: 'KAFKA-14024',
    what: 'the commit before a hand-over is tried until it succeeds, however long that takes',
    patches: [
      {
        file: 'consumer/committer.ts',
        from:
          "          if (outcome.tag !== 'unavailable' || clock.elapsed() + RETRY_MS >= deadline)\n" +
          '            return outcome\n',
        to: "          if (outcome.tag === 'committed') return outcome\n",
      },
      {
        file: 'consumer/ownership.ts',
        from: 'const timeoutMs = Math.ceil(config.rebalanceTimeoutMs / 4)',
        to: 'const timeoutMs = 3_600_000',
      },
    ],
  },
  {
    name: 'KAFKA-14196',
    bug: 'KAFKA-14196',
    what: 'records are still handed out while the commit before the revoke is under way',
    patches: [
      {
        file: 'consumer/ownership.ts',
        from: `      for (const slot of this.#slotsOf(partitions)) {
        slot.shut()
        slot.send({ type: 'revoke' })
      }
`,
        to: '',
      },
    ],
  },
  {
    name: 'KAFKA-4682',
    bug: 'KAFKA-4682, KAFKA-13636',
    what: 'offsets that were not committed anew for 30 s are gone, whoever is in the group',
    patches: [
      {
        file: 'broker/groups/handlers/offset-fetch.ts',
        from: 'offsetOf(partition, loadOffset(store, groupId, name, partition)),',
        to: 'offsetOf(partition, kept(loadOffset(store, groupId, name, partition), runtime)),',
      },
      {
        file: 'broker/groups/handlers/offset-fetch.ts',
        from: '  { registry, store }: GroupsParts,',
        to: '  { registry, store, runtime }: GroupsParts,',
      },
      {
        file: 'broker/groups/handlers/offset-fetch.ts',
        from: 'const byTopic = ',
        to: `const kept = (
  stored: StoredOffset | undefined,
  { clock }: GroupsParts['runtime'],
): StoredOffset | undefined =>
  stored !== undefined && clock.now() - stored.committedAtMs > 30_000 ? undefined : stored

const byTopic = `,
      },
    ],
  },
  {
    name: 'KAFKA-16371',
    bug: 'KAFKA-16371',
    what: 'a commit that is invalid in part leaves the invalid offsets behind',
    patches: [
      {
        file: 'broker/groups/handlers/offset-commit.ts',
        from: '      .filter(({ partitionIndex }) => !refusals.has(keyOf(topic, partitionIndex)))\n',
        to: '      .filter(() => refusals.size >= 0)\n',
      },
    ],
  },
  {
    name: 'librdkafka-3340-offset',
    bug: 'librdkafka #3340',
    what: 'an offset is committed after its partition was revoked, and rewinds the commit',
    patches: [
      {
        file: 'consumer/committer.ts',
        from: '    for (const { keys, giveUp } of [...this.#underWay]) if (keys.has(slot.key)) giveUp()\n',
        to: '',
      },
      {
        file: 'consumer/committer.ts',
        from: '    return Effect.flatMap(\n      this.commit(() => this.pending(slots.values())),',
        to:
          '    const stored = this.pending(slots.values())\n' +
          '    return Effect.flatMap(\n      this.commit(() => stored),',
      },
      {
        file: 'consumer/committer.ts',
        from: '      this.#requireOwned(offsets, holders)\n',
        to: '      if (holders.size < 0) this.#requireOwned(offsets, holders)\n',
      },
    ],
  },
  {
    name: 'franz-go-650',
    bug: 'franz-go #650',
    what: 'a caller that gives up takes the shared coordinator look-up with it',
    patches: [
      {
        file: 'transport/cluster/single-flight.ts',
        from: 'return Effect.sync(fiber.addObserver((exit) => resume(this.#settled(exit))))',
        to: `const leave = fiber.addObserver((exit) => resume(this.#settled(exit)))
      return Effect.sync(() => {
        leave()
        fiber.interruptUnsafe()
      })`,
      },
    ],
  },
]
