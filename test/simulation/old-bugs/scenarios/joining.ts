import type { Scenario } from '../scenario.js'
import { answer, cooperative, scriptOf, start, wait } from '../script.js'
import {
  deliversBetween,
  factsOf,
  faultAt,
  mostMembers,
  namesOf,
  requests,
  stepped,
  stepsOf,
} from '../seen.js'

export const joiningScenarios: readonly Scenario[] = [
  {
    bug: 'KAFKA-8104',
    name: 'a generation that is lost while SyncGroup is under way is not worked under',
    plan: scriptOf([
      [0, start(0)],
      [4, answer('SyncGroup', { with: 'delay', ms: 8_000, member: 1 })],
      [4, answer('Heartbeat', { with: 'refuse', error: 'UNKNOWN_MEMBER_ID', member: 1 })],
      [5, start(1)],
      [40, wait],
    ]),
    happened: {
      'the generation was lost while SyncGroup was under way': stepped(
        'member-1.2',
        'member.unknown',
        'syncing.requesting',
        'fenced',
      ),
      'it has its part afterwards': (frames) => deliversBetween(frames, 'member-1.2', 20_000),
    },
    breaksUnder: ['KAFKA-8104'],
  },
  {
    bug: 'KAFKA-9140',
    name: 'a member that loses its generation while its JoinGroup is under way joins again',
    plan: scriptOf(
      [
        [0, start(0)],
        [0, start(1)],
        [9, answer('JoinGroup', { with: 'swallow', member: 1 })],
        [10, start(2)],
        [13.5, answer('Heartbeat', { with: 'refuse', error: 'UNKNOWN_MEMBER_ID', member: 1 })],
        [50, wait],
      ],
      cooperative,
    ),
    happened: {
      'the generation was lost while JoinGroup was under way': stepped(
        'member-1.2',
        'member.unknown',
        'joining.requesting',
        'fenced',
      ),
      'JoinGroup was sent again': (frames) => {
        const lost = stepsOf(frames, 'member-1.2').find(({ event }) => event === 'member.unknown')
        return requests(frames, 'member-1.2', 'JoinGroup').some(({ t }) => t > (lost?.t ?? t))
      },
    },
    breaksUnder: ['KAFKA-9140'],
  },
  {
    bug: 'KAFKA-7610, KAFKA-9752',
    name: 'a first JoinGroup whose connection breaks leaves no ghost behind',
    plan: scriptOf(
      [
        [0, start(0)],
        [1, { do: 'reset', host: 'member-0', midFrame: false }],
        [15, start(1)],
        [30, wait],
      ],
      { times: { ...scriptOf([[0, wait]]).times, initialRebalanceDelayMs: 3_000 } },
    ),
    happened: {
      'JoinGroup was parked when its connection broke': stepped(
        'member-0.1',
        'joinGroup: unavailable',
        'joining.requesting',
        'joining.backingOff',
      ),
      'it was sent again and made no other member': (frames) =>
        requests(frames, 'member-0.1', 'JoinGroup').filter(({ t }) => t < 10_000).length >= 3 &&
        mostMembers(frames) === 2,
    },
    breaksUnder: ['KAFKA-7610'],
  },
  {
    bug: 'KAFKA-13214',
    name: 'a disconnect in a rebalance costs no member its id, and nobody waits for its ghost',
    plan: scriptOf([
      [0, start(0)],
      [0, start(1)],
      [8, { do: 'slowWork', member: 1, ms: 6_000 }],
      [9, start(2)],
      [13, { do: 'reset', host: 'member-0', midFrame: false }],
      [40, wait],
    ]),
    happened: {
      'the connection broke while JoinGroup was parked': stepped(
        'member-0.1',
        'joinGroup: unavailable',
        'joining.requesting',
        'joining.backingOff',
      ),
      'it kept its id': (frames) => namesOf(frames, 'member-0.1').length === 1,
      'there was no ghost': (frames) => mostMembers(frames) === 3,
    },
    breaksUnder: ['KAFKA-13214'],
  },
  {
    bug: 'KAFKA-13419, KAFKA-14639',
    name: 'who missed a generation and was dropped claims nothing that others were given',
    plan: scriptOf(
      [
        [0, start(0)],
        [0, start(1)],
        [18.5, { do: 'freeze', member: 0, forMs: 8_000 }],
        [19, start(2)],
        [23, { do: 'cut', host: 'member-1', way: 'both', forMs: 25_000 }],
        [75, wait],
      ],
      { ...cooperative, partitions: [6] },
    ),
    happened: {
      'it lost its generation in the middle of a rebalance': stepped(
        'member-1.2',
        'session.expired',
        'joining.backingOff',
        'fenced',
      ),
      'others were given what it had': (frames) => {
        const lost = factsOf(frames, 'lost').find(({ process }) => process === 'member-1.2')
        if (lost === undefined) return false
        return factsOf(frames, 'assign').some(
          ({ process, t, partitions }) =>
            process !== 'member-1.2' &&
            t > lost.t &&
            t < faultAt(frames, 1) + 25_000 &&
            partitions.some((partition) => lost.partitions.includes(partition)),
        )
      },
      'it works again': (frames) =>
        deliversBetween(frames, 'member-1.2', faultAt(frames, 1) + 25e3),
    },
    breaksUnder: ['KAFKA-13419'],
  },
]
