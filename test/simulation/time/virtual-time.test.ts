import * as Effect from 'effect/Effect'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Gate } from '../../../src/simulation/time/gate.js'
import { seededRandom } from '../../../src/simulation/time/seeded-random.js'
import { TimerHeap, type VirtualTimer } from '../../../src/simulation/time/timer-heap.js'
import { VirtualTime } from '../../../src/simulation/time/virtual-time.js'

describe('virtual time', () => {
  test('stands still until it is moved, and shows the moment of each timer', () => {
    const time = new VirtualTime(1)
    const seen: number[] = []
    for (const delay of [30, 10, 20]) time.clock.setTimeout(() => seen.push(time.now), delay)
    expect([time.now, seen]).toEqual([0, []])
    time.runUntil(25)
    expect([time.now, seen]).toEqual([25, [10, 20]])
    expect(time.step()).toBe(true)
    expect([time.now, seen]).toEqual([30, [10, 20, 30]])
    expect(time.step()).toBe(false)
    expect(time.clock.now() - time.clock.elapsed()).toBe(Date.UTC(2026, 0, 1))
  })

  test('a timer that arms itself again fires each time, not once (as SimulatedClock does)', () => {
    const time = new VirtualTime(1)
    const seen: number[] = []
    const arm = (): void => {
      time.clock.setTimeout(() => {
        seen.push(time.now)
        arm()
      }, 3_000)
    }
    arm()
    time.runFor(15_000)
    expect(seen).toEqual([3_000, 6_000, 9_000, 12_000, 15_000])
  })

  test('a cleared timer never fires, also when it is cleared twice or by another one', () => {
    const time = new VirtualTime(1)
    const seen: string[] = []
    const second = time.clock.setTimeout(() => seen.push('second'), 20)
    time.clock.setTimeout(() => time.clock.clearTimeout(second), 10)
    time.clock.clearTimeout(undefined)
    time.runFor(100)
    time.clock.clearTimeout(second)
    expect(seen).toEqual([])
  })

  test('timers due at once fire in an order that the seed draws, and every order occurs', () => {
    const orderOf = (seed: number): string => {
      const time = new VirtualTime(seed)
      const seen: string[] = []
      for (const name of ['a', 'b', 'c']) time.clock.setTimeout(() => seen.push(name), 5)
      time.runFor(5)
      return seen.join('')
    }
    const seeds = Array.from({ length: 100 }, (_, seed) => seed)
    expect(seeds.map(orderOf)).toEqual(seeds.map(orderOf))
    expect(new Set(seeds.map(orderOf)).size).toBe(6)
  })

  test('fibers run at once, in the order in which they became ready', () => {
    const time = new VirtualTime(1)
    const log: string[] = []
    const say = (what: string) => Effect.sync(() => log.push(what))
    time.runtime.run(Effect.andThen(say('a1'), Effect.andThen(Effect.yieldNow, say('a2'))))
    time.runtime.run(Effect.andThen(say('b1'), Effect.andThen(Effect.yieldNow, say('b2'))))
    expect(log).toEqual(['a1', 'b1'])
    time.settle()
    expect(log).toEqual(['a1', 'b1', 'a2', 'b2'])
    expect(time.now).toBe(0)
  })

  test('sleepers and `after` fire in order of time, an endless sleep never', () => {
    const time = new VirtualTime(1)
    const log: number[] = []
    for (const delay of [300, 100, 200]) {
      time.runtime.run(
        Effect.andThen(
          Effect.sleep(delay),
          Effect.sync(() => log.push(time.now)),
        ),
      )
    }
    time.runtime.run(Effect.never)
    time.runFor(1_000)
    expect(log).toEqual([100, 200, 300])
  })

  test('a timer of the least delay moves time, so that one that arms itself does not stand still', () => {
    const time = new VirtualTime(1)
    time.runUntil(43_002.123)
    const { clock } = time
    let rounds = 0
    // What is left of 30 s when the difference of two times is not exact.
    const rest = (): void => {
      if (++rounds < 5) clock.setTimeout(rest, 4e-12)
    }
    rest()
    time.runFor(1)
    expect(rounds).toBe(5)
    expect(time.now).toBe(43_003.123)
  })

  test('more timers than a process can need within 5 s are a loop', () => {
    const time = new VirtualTime(1, { mostTimers: 100 })
    const again = (): void => {
      time.clock.setTimeout(again, 1)
    }
    again()
    expect(() => time.runFor(1_000)).toThrow('world fired 100 timers from 0 to 101 ms')
    const slow = new VirtualTime(1, { mostTimers: 100 })
    const later = (): void => {
      slow.clock.setTimeout(later, 60)
    }
    later()
    slow.runFor(60_000)
    expect(slow.fired).toBe(1_000)
  })

  test('a condition is waited for, or given up at its limit', () => {
    const time = new VirtualTime(1)
    let isSo = false
    time.clock.setTimeout(() => {
      isSo = true
    }, 40)
    expect(time.runUntilTrue(() => isSo, 39)).toBe(false)
    expect(time.now).toBe(39)
    expect(time.runUntilTrue(() => isSo, 1)).toBe(true)
    expect(time.runUntilTrue(() => isSo, 1)).toBe(true)
    expect(time.now).toBe(40)
  })

  test('a delay that is negative or no number is taken for now and for never', () => {
    const time = new VirtualTime(1)
    const seen: string[] = []
    time.clock.setTimeout(() => seen.push('now'), -5)
    time.clock.setTimeout(() => seen.push('never'), Number.POSITIVE_INFINITY)
    time.runFor(1e9)
    expect(seen).toEqual(['now'])
  })
})

