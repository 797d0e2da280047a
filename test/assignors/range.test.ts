import { describe, expect, it } from 'vitest'
import { rangeAssignor } from '../../src/assignors/index.js'
import { input, member, shown } from './group-fixture.js'

const assign = (...given: Parameters<typeof input>) => shown(rangeAssignor.assign(input(...given)))

// The scenarios of Kafka's RangeAssignorTest (those without racks), with its expectations.
describe('range', () => {
  it.each([
    ['no topic', {}, [], []],
    ['a topic that does not exist', {}, ['t1'], []],
    ['a topic without partitions', { t1: 0 }, ['t1'], []],
    ['one topic', { t1: 3 }, ['t1'], ['t1-0', 't1-1', 't1-2']],
    ['only its own topics', { t1: 3, other: 3 }, ['t1'], ['t1-0', 't1-1', 't1-2']],
    ['several topics', { t1: 1, t2: 2 }, ['t2', 't1'], ['t1-0', 't2-0', 't2-1']],
    ['a topic named twice', { t1: 2 }, ['t1', 't1'], ['t1-0', 't1-1']],
  ] as const)('one consumer, %s', (_, partitions, topics, expected) => {
    expect(assign(partitions, member('c', topics))).toEqual({ c: expected })
  })

  it('two consumers, one topic', () => {
    const two = [member('c1', ['t']), member('c2', ['t'])]
    expect(assign({ t: 1 }, ...two)).toEqual({ c1: ['t-0'], c2: [] })
    expect(assign({ t: 2 }, ...two)).toEqual({ c1: ['t-0'], c2: ['t-1'] })
  })

  it('mixed subscriptions', () => {
    const given = [member('c1', ['t1']), member('c2', ['t1', 't2']), member('c3', ['t1'])]
    expect(assign({ t1: 3, t2: 2 }, ...given)).toEqual({
      c1: ['t1-0'],
      c2: ['t1-1', 't2-0', 't2-1'],
      c3: ['t1-2'],
    })
  })

  it('gives the extra partition of every topic to the first ones', () => {
    const given = [member('c1', ['t1', 't2']), member('c2', ['t1', 't2'])]
    expect(assign({ t1: 3, t2: 3 }, ...given)).toEqual({
      c1: ['t1-0', 't1-1', 't2-0', 't2-1'],
      c2: ['t1-2', 't2-2'],
    })
  })

  it('orders static members by instance, and before dynamic ones', () => {
    const both = ['t1', 't2']
    const fixed = (id: string, groupInstanceId: string) => member(id, both, { groupInstanceId })
    const first = ['t1-0', 't1-1', 't2-0', 't2-1']
    const second = ['t1-2', 't2-2']
    const counts = { t1: 3, t2: 3 }
    expect(assign(counts, fixed('a', 'instance2'), fixed('b', 'instance1'))).toEqual({
      a: second,
      b: first,
    })
    expect(assign(counts, member('a', both), fixed('b', 'instance1'))).toEqual({
      a: second,
      b: first,
    })
  })

  it('keeps static members where they were when their member ids change', () => {
    const group = (ids: readonly string[]) =>
      assign(
        { t1: 5, t2: 4 },
        ...ids.map((id, i) => member(id, ['t1', 't2'], { groupInstanceId: `instance${i}` })),
      )
    expect(Object.values(group(['c', 'a', 'b']))).toEqual([
      ['t1-0', 't1-1', 't2-0', 't2-1'],
      ['t1-2', 't1-3', 't2-2'],
      ['t1-4', 't2-3'],
    ])
    expect(Object.values(group(['x', 'z', 'y']))).toEqual(Object.values(group(['c', 'a', 'b'])))
  })

  it('orders by UTF-16 units, not by locale', () => {
    const given = ['b', 'é', 'B', 'a'].map((id) => member(id, ['t']))
    expect(assign({ t: 4 }, ...given)).toEqual({ B: ['t-0'], a: ['t-1'], b: ['t-2'], é: ['t-3'] })
  })

  it('refuses the same member twice as a defect', () => {
    expect(() => assign({ t: 1 }, member('c', ['t']), member('c', ['t']))).toThrow(/memberId twice/)
  })
})
