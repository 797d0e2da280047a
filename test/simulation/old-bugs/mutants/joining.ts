import type { Mutant } from '../mutant.js'

/** Bugs of the way in: JoinGroup, its retries, and who the member is meanwhile. */
export const joiningMutants: readonly Mutant[] = [
  {
    name: 'KAFKA-8104',
    bug: 'KAFKA-8104',
    what: 'late news clear the generation of a join under way, which completes with nothing',
    patches: [
      {
        file: 'machines/member/states/syncing.ts',
        from: `    'member.unknown': {
      guard: 'concernsThisGeneration',
      target: 'fenced',
      actions: ['takeCause', 'forgetMembership'],
    },`,
        to: "    'member.unknown': { actions: ['takeCause', 'forgetMembership'] },",
      },
    ],
  },
  {
    name: 'KAFKA-9140',
    bug: 'KAFKA-9140',
    what: 'a join that got no answer counts as under way: the next one is never sent',
    patches: [
      {
        file: 'consumer/group/join.ts',
        from: '    const result = yield* client.request(',
        to: `    if (underWay.has(client)) return yield* Effect.never
    underWay.add(client)
    const result = yield* client.request(`,
      },
      {
        file: 'consumer/group/join.ts',
        from: '    if (Result.isSuccess(result)) {\n',
        to: '    if (Result.isSuccess(result)) {\n      underWay.delete(client)\n',
      },
      {
        file: 'consumer/group/join.ts',
        from: 'export type JoinedMembers =',
        to: 'const underWay = new WeakSet<GroupClient>()\n\nexport type JoinedMembers =',
      },
    ],
  },
  {
    name: 'KAFKA-7610',
    bug: 'KAFKA-7610, KAFKA-9752',
    what: 'a new member needs no id of its own: a JoinGroup sent again is one more member',
    patches: [
      {
        file: 'machines/group-coordinator/guards.ts',
        from:
          "    (_, join) => join.memberId === '' && " +
          'join.groupInstanceId === null && join.requireKnownMemberId,',
        to: "    (_, join) => join.memberId === 'nobody',",
      },
    ],
  },
  {
    name: 'KAFKA-13214',
    bug: 'KAFKA-13214',
    what: 'a request that fails in a rebalance costs the member its id',
    patches: [
      {
        file: 'machines/member/assigns.ts',
        from: '    attempt: context.attempt + 1,\n',
        to: "    attempt: context.attempt + 1,\n    memberId: '',\n    generation: -1,\n",
      },
    ],
  },
  {
    name: 'KAFKA-13419',
    bug: 'KAFKA-13419, KAFKA-14639',
    what: 'who missed a generation rejoins with what it held before, and its claim counts',
    isInTable: true,
    patches: [
      {
        file: 'machines/member/states/joining.ts',
        from: "        { guard: 'holdsPartitions', target: '#member.fenced' },\n",
        to: '',
      },
      {
        file: 'machines/member/states/joining.ts',
        from: `    'member.unknown': {
      guard: 'isForgottenWithPartitions',
      target: 'fenced',
      actions: ['takeCause', 'forgetMembership'],
    },`,
        to: "    'member.unknown': {},",
      },
      {
        file: 'machines/member/states/joining.ts',
        from:
          "    'session.expired': { guard: 'holdsPartitions', " +
          "target: 'fenced', actions: 'takeCause' },\n",
        to: "    'session.expired': {},\n",
      },
      {
        file: 'assignors/claims.ts',
        from: 'generation > generationOf[p]!',
        to: 'generation < generationOf[p]!',
      },
    ],
  },
]