describe('the heap of timers, against a sorted list', () => {
  const timer = fc.record({ at: fc.nat(20), draw: fc.nat(3), isCancelled: fc.boolean() })

  test('comes out by time, then draw, then age; without the cancelled', () => {
    fc.assert(
      fc.property(fc.array(timer, { maxLength: 60 }), fc.nat(60), (shapes, popsBetween) => {
        const heap = new TimerHeap()
        const gate = new Gate('test')
        const expected: VirtualTimer[] = []
        const order = (a: VirtualTimer, b: VirtualTimer): number =>
          a.at - b.at || a.draw - b.draw || a.sequence - b.sequence
        const got: number[] = []
        const wanted: number[] = []
        const popBoth = (): void => {
          expect(heap.peek()).toBe(expected[0])
          const popped = heap.pop()
          if (popped !== undefined) got.push(popped.sequence)
          const first = expected.shift()
          if (first !== undefined) wanted.push(first.sequence)
        }
        shapes.forEach(({ at, draw, isCancelled }, sequence) => {
          const one = { at, draw, sequence, gate, run: () => undefined, cancelled: false }
          heap.push(one)
          one.cancelled = isCancelled
          if (!isCancelled) expected.push(one)
          expected.sort(order)
          if (sequence === popsBetween) popBoth()
        })
        while (expected.length > 0) popBoth()
        expect(heap.pop()).toBeUndefined()
        expect(got).toEqual(wanted)
      }),
    )
  })
})

describe('the seeded random', () => {
  test('gives the same numbers everywhere and for ever', () => {
    const random = seededRandom('streambus')
    const golden = [random(), random(), random()]
    const again = seededRandom('streambus')
    expect([again(), again(), again()]).toEqual(golden)
    expect(golden.map((one) => Math.floor(one * 1e6))).toMatchInlineSnapshot(`
      [
        271144,
        389291,
        57228,
      ]
    `)
  })

  test('is spread over [0, 1), and seeds that are close differ at once', () => {
    const counts = new Array<number>(10).fill(0)
    const random = seededRandom('spread')
    for (let draw = 0; draw < 10_000; draw++) {
      const value = random()
      expect(value >= 0 && value < 1).toBe(true)
      counts[Math.floor(value * 10)]!++
    }
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(150)
    const firsts = Array.from({ length: 1_000 }, (_, seed) => seededRandom(String(seed))())
    expect(new Set(firsts).size).toBeGreaterThan(990)
  })
})
