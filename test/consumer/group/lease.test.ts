import { describe, expect, test } from 'vitest'
import { Lease } from '../../../src/consumer/group/lease.js'
import { VirtualTime } from '../../../src/simulation/time/virtual-time.js'

const leaseOf = (sessionTimeoutMs: number, rebalanceTimeoutMs: number) => {
  const time = new VirtualTime('lease')
  return { time, lease: new Lease(time.clock, { sessionTimeoutMs, rebalanceTimeoutMs }) }
}

describe('how long a member may count on what it holds', () => {
  test('nothing was heard yet: not at all', () => {
    const { lease } = leaseOf(10_000, 20_000)
    expect(lease.isSure).toBe(false)
    expect(lease.expiresInMs).toBeLessThanOrEqual(0)
  })

  test('silence: until the session timeout, or the rebalance timeout if that is shorter', () => {
    for (const [session, rebalance] of [
      [10_000, 20_000],
      [20_000, 10_000],
    ] as const) {
      const { time, lease } = leaseOf(session, rebalance)
      lease.confirm(0)
      time.runFor(9_999)
      expect([lease.isSure, lease.expiresInMs]).toEqual([true, 1])
      time.runFor(1)
      expect([lease.isSure, lease.expiresInMs]).toEqual([false, 0])
    }
  })

  test('a rebalance that goes on and on: it is heard of, but not sure after its timeout', () => {
    const { time, lease } = leaseOf(10_000, 20_000)
    lease.confirm(0)
    for (let at = 3_000; at <= 21_000; at += 3_000) {
      time.runUntil(at)
      lease.confirmInRebalance(at)
      expect([at, lease.isSure, lease.expiresInMs > 0]).toEqual([at, at < 20_000, true])
    }
    // The JoinGroup was heard after all: the rebalance ended after what was last heard in it.
    lease.confirmJoined(2, 2_000)
    expect(lease.isSure).toBe(true)
    time.runUntil(30_999)
    expect(lease.isSure).toBe(true)
    time.runUntil(31_000)
    expect(lease.isSure).toBe(false)
  })

  test('a JoinGroup answered again: not sure after the rebalance timeout from its first answer', () => {
    const { time, lease } = leaseOf(10_000, 20_000)
    lease.confirm(0)
    for (let at = 4_000; at <= 20_000; at += 4_000) {
      lease.confirmJoined(2, 'uncounted')
      time.runUntil(at)
      lease.confirmInRebalance(at)
    }
    lease.confirmJoined(2, 'uncounted')
    expect([lease.isSure, lease.expiresInMs > 0]).toEqual([false, true])
    lease.confirmJoined(3, 'uncounted')
    expect(lease.isSure).toBe(true)
  })

  test('news that come late take nothing back', () => {
    const { time, lease } = leaseOf(10_000, 20_000)
    time.runUntil(6_000)
    lease.confirm(5_000)
    lease.confirm(1_000)
    lease.confirmInRebalance(2_000)
    lease.confirmJoined(2, 3_000)
    expect([lease.heardAt, lease.expiresInMs]).toEqual([5_000, 9_000])
  })
})
