import type { Mutant } from '../mutant.js'

/** Each takes away one thing that everything rests on. */
export const brokenOnPurpose: readonly Mutant[] = [
  {
    name: 'commit-before-processing',
    bug: 'on purpose',
    what: 'records count as done when they are handed out',
    isShrunk: true,
    patches: [
      {
        file: 'consumer/partition-slot.ts',
        from: 'if (count > 0) this.outstanding = this.offsets.position\n',
        to:
          'if (count > 0) this.outstanding = this.offsets.position\n' +
          '    if (count > 0) this.offsets.done = this.offsets.position\n',
      },
    ],
  },
  {
    name: 'skip-fencing',
    bug: 'on purpose',
    what: 'the coordinator takes commits under any generation, from anybody',
    isShrunk: true,
    patches: [
      {
        file: 'machines/group-coordinator/refusals.ts',
        from: '  const refusal = identityRefusal(context, request.memberId, request.groupInstanceId)\n',
        to:
          "  if (request.type === 'offsets.commit') return null\n" +
          '  const refusal = identityRefusal(context, request.memberId, request.groupInstanceId)\n',
      },
    ],
  },
  {
    name: 'no-wait-for-revoke',
    bug: 'on purpose',
    what: 'partitions go while `onPartitionsRevoked` still runs',
    isShrunk: true,
    patches: [
      {
        file: 'consumer/ownership.ts',
        from: `    return Effect.map(
      callbacks.call('onPartitionsRevoked', () => takeAnnounced(slots)),
      () => {`,
        to: `    const told = callbacks.call('onPartitionsRevoked', () => takeAnnounced(slots))
    return Effect.map(
      Effect.sync(() => this.#parts.runtime.run(told)),
      () => {`,
      },
    ],
  },
  {
    name: 'no-wait-for-records-in-hand',
    bug: 'on purpose',
    what: 'a revoke does not wait for the records in hand',
    isShrunk: true,
    patches: [
      {
        file: 'consumer/ownership.ts',
        from: 'return delivery.drain(partitions, config.drainTimeoutMs)',
        to: 'return delivery.drain(partitions, Math.min(1, config.drainTimeoutMs))',
      },
    ],
  },
]
