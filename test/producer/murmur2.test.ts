import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { murmur2 } from '../../src/producer/murmur2.js'
import { murmur2Partitioner, nextSticky } from '../../src/producer/partitioner.js'

describe('murmur2', () => {
  // From Kafka's UtilsTest.testMurmur2.
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('hashes %s as Java does', (text, hash) => {
    expect(murmur2(Buffer.from(text))).toBe(hash)
  })

  it('is a signed int32 for any bytes, and does not depend on where they lie', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const hash = murmur2(bytes)
        expect(hash).toBe(hash | 0)
        const shifted = Buffer.concat([Buffer.from('x'), bytes]).subarray(1)
        expect(murmur2(shifted)).toBe(hash)
      }),
    )
  })
})

describe('murmur2Partitioner', () => {
  const choose = (key: string | null, partitionCount: number) =>
    murmur2Partitioner({
      topic: 't',
      key: key === null ? null : Buffer.from(key),
      value: null,
      headers: [],
      partitionCount,
    })

  it('cuts the sign bit off, as Java: not the absolute value', () => {
    expect(choose('21', 1000)).toBe((-973932308 & 0x7fffffff) % 1000)
    expect(choose('abc', 10)).toBe(7)
  })

  it('leaves keyless records to the sticky choice', () => {
    expect(choose(null, 3)).toBeNull()
  })

  it('stays within the partitions', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 1000 }), (key, count) => {
        const partition = choose(key, count)!
        return partition >= 0 && partition < count
      }),
    )
  })
})

describe('nextSticky', () => {
  it('never stays while there is another, and reaches every other one', () => {
    const reached = new Set<number>()
    for (let draw = 0; draw < 1; draw += 0.05) reached.add(nextSticky([0, 1, 2, 3], 2, () => draw))
    expect([...reached].sort()).toEqual([0, 1, 3])
    expect(nextSticky([5], 5, () => 0.5)).toBe(5)
    expect(nextSticky([5, 6], -1, () => 0.99)).toBe(6)
    expect(nextSticky([], 3, () => 0)).toBe(3)
  })
})
