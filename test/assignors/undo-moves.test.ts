import { describe, expect, it } from 'vitest'
import { groupModel } from '../../src/assignors/group-model.js'
import { Holdings } from '../../src/assignors/holdings.js'
import { undoMoves } from '../../src/assignors/undo-moves.js'
import { input, member } from './group-fixture.js'

/** Three members with one topic each and one for all, holding each other's partitions in a ring. */
const ring = (): Holdings => {
  const ids = ['c0', 'c1', 'c2']
  const model = groupModel(
    input({ all: 3, t0: 1, t1: 1, t2: 1 }, ...ids.map((id, i) => member(id, ['all', `t${i}`]))),
  )
  const holdings = new Holdings(model, {
    members: [0, 1, 2],
    topics: [0, 1, 2, 3],
    uniform: false,
  })
  holdings.pairsOf.forEach(([all, single], i) => {
    holdings.add(all!, (i + 1) % 3, 1)
    holdings.add(single!, i, 1)
  })
  return holdings
}

describe('undoMoves', () => {
  it('turns a ring of displaced partitions back, loads unchanged', () => {
    const holdings = ring()
    expect([...holdings.foreign]).toEqual([1, 0, 1, 0, 1, 0])
    expect(undoMoves(holdings)).toBe(true)
    expect([...holdings.foreign]).toEqual([0, 0, 0, 0, 0, 0])
    expect([...holdings.own]).toEqual([1, 1, 1, 1, 1, 1])
    expect([...holdings.load]).toEqual([2, 2, 2])
  })

  it('says so when its budget runs out, and leaves every partition with somebody', () => {
    const holdings = ring()
    expect(undoMoves(holdings, 0)).toBe(false)
    expect([...holdings.load]).toEqual([2, 2, 2])
    expect(holdings.own.reduce((a, b) => a + b) + holdings.foreign.reduce((a, b) => a + b)).toBe(6)
  })
})
