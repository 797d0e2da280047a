import type { Scenario } from '../scenario.js'
import { answer, cooperative, produce, scriptOf, start, wait } from '../script.js'
import { deliversBetween, factsOf, requests, staysIn, stepsOf } from '../seen.js'

export const readingScenarios: readonly Scenario[] = [
  {
    bug: 'librdkafka #2933, #4059',
    name: 'a commit that spans a rebalance does not keep the new partitions from being read',
    plan: scriptOf(
      [
        [0, start(0)],
        [0, start(1)],
        [9, answer('JoinGroup', { with: 'delay', ms: 4_500, member: 0 })],
        [10, { do: 'stop', member: 1 }],
        [13.5, { do: 'commit', member: 0 }],
        [40, wait],
      ],
      { ...cooperative, member: { style: 'commit' } },
    ),
    happened: {
      'the commit was asked for while JoinGroup was under way': (frames) =>
        staysIn(frames, 'member-0.1', 'joining').some(
          ({ since, until }) => since < 13_500 && until > 13_500,
        ),
      'it was sent after the rebalance': (frames) => {
        const stay = staysIn(frames, 'member-0.1', 'joining').find(({ until }) => until > 13_500)
        return factsOf(frames, 'commit.sent').some(
          ({ process, t }) => process === 'member-0.1' && t > (stay?.until ?? t),
        )
      },
      'it reads on': (frames) => deliversBetween(frames, 'member-0.1', 25_000, 41_000),
    },
    breaksUnder: ['librdkafka-2933'],
  },
  {
    bug: 'librdkafka #3340',
    name: 'records that were fetched and not handed out are not handed out after a revoke',
    plan: scriptOf(
      [
        [0, start(0)],
        [9, produce(400)],
        [10, start(1)],
        [40, wait],
      ],
      { member: { style: 'iterate', maxWorkMs: 20 } },
    ),
    happened: {
      'records waited when the revoke began': (frames) => {
        const [stay] = staysIn(frames, 'member-0.1', 'rebalancing')
        const since = stay?.since ?? 0
        const most = (fact: 'read' | 'deliver'): number =>
          factsOf(frames, fact)
            .filter((frame) => frame.t < since && frame.partition === 'topic-0-0')
            .reduce((last, frame) => Math.max(last, frame.last), -1)
        return stay !== undefined && most('read') > most('deliver') + 20
      },
      'somebody else was given them': (frames) => deliversBetween(frames, 'member-1.2', 10_000),
    },
    breaksUnder: ['librdkafka-3340-batch'],
  },
  {
    bug: 'confluent-kafka-javascript #476',
    name: 'a fetch that gets no answer stops nothing for good',
    plan: scriptOf([
      [0, start(0)],
      [9, answer('Fetch', { with: 'swallow', times: 2, member: 0 })],
      [40, wait],
    ]),
    happened: {
      'a fetch failed while heartbeats went on': (frames) => {
        const lost = factsOf(frames, 'error').find(({ code }) => code === 'REQUEST_TIMED_OUT')
        if (lost === undefined) return false
        const sent = requests(frames, 'member-0.1', 'Heartbeat')
        return sent.filter(({ t }) => t > 9_000 && t < lost.t).length > 0
      },
      'it was read on without a rebalance': (frames) =>
        deliversBetween(frames, 'member-0.1', 25_000, 41_000) &&
        stepsOf(frames, 'member-0.1').every(
          ({ t, event }) => t < 5_000 || t > 40_000 || event === '',
        ),
    },
    breaksUnder: ['confluent-476'],
  },
]
