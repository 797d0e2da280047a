import { deliveryInOrder } from '../../../../src/simulation/checkers/delivery-in-order.js'
import { deliveryWhileOwned } from '../../../../src/simulation/checkers/delivery-while-owned.js'
import { firstDelivery } from '../../../../src/simulation/checkers/first-delivery.js'
import { noLostRecord } from '../../../../src/simulation/checkers/no-lost-record.js'
import { noReadAboveWatermark } from '../../../../src/simulation/checkers/no-read-above-watermark.js'
import { onePieceAtATime } from '../../../../src/simulation/checkers/one-piece-at-a-time.js'
import { oneRecordAnOffset } from '../../../../src/simulation/checkers/one-record-an-offset.js'
import {
  ack,
  assign,
  declare,
  deliver,
  done,
  lost,
  phase,
  position,
  revoke,
  stored,
  type Told,
  topic,
} from '../../fixtures/story.js'
import type { RuleCase } from './rule-case.js'

const aHas: Told = ['a', assign('t-0')]
const aBegins: Told = ['a', position('t-0', 0)]
const told = (offset: number): Told => [
  'broker',
  { fact: 'offsets', by: 'a', committed: { 't-0': offset } },
]
const read = (last: number, highWatermark: number): Told => [
  'broker',
  { fact: 'read', by: 'a', partition: 't-0', first: 0, last, highWatermark },
]

