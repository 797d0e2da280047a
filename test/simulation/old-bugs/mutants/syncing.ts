import type { Mutant } from '../mutant.js'

/** Bugs between JoinGroup's answer and the assignment. */
export const syncingMutants: readonly Mutant[] = [
  {
    name: 'KAFKA-12890',
    bug: 'KAFKA-12890',
    what: 'the coordinator waits for ever for a member that heartbeats and never syncs',
    patches: [
      {
        file: 'machines/group-coordinator/sync-steps.ts',
        from: '  draft.startSyncTimer(rebalanceTimeoutMs(draft.context))\n',
        to: '  if (members.size < 0) draft.startSyncTimer(rebalanceTimeoutMs(draft.context))\n',
      },
      {
        file: 'consumer/group/sync.ts',
        from: '      config.rebalanceTimeoutMs + config.requestTimeoutMs,',
        to: '      3_600_000,',
      },
    ],
  },
  {
    name: 'KAFKA-14382',
    bug: 'KAFKA-14382',
    what: 'a sync that a follow-up rebalance overtook is sent again and again, the join is not',
    isInTable: true,
    patches: [
      {
        file: 'machines/member/states/syncing.ts',
        from: "          { guard: 'isRebalancing', target: '#member.joining' },",
        to: "          { guard: 'isRebalancing', target: 'requesting', reenter: true },",
      },
    ],
  },
  {
    name: 'kafkajs-1720',
    bug: 'kafkajs #1720',
    what: 'a fetch under way in a rebalance keeps its place: the first consumer never resumes',
    patches: [
      {
        file: 'consumer/fetcher.ts',
        from: '        this.#end(nodeId, underWay)\n',
        to: '        if (slots.some(({ isOpen }) => isOpen)) this.#end(nodeId, underWay)\n',
      },
    ],
  },
  {
    name: 'platformatic-370',
    bug: '@platformatic/kafka #370',
    what: 'auto-commit goes on in a rebalance, and REBALANCE_IN_PROGRESS is a reason for another one',
    patches: [
      {
        file: 'consumer/committer.ts',
        from: 'if (wanted.length === 0 || !membership.canCommit()) {',
        to: 'if (wanted.length === 0) {',
      },
      {
        file: 'machines/member/states/syncing.ts',
        from: `    'group.rebalancing': {},
    'member.unknown': {`,
        to: `    'group.rebalancing': { actions: 'keepCauseForLater' },
    'member.unknown': {`,
      },
      {
        file: 'machines/member/states/joining.ts',
        from: "    'group.rebalancing': {},\n",
        to: "    'group.rebalancing': { actions: 'keepCauseForLater' },\n",
      },
    ],
  },
  {
    name: 'unsynced-lease',
    bug: 'ours',
    what: 'heartbeats count as proof of ownership while SyncGroup is under way',
    isForScenarioOnly: true,
    patches: [
      {
        file: 'consumer/group/heartbeat.ts',
        from: 'if (client.lastGeneration === identity.generation) lease.confirm(sentAt)',
        to: 'if (client.lastGeneration <= identity.generation) lease.confirm(sentAt)',
      },
    ],
  },
]
