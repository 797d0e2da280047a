import type { Frame } from '../../../../src/domain/trace.js'
import type { Scenario } from '../scenario.js'
import { answer, cooperative, scriptOf, start, wait } from '../script.js'
import { causesOf, deliversBetween, factsOf, namesOf, requests, staysIn, stepped } from '../seen.js'

const { times } = scriptOf([[0, wait]])

export const syncingScenarios: readonly Scenario[] = [
  {
    bug: 'KAFKA-12890',
    name: 'a member that heartbeats and whose SyncGroup never comes is dropped in time',
    plan: scriptOf(
      [
        [0, start(0)],
        [0, start(1)],
        [9, answer('SyncGroup', { with: 'lose', member: 1 })],
        [10, start(2)],
        // It hears of its end later than the others, and records come meanwhile.
        [31, answer('Heartbeat', { with: 'delay', ms: 2_500, member: 1 })],
        [60, wait],
      ],
      cooperative,
    ),
    happened: {
      'it was dropped, for it did not sync': (frames) =>
        causesOf(frames).includes('did not sync in time'),
      'it heartbeat all the time': (frames) => {
        const [stay] = staysIn(frames, 'member-1.2', 'syncing.requesting').filter(
          ({ since, until }) => until - since > 10_000,
        )
        if (stay === undefined) return false
        const sent = requests(frames, 'member-1.2', 'Heartbeat')
        return sent.filter(({ t }) => t > stay.since && t < stay.until).length >= 3
      },
    },
    breaksUnder: ['KAFKA-12890', 'unsynced-lease'],
  },
  {
    bug: 'KAFKA-14382',
    name: 'a follow-up rebalance that comes before the sync is joined once',
    plan: scriptOf(
      [
        [0, start(0)],
        [0, start(1)],
        [9, answer('Metadata', { with: 'delay', ms: 4_000, times: 2, member: 0 })],
        [10, start(2)],
        [14, start(3)],
        [40, wait],
      ],
      cooperative,
    ),
    happened: {
      'SyncGroup was under way when the next rebalance began': stepped(
        'member-1.2',
        'syncGroup: rebalancing',
        'syncing.requesting',
        'joining',
      ),
      'it ended': (frames) => deliversBetween(frames, 'member-1.2', 25_000),
    },
    breaksUnder: ['KAFKA-14382'],
  },
  {
    bug: 'kafkajs #1720',
    name: 'the first consumer resumes when others have started, and the group comes to rest',
    plan: scriptOf([
      [0, start(0)],
      [10, start(1)],
      [20, start(2)],
      [40, wait],
    ]),
    happened: {
      'its fetches were under way when the rebalances began': (frames) =>
        staysIn(frames, 'member-0.1', 'rebalancing').filter(({ since }) =>
          isFetching(frames, 'member-0.1', since),
        ).length >= 2,
      'it resumed': (frames) => deliversBetween(frames, 'member-0.1', 30_000, 41_000),
      'each start cost one rebalance': (frames) =>
        factsOf(frames, 'rebalanced').filter(({ t }) => t < 40_000).length === 3,
    },
    breaksUnder: ['kafkajs-1720'],
  },
  {
    bug: '@platformatic/kafka #370',
    name: 'auto-commit rests during a rebalance, and the member joins once',
    plan: scriptOf(
      [
        [0, start(0)],
        [0, start(1)],
        [9.5, { do: 'freeze', member: 1, forMs: 8_000 }],
        [10, start(2)],
        [40, wait],
      ],
      { ...cooperative, times: { ...times, autoCommitIntervalMs: 1_000 } },
    ),
    happened: {
      'work was done and not committed while JoinGroup was parked': (frames) => {
        const [stay] = staysIn(frames, 'member-0.1', 'joining').filter(
          ({ since, until }) => until - since > 3_000,
        )
        return stay !== undefined && deliversBetween(frames, 'member-0.1', stay.since, stay.until)
      },
      'it joined once in that time': (frames) => {
        const sent = requests(frames, 'member-0.1', 'JoinGroup')
        return sent.filter(({ t }) => t > 10_000 && t < 17_500).length === 1
      },
    },
    breaksUnder: ['platformatic-370'],
  },
  {
    bug: 'a rebalance longer than the session',
    name: 'a rebalance that lasts longer than the session does not fence who waits in it',
    plan: scriptOf(
      [
        [0, start(0)],
        [0, start(1)],
        [8, { do: 'slowWork', member: 1, ms: 15_000 }],
        [9, start(2)],
        [45, wait],
      ],
      { times: { ...times, rebalanceTimeoutMs: 40_000, drainTimeoutMs: 18_000 } },
    ),
    happened: {
      'a member waited for longer than its session': (frames) =>
        staysIn(frames, 'member-0.1', 'joining.requesting').some(
          ({ since, until }) => until - since > times.sessionTimeoutMs,
        ),
      'it was not fenced and is the same member': (frames) =>
        staysIn(frames, 'member-0.1', 'fenced').length === 0 &&
        namesOf(frames, 'member-0.1').length === 1,
    },
    breaksUnder: [],
  },
]

/** A Fetch was sent and not yet answered at that moment. */
const isFetching = (frames: readonly Frame[], process: string, at: number): boolean => {
  const count = (way: 'send' | 'receive'): number =>
    frames.filter(
      (frame) =>
        frame.kind === 'message' &&
        frame.process === process &&
        frame.api === 'Fetch' &&
        frame.way === way &&
        frame.t < at,
    ).length
  return count('send') > count('receive')
}
