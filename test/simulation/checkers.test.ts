import { describe, expect, test } from 'vitest'
import { callbacksAlternate } from '../../src/simulation/checkers/callbacks-alternate.js'
import {
  commitsNeverGoBack,
  commitsOfThisGeneration,
  commitsOnlyWhatWasDone,
} from '../../src/simulation/checkers/commits.js'
import { deliveryWhileOwned } from '../../src/simulation/checkers/delivery-while-owned.js'
import { handOverWaits } from '../../src/simulation/checkers/hand-over-waits.js'
import { oneOwner } from '../../src/simulation/checkers/one-owner.js'
import type { Checker } from '../../src/simulation/checkers/violation.js'
import { checkers } from '../../src/simulation/script.js'
import { type Fact, Trace } from '../../src/simulation/trace.js'

const assign = (...partitions: string[]): Fact => ({ fact: 'assign', partitions })
const revoke = (...partitions: string[]): Fact => ({ fact: 'revoke', partitions })
const lost = (...partitions: string[]): Fact => ({ fact: 'lost', partitions })
const crash: Fact = { fact: 'crash' }
const stop: Fact = { fact: 'stop' }
const run = (fact: 'deliver' | 'done', partition: string, first: number, last: number): Fact => ({
  fact,
  partition,
  first,
  last,
  count: last - first + 1,
})
const commit = (offset: number, generation = 1, more: object = {}): Fact => ({
  fact: 'commit',
  generation,
  coordinatorGeneration: 1,
  accepted: true,
  offsets: { p: offset },
  ...more,
})

type Told = readonly [process: string, fact: Fact]

/** What a checker says to a story, by the places in it. */
const check = (checker: Checker, ...story: readonly Told[]): number[] => {
  const trace = new Trace(() => 0)
  for (const [process, fact] of story) trace.fact(process, fact)
  return checker(trace.frames).map(({ seq }) => seq)
}

describe('the checkers catch what they are for, at its place, and nothing else', () => {
  test('one owner', () => {
    expect(check(oneOwner, ['a', assign('p')], ['b', assign('p')])).toEqual([1])
    expect(check(oneOwner, ['a', assign('p')], ['b', assign('q')])).toEqual([])
    for (const end of [revoke('p'), lost('p'), crash]) {
      expect(check(oneOwner, ['a', assign('p')], ['a', end], ['b', assign('p')])).toEqual([])
    }
    // Somebody else's revoke frees nothing.
    const foreign = check(oneOwner, ['a', assign('p')], ['b', revoke('p')], ['b', assign('p')])
    expect(foreign).toEqual([2])
  })

  test('callbacks alternate', () => {
    expect(check(callbacksAlternate, ['a', assign('p')], ['a', assign('p')])).toEqual([1])
    expect(check(callbacksAlternate, ['a', revoke('p')])).toEqual([0])
    const twice = check(
      callbacksAlternate,
      ['a', assign('p')],
      ['a', revoke('p')],
      ['a', lost('p')],
    )
    expect(twice).toEqual([2])
    const anew = check(callbacksAlternate, ['a', assign('p')], ['a', crash], ['a', assign('p')])
    expect(anew).toEqual([])
  })

  test('delivery while owned, in order', () => {
    const deliver = run('deliver', 'p', 0, 4)
    expect(check(deliveryWhileOwned, ['a', deliver])).toEqual([0])
    expect(check(deliveryWhileOwned, ['a', assign('p')], ['a', deliver])).toEqual([])
    for (const end of [revoke('p'), lost('p'), crash]) {
      const late = check(deliveryWhileOwned, ['a', assign('p')], ['a', end], ['a', deliver])
      expect(late).toEqual([2])
    }
    const back: Told = ['a', run('deliver', 'p', 4, 6)]
    expect(check(deliveryWhileOwned, ['a', assign('p')], ['a', deliver], back)).toEqual([2])
    // Another ownership may begin earlier, and a gap is no fault.
    const again = check(
      deliveryWhileOwned,
      ['a', assign('p')],
      ['a', deliver],
      ['a', revoke('p')],
      ['a', assign('p')],
      ['a', run('deliver', 'p', 2, 3)],
      ['a', run('deliver', 'p', 9, 9)],
    )
    expect(again).toEqual([])
  })

  test('a hand-over waits', () => {
    const inHand: Told[] = [
      ['a', assign('p')],
      ['a', run('deliver', 'p', 0, 4)],
    ]
    expect(check(handOverWaits, ...inHand, ['a', revoke('p')])).toEqual([2])
    const done: Told = ['a', run('done', 'p', 0, 4)]
    expect(check(handOverWaits, ...inHand, done, ['a', revoke('p')])).toEqual([])
    expect(check(handOverWaits, ...inHand, ['a', stop], ['a', revoke('p')])).toEqual([])
    expect(check(handOverWaits, ...inHand, ['a', lost('p')])).toEqual([])
  })

  test('commits', () => {
    expect(check(commitsOfThisGeneration, ['a', commit(1)], ['a', commit(2, 0)])).toEqual([1])
    const refused = commit(2, 0, { accepted: false })
    expect(check(commitsOfThisGeneration, ['a', refused])).toEqual([])
    expect(check(commitsNeverGoBack, ['a', commit(5)], ['b', commit(4)])).toEqual([1])
    expect(check(commitsNeverGoBack, ['a', commit(5)], ['b', commit(5)])).toEqual([])
    const finished: Told = ['a', run('done', 'p', 0, 4)]
    expect(check(commitsOnlyWhatWasDone, finished, ['a', commit(5)])).toEqual([])
    expect(check(commitsOnlyWhatWasDone, finished, ['a', commit(6)])).toEqual([1])
  })

  test('all of them are asked', () => {
    expect(checkers).toHaveLength(7)
  })
})
