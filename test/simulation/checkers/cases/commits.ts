import { commitsNeverGoBack } from '../../../../src/simulation/checkers/commits-never-go-back.js'
import { commitsOfMembers } from '../../../../src/simulation/checkers/commits-of-members.js'
import { commitsOnlyWhatWasDone } from '../../../../src/simulation/checkers/commits-only-what-was-done.js'
import { offsetsNeverExpire } from '../../../../src/simulation/checkers/offsets-never-expire.js'
import {
  assign,
  commit,
  declare,
  done,
  position,
  revoke,
  stored,
  type Told,
  topic,
} from '../../fixtures/story.js'
import type { RuleCase } from './rule-case.js'

const at = (offset: number, by = 'a', more: object = {}): Told => [
  'group',
  commit(by, 't-0', offset, more),
]
const told = (offset: number): Told => [
  'broker',
  { fact: 'offsets', by: 'a', committed: { 't-0': offset } },
]

export const commitCases: readonly RuleCase[] = [
  {
    rule: commitsOfMembers,
    keeps: {
      'of a member': [at(1)],
      'without a group': [
        at(1, 'a', { generation: -1, coordinator: { generation: 4, isMember: false } }),
      ],
      refused: [
        at(1, 'a', { generation: 0, accepted: {}, refused: { 't-0': 'ILLEGAL_GENERATION' } }),
      ],
    },
    breaks: {
      'of a generation before': [
        /a committed under generation 0 at 1/,
        at(1, 'a', { generation: 0 }),
      ],
      'of no member': [
        /which is no member/,
        at(1, 'a', { coordinator: { generation: 1, isMember: false } }),
      ],
    },
  },
  {
    rule: commitsOnlyWhatWasDone,
    keeps: {
      'up to what is done': [['a', done('t-0', 0, 3)], at(4)],
      'done by another': [['a', done('t-0', 0, 3)], ['b', done('t-0', 4, 5)], at(6, 'b')],
      'the application says so': [['a', declare('t-0', 9)], at(9)],
      'it sought to there': [['a', position('t-0', 5, 'seek')], at(5)],
      'of a topic that it held when it was deleted': [
        ['a', assign('t-0')],
        ['a', done('t-0', 0, 3)],
        ['broker', topic('t', 0)],
        ['broker', topic('t', 1)],
        at(4),
      ],
      'sent before it was revoked, answered after the deletion': [
        ['a', assign('t-0')],
        ['a', done('t-0', 0, 3)],
        ['a', { fact: 'revoke', partitions: ['t-0'] }],
        ['broker', topic('t', 0)],
        at(4),
      ],
    },
    breaks: {
      'one more than is done': [
        /a committed t-0 at 5, but 4 is not done/,
        ['a', done('t-0', 0, 3)],
        at(5),
      ],
      'a hole': [/but 4 is not done/, ['a', done('t-0', 0, 3)], ['a', done('t-0', 5, 9)], at(10)],
      'of another topic than it held': [
        /but 0 is not done/,
        ['a', done('t-0', 0, 3)],
        ['broker', topic('t', 0)],
        ['a', assign('t-0')],
        at(4),
      ],
    },
  },
  {
    rule: commitsNeverGoBack,
    keeps: {
      'on and on': [at(1), at(5), at(5, 'b')],
      'the application went back': [at(5), ['a', position('t-0', 2, 'seek')], at(3)],
      'the application says so': [at(5), ['a', declare('t-0', 2)], at(2)],
      'another topic of that name': [at(5), ['broker', topic('t', 0)], at(1)],
    },
    breaks: {
      back: [/t-0 went from 5 back to 4, by b/, at(5), at(4, 'b')],
      'it went back in an earlier ownership': [
        /back to 3, by a/,
        ['a', position('t-0', 2, 'seek')],
        ['a', revoke('t-0')],
        at(5, 'b'),
        at(3),
      ],
    },
  },
  {
    rule: offsetsNeverExpire,
    keeps: {
      'as stored': [...stored({ offsets: { 't-0': 7 } }), told(7)],
      'nothing stored': [told(-1)],
      'an answer under way while the topic was deleted': [
        ...stored({ offsets: { 't-0': 7 } }),
        ['broker', topic('t', 0)],
        told(7),
        told(-1),
      ],
    },
    breaks: {
      'none any more': [
        /t-0 is committed at -1; it is at 7/,
        ...stored({ offsets: { 't-0': 7 } }),
        told(-1),
      ],
      'of another time than when the topic was deleted': [
        /committed at 6; it is at -1/,
        ...stored({ offsets: { 't-0': 7 } }),
        ['broker', topic('t', 0)],
        told(6),
      ],
      'not yet durable': [
        /committed at 7; it is at -1/,
        ['broker', { fact: 'write', write: 999_999, offsets: { 't-0': 7 } }],
        told(7),
      ],
    },
  },
]
