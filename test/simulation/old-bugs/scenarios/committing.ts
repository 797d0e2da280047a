import type { Frame } from '../../../../src/domain/trace.js'
import { planOf } from '../../fixtures/plans.js'
import type { Scenario } from '../scenario.js'
import { answer, produce, scriptOf, start, wait } from '../script.js'
import { causesOf, deliversBetween, factsOf, requests, staysIn, stepped, stepsOf } from '../seen.js'

const { times } = scriptOf([[0, wait]])
/** In seconds. */
const HOUR = 3_600
const TIMED_OUT = { with: 'refuse', error: 'REQUEST_TIMED_OUT' } as const

export const committingScenarios: readonly Scenario[] = [
  {
    bug: 'KAFKA-14024',
    name: 'a commit before the hand-over that gets no answer does not keep the member from joining',
    plan: scriptOf([
      [0, start(0)],
      [9, answer('OffsetCommit', { ...TIMED_OUT, times: 400, member: 0 })],
      [10, start(1)],
      [60, wait],
    ]),
    happened: {
      'the commit was given up': stepped(
        'member-0.1',
        'commitOffsets: unavailable',
        'rebalancing.committing',
        'rebalancing.revoking',
      ),
      'the member was not kicked out': (frames) =>
        !causesOf(frames).includes('did not rejoin in time'),
    },
    breaksUnder: ['KAFKA-14024'],
  },
  {
    bug: 'KAFKA-14196',
    name: 'nothing is handed out while the commit before the revoke is under way',
    plan: scriptOf(
      [
        [0, start(0)],
        [9, answer('OffsetCommit', { with: 'delay', ms: 3_000, times: 3, member: 0 })],
        [10, start(1)],
        ...[11, 11.5, 12, 12.5, 13, 13.5, 14, 14.5].map((at) => [at, produce(40)] as const),
        [40, wait],
      ],
      { member: { maxWorkMs: 1_000 } },
    ),
    happened: {
      'records came while the commit was under way': (frames) => {
        const [stay] = staysIn(frames, 'member-0.1', 'rebalancing.committing')
        return (
          stay !== undefined &&
          stay.until - stay.since > 2_000 &&
          factsOf(frames, 'ack').some(({ t }) => t > stay.since && t < stay.until)
        )
      },
      'none of them was handed out before the revoke': (frames) => {
        const [stay] = staysIn(frames, 'member-0.1', 'rebalancing')
        return stay !== undefined && !deliversBetween(frames, 'member-0.1', stay.since, stay.until)
      },
    },
    breaksUnder: ['KAFKA-14196'],
  },
  {
    bug: 'KAFKA-4682, KAFKA-13636',
    name: 'the offsets of a quiet group are still there after a long time',
    plan: planOf(
      [
        [0, start(0)],
        [2, produce(40)],
        [HOUR, start(1)],
        [HOUR + 10, wait],
      ],
      {
        partitions: [2],
        times: {
          ...times,
          sessionTimeoutMs: 1_800_000,
          heartbeatIntervalMs: 600_000,
          rebalanceTimeoutMs: 1_800_000,
          fetchMaxWaitMs: 600_000,
          metadataMaxAgeMs: 3_600_000,
          maxPollIntervalMs: 3_600_000,
        },
      },
    ),
    happened: {
      'nothing was committed for a long time': (frames) => {
        const last = factsOf(frames, 'commit').filter(({ t }) => t < HOUR * 1_000)
        const asked = factsOf(frames, 'offsets').filter(({ t }) => t > HOUR * 1_000)
        return last.length > 0 && last.every(({ t }) => t < 60_000) && asked.length > 0
      },
      'the next member went on from there': (frames) =>
        factsOf(frames, 'position').some(
          ({ process, from, offset }) =>
            process === 'member-1.2' && from === 'committed' && offset > 0,
        ),
    },
    breaksUnder: ['KAFKA-4682'],
  },
  {
    bug: 'KAFKA-16371',
    name: 'a commit that is refused in part leaves nothing of that part behind',
    plan: scriptOf(
      [
        [0, start(0)],
        [10.2, produce(40)],
        [10.5, { do: 'deleteTopic', topic: 1 }],
        [16, { do: 'createTopic', topic: 1 }],
        [40, wait],
      ],
      { partitions: [2, 2], member: { topics: [0, 1] } },
    ),
    happened: {
      'one commit was taken in part and refused in part': (frames) =>
        factsOf(frames, 'commit').some(
          ({ accepted, refused }) =>
            Object.keys(accepted).length > 0 && Object.keys(refused).length > 0,
        ),
    },
    breaksUnder: ['KAFKA-16371'],
  },
  {
    bug: 'librdkafka #3340',
    name: 'a commit that is tried again after its partition went does not take back what others did',
    plan: scriptOf(
      [
        [0, start(0)],
        [
          9.5,
          answer('OffsetCommit', {
            with: 'refuse',
            error: 'NOT_COORDINATOR',
            times: 40,
            member: 0,
          }),
        ],
        [10, start(1)],
        [11, produce(40)],
        [12, produce(40)],
        [40, wait],
      ],
      { member: { style: 'commit' } },
    ),
    happened: {
      'a commit was being tried when its partitions went': (frames) => {
        const [stay] = staysIn(frames, 'member-0.1', 'rebalancing')
        return refusedBetween(frames, 'member-0.1', (stay?.since ?? 0) - 2_000, stay?.until)
      },
      'others worked on them meanwhile': (frames) =>
        factsOf(frames, 'commit').some(
          ({ by, accepted }) => by === 'member-1.2' && Object.keys(accepted).length > 0,
        ),
    },
    breaksUnder: ['librdkafka-3340-offset'],
  },
  {
    bug: 'franz-go #650',
    name: 'a commit that gives up leaves the look-up that it shared with the heartbeat alone',
    plan: scriptOf(
      [
        [0, start(0)],
        [11, answer('OffsetCommit', { with: 'refuse', error: 'NOT_COORDINATOR', member: 0 })],
        [11, answer('FindCoordinator', { with: 'delay', ms: 6_000, member: 0 })],
        [11.4, start(1)],
        [40, wait],
      ],
      { times: { ...times, requestTimeoutMs: 12_000 } },
    ),
    happened: {
      'the commit gave up while the look-up was under way': (frames) => {
        const gaveUp = stepsOf(frames, 'member-0.1').find(
          ({ event }) => event === 'commitOffsets: unavailable',
        )
        const looked = requests(frames, 'member-0.1', 'FindCoordinator')[1]?.t ?? Number.NaN
        return gaveUp !== undefined && gaveUp.t - looked > 4_000
      },
      'there was one look-up, for all who asked': (frames) =>
        requests(frames, 'member-0.1', 'FindCoordinator').length === 2,
      'heartbeats went on': (frames) =>
        requests(frames, 'member-0.1', 'Heartbeat').some(({ t }) => t > 20_000),
    },
    breaksUnder: ['franz-go-650'],
  },
]

const refusedBetween = (
  frames: readonly Frame[],
  process: string,
  since: number,
  until = Number.POSITIVE_INFINITY,
): boolean =>
  requests(frames, process, 'OffsetCommit').filter(({ t }) => t >= since && t <= until).length > 2
