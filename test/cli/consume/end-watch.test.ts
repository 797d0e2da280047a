import { describe, expect, it } from 'vitest'
import { EndWatch } from '../../../src/cli/consume/end-watch.js'
import type { PartitionStats } from '../../../src/consumer/stats.js'

const at = (partition: number, position: number | null, positionLag: number | null) =>
  ({ topic: 'events', partition, position, positionLag }) as PartitionStats

const stable = (...partitions: PartitionStats[]) => ({ state: 'stable' as const, partitions })

describe('end watch', () => {
  it('is reached when each partition has passed the end it had at first sight', () => {
    const end = new EndWatch()
    expect(end.isReached(stable(at(0, 0, 10), at(1, 5, 0)))).toBe(false)
    // More was written meanwhile: the end stays at 10.
    expect(end.isReached(stable(at(0, 10, 7), at(1, 5, 3)))).toBe(true)
  })

  it('is not reached while a position or an end is unknown, or the group rebalances', () => {
    const end = new EndWatch()
    expect(end.isReached(stable(at(0, null, null)))).toBe(false)
    expect(end.isReached(stable(at(0, 3, null)))).toBe(false)
    expect(end.isReached({ state: 'rebalancing', partitions: [at(0, 3, 0)] })).toBe(false)
    expect(end.isReached(stable(at(0, 3, 0)))).toBe(true)
  })

  it('is reached at once by a member without partitions', () => {
    expect(new EndWatch().isReached(stable())).toBe(true)
  })
})