export const deliveryCases: readonly RuleCase[] = [
  {
    rule: deliveryWhileOwned,
    keeps: { 'while it holds it': [aHas, ['a', deliver('t-0', 0, 3)], ['a', revoke('t-0')]] },
    breaks: {
      'never assigned': [/delivered to a, which does not hold it/, ['a', deliver('t-0', 0, 3)]],
      'after its revoke': [/0\.\.3/, aHas, ['a', revoke('t-0')], ['a', deliver('t-0', 0, 3)]],
      'after its loss': [/0\.\.3/, aHas, ['a', lost('t-0')], ['a', deliver('t-0', 0, 3)]],
    },
  },
  {
    rule: deliveryInOrder,
    keeps: {
      'from where it begins': [
        aHas,
        aBegins,
        ['a', deliver('t-0', 0, 3)],
        ['a', deliver('t-0', 4, 4)],
      ],
      'a seek goes back': [
        aHas,
        aBegins,
        ['a', deliver('t-0', 0, 3)],
        ['a', position('t-0', 1, 'seek')],
        ['a', deliver('t-0', 1, 4)],
      ],
    },
    breaks: {
      'twice the same': [
        /t-0 0 delivered to a where 4 was due/,
        aHas,
        aBegins,
        ['a', deliver('t-0', 0, 3)],
        ['a', deliver('t-0', 0, 3)],
      ],
      'a gap': [
        /6 delivered to a where 4 was due/,
        aHas,
        aBegins,
        ['a', deliver('t-0', 0, 3)],
        ['a', deliver('t-0', 6, 7)],
      ],
      'a gap within': [
        /0\.\.3 delivered to a as 2 records/,
        aHas,
        aBegins,
        ['a', { fact: 'deliver', partition: 't-0', first: 0, last: 3, ids: [[0, 1]] }],
      ],
      'no position': [/before its position was known/, aHas, ['a', deliver('t-0', 0, 3)]],
    },
  },
  {
    rule: firstDelivery,
    keeps: {
      'where it was committed': [aHas, told(7), ['a', position('t-0', 7)]],
      'nothing was': [aHas, told(-1), ['a', position('t-0', 0, 'reset')]],
      'it is not in the log, and that was said': [
        aHas,
        told(70),
        ['a', { fact: 'error', code: 'OFFSET_OUT_OF_RANGE', where: 't-0' }],
        ['a', position('t-0', 0, 'reset')],
      ],
      'a seek': [aHas, told(7), ['a', position('t-0', 2, 'seek')]],
    },
    breaks: {
      elsewhere: [/a begins t-0 at 6, told 7/, aHas, told(7), ['a', position('t-0', 6)]],
      'not asked at all': [/told undefined/, aHas, ['a', position('t-0', 6)]],
      'a reset without reason': [
        /a reset t-0 to 0, although 7 is committed/,
        aHas,
        told(7),
        ['a', position('t-0', 0, 'reset')],
      ],
      'what was told in an earlier ownership': [
        /told undefined/,
        aHas,
        told(7),
        ['a', revoke('t-0')],
        aHas,
        ['a', position('t-0', 7)],
      ],
    },
  },
  {
    rule: onePieceAtATime,
    keeps: {
      'done, then more': [
        ['a', deliver('t-0', 0, 3)],
        ['a', done('t-0', 0, 3)],
        ['a', deliver('t-0', 4, 5)],
      ],
      'two partitions at once': [
        ['a', deliver('t-0', 0, 3)],
        ['a', deliver('t-1', 0, 3)],
      ],
    },
    breaks: {
      'more, not done': [
        /t-0 4 delivered to a, 3 still in hand/,
        ['a', deliver('t-0', 0, 3)],
        ['a', deliver('t-0', 4, 5)],
      ],
    },
  },
  {
    rule: noLostRecord,
    keeps: {
      'all read': [
        ['log', ack('t-0', 0, 3)],
        ['a', deliver('t-0', 0, 3)],
        ['world', phase('end')],
      ],
      'nobody has read beyond': [
        ['log', ack('t-0', 0, 9)],
        ['a', deliver('t-0', 0, 3)],
        ['world', phase('end')],
      ],
      'the application passed over it': [
        ['log', ack('t-0', 0, 9)],
        ['a', position('t-0', 5, 'seek')],
        ['a', deliver('t-0', 5, 9)],
        ['world', phase('end')],
      ],
      'the topic is gone': [
        ['log', ack('t-0', 0, 9)],
        ['broker', topic('t', 0)],
        ['log', ack('t-0', 0, 1)],
        ['a', deliver('t-0', 0, 1)],
        ['world', phase('end')],
      ],
    },
    breaks: {
      'read beyond it': [
        /t-0 4 was acknowledged and never delivered/,
        ['log', ack('t-0', 0, 9)],
        ['a', deliver('t-0', 0, 3)],
        ['b', deliver('t-0', 6, 9)],
        ['world', phase('end')],
      ],
      'a commit of its own passed over less': [
        /t-0 5 was acknowledged/,
        ['log', ack('t-0', 0, 9)],
        ['a', declare('t-0', 5)],
        ['b', deliver('t-0', 6, 9)],
        ['world', phase('end')],
      ],
    },
  },
  {
    rule: oneRecordAnOffset,
    keeps: {
      'told thrice the same': [
        ['log', ack('t-0', 0, 3)],
        ['a', deliver('t-0', 0, 3)],
        ['b', deliver('t-0', 2, 3)],
      ],
      'another topic of that name': [
        ['log', ack('t-0', 0, 3)],
        ['broker', topic('t', 0)],
        ['log', ack('t-0', 0, 3, 40)],
      ],
      'records of a deleted topic that were fetched before': [
        ['log', ack('t-0', 0, 3)],
        ['broker', topic('t', 0)],
        ['a', deliver('t-0', 2, 3)],
        ['log', ack('t-0', 0, 3, 40)],
      ],
      'records that nobody had told of when their topic was deleted': [
        aHas,
        ['broker', topic('t', 0)],
        ['a', deliver('t-0', 0, 1)],
        ['broker', topic('t', 1)],
        ['log', ack('t-0', 0, 1, 2)],
      ],
    },
    breaks: {
      'another record there': [
        /t-0 2 held record 2 and now 50/,
        ['log', ack('t-0', 0, 3)],
        ['a', deliver('t-0', 2, 3, 50)],
      ],
      'another record there, in an ownership of the new topic': [
        /t-0 0 held record 2 and now 9/,
        aHas,
        ['broker', topic('t', 0)],
        ['broker', topic('t', 1)],
        ['log', ack('t-0', 0, 1, 2)],
        ['a', position('t-0', 0, 'reset')],
        ['a', deliver('t-0', 0, 0, 9)],
      ],
      'one record twice': [
        /t-0 holds record 3 at 3 and at 4/,
        ['log', ack('t-0', 0, 3)],
        ['a', deliver('t-0', 4, 5, 3)],
      ],
    },
  },
  {
    rule: noReadAboveWatermark,
    keeps: { 'below it': [...stored({ logs: { 't-0': 3 } }), read(3, 4)] },
    breaks: {
      'at it': [/above the high watermark 3/, ...stored({ logs: { 't-0': 3 } }), read(3, 3)],
      'not durable': [/durable is only 3/, ...stored({ logs: { 't-0': 3 } }), read(4, 5)],
    },
  },
]
