import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { describe, expect, test, vi } from 'vitest'
import { keyOf } from '../../src/domain/topic-partition.js'
import { checkPlan } from '../../src/simulation/check-plan.js'
import type { Handler } from '../../src/simulation/members/handler.js'
import { simulate } from '../../src/simulation/simulate.js'
import { simulateMany } from '../../src/simulation/simulate-many.js'
import type { SimulateOptions } from '../../src/simulation/simulate-options.js'
import { readPlan } from '../../src/simulation/trace/trace-file.js'

const small = { members: 2, partitions: 4, seed: 1 } as const
const HOUR_MS = 3_600_000
const BEGAN_MS = Date.UTC(2026, 0, 1)

describe('a handler', () => {
  test('has virtual time and chance, and leaves the real ones to others', async () => {
    const seen: number[] = []
    const handler: Handler = async (_, context) => {
      const [from, elapsed] = [Date.now(), performance.now()]
      await sleep(100)
      await new Promise((resolve) => setTimeout(resolve, 50))
      await context.sleep(25)
      expect([Date.now() - from, performance.now() - elapsed]).toEqual([
        expect.closeTo(175, -1),
        expect.closeTo(175, 2),
      ])
      expect(new Date()).toEqual(new Date(Date.now()))
      expect(Date.now()).toBeLessThan(BEGAN_MS + HOUR_MS)
      expect(Date.now()).toBeGreaterThanOrEqual(BEGAN_MS)
      seen.push(Math.random())
    }
    const began = Date.now()
    const { violations } = await simulate({ ...small, faults: [], handler })
    expect(violations).toEqual([])
    expect(Math.abs(Date.now() - began)).toBeLessThan(HOUR_MS)
    const before = [...seen.splice(0)]
    expect(before.length).toBeGreaterThan(50)
    await simulate({ ...small, faults: [], handler })
    expect(seen).toEqual(before)
  })

  test('may promisify timers, end a sleep early, and begin a timer anew', async () => {
    let handled = 0
    const handler: Handler = async () => {
      const from = Date.now()
      await promisify(setTimeout)(100)
      const controller = new AbortController()
      setTimeout(() => controller.abort(new Error('enough')), 50)
      await expect(sleep(10_000, undefined, { signal: controller.signal })).rejects.toMatchObject({
        name: 'AbortError',
        code: 'ABORT_ERR',
        cause: { message: 'enough' },
      })
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 40)
        setTimeout(() => timer.refresh(), 30)
      })
      expect(Date.now() - from).toBeCloseTo(220, -1)
      handled++
    }
    const others = promisify(setTimeout)
    const simulation = simulate({ ...small, members: 1, faults: [], handler })
    // Beside it the real one is what it was.
    await expect(promisify(setTimeout)(1, 'real')).resolves.toBe('real')
    await others(1)
    expect((await simulation).violations).toEqual([])
    expect(handled).toBeGreaterThan(20)
  })

  test('with promises gives the same bytes again, also beside another simulation', async () => {
    const handler: Handler = async () => {
      await sleep(Math.random() * 100)
    }
    const [one, other] = await Promise.all([
      simulate({ ...small, handler }),
      simulate({ ...small, seed: 2, handler }),
    ])
    expect((await simulate({ ...small, handler })).trace()).toBe(one.trace())
    expect(other.trace()).not.toBe(one.trace())
  })

  test('that throws is named, and its trace can be run again', async () => {
    const handler: Handler = ({ value }) => {
      if (String(value) === '7') throw new Error('seven')
    }
    const { failure } = await simulateMany({ ...small, runs: 1, faults: [], handler })
    expect(failure?.violations[0]?.rule).toBe('handler succeeds')
    expect(failure?.text).toMatch(/member-0\.\d threw at topic-0-\d 7: Error: seven/)
    expect(failure?.plan.steps.length).toBeLessThanOrEqual(3)

    const { seed, traceFile } = failure!
    const again = await simulate({ seed, plan: readPlan(traceFile), handler })
    expect(again.violations).toEqual(failure?.violations)
    expect(again.trace()).toBe(readFileSync(traceFile, 'utf8'))
  })

  test('may leave timers behind: they end with its process', async () => {
    let late = 0
    const handler: Handler = async () => {
      const timeout = new Promise((_, reject) => setTimeout(() => reject(late++), 400_000))
      await Promise.race([sleep(10), timeout])
    }
    const { violations } = await simulate({ ...small, faults: [], handler })
    expect(violations).toEqual([])
    expect(late).toBe(0)
  })

  test('may be slow: it is waited for as long as records get done', async () => {
    const done = new Set<string>()
    const handler: Handler = async (record) => {
      await sleep(4_000)
      done.add(`${keyOf(record)} ${record.offset}`)
    }
    const check: SimulateOptions['check'] = ({ records }) => {
      expect(records.filter((one) => !done.has(`${keyOf(one)} ${one.offset}`))).toEqual([])
    }
    const consumer = { maxPollIntervalMs: 120_000 }
    const options = { ...small, faults: [], consumer, handler, check }
    const { violations, stats } = await simulate(options)
    expect(violations).toEqual([])
    expect(stats.simulatedMs).toBeGreaterThan(5 * 60_000)
  })

  test('that never ends does not outlive its process', async () => {
    const handler: Handler = () => new Promise((resolve) => void setTimeout(resolve, HOUR_MS))
    const { violations } = await simulate({ ...small, faults: [], handler })
    expect(new Set(violations.map(({ rule }) => rule))).toEqual(
      new Set(['handler returns in time']),
    )
  })
})

test('setUp and check may be asynchronous: both are awaited', async () => {
  let isReady = false
  const { violations } = await simulate({
    ...small,
    faults: [],
    setUp: async () => {
      await sleep(5)
      isReady = true
    },
    handler: () => expect(isReady).toBe(true),
    check: async () => {
      await sleep(5)
      throw new Error('the ledger is wrong')
    },
  })
  expect(violations).toMatchObject([{ rule: 'check', what: 'the ledger is wrong' }])
  const setUp = (): Promise<void> => Promise.reject(new Error('no database'))
  await expect(simulate({ ...small, setUp })).rejects.toThrow('no database')
})

test("a test's fake timers do not stop the world", async () => {
  vi.useFakeTimers()
  try {
    const handler: Handler = async (_, context) => context.sleep(10)
    expect((await simulate({ ...small, faults: [], handler })).violations).toEqual([])
  } finally {
    vi.useRealTimers()
  }
})

describe('a plan and a handler belong together', () => {
  const refused = (what: RegExp) => ({
    code: 'INVALID_CONFIG',
    message: expect.stringMatching(what),
  })

  test('a plan that was drawn with a handler is not run without', async () => {
    const { plan } = await simulate({ ...small, faults: [], handler: () => undefined })
    const needed = refused(/handler: the plan was drawn with one/)
    await expect(simulate({ seed: 1, plan })).rejects.toMatchObject(needed)
    // A check alone does not stand for one either.
    await expect(simulate({ seed: 1, plan, check: () => {} })).rejects.toMatchObject(needed)
    expect(() => checkPlan(plan)).toThrow(/drawn with one/)
  })

  test('a handler that nobody would call is refused', async () => {
    const { plan } = await simulate({ ...small, faults: [] })
    await expect(simulate({ seed: 1, plan, handler: () => undefined })).rejects.toMatchObject(
      refused(/it would never be called/),
    )
  })
})

describe('simulateMany', () => {
  test.each([
    [{ runs: 2, seed: Number.NaN }, /seed/],
    [{ runs: 2, seed: -1 }, /seed/],
    [{ runs: 0 }, /runs/],
  ])('refuses %j: to have run nothing is no success', async (options, what) => {
    await expect(simulateMany(options)).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: expect.stringMatching(what),
    })
  })
})

describe('simulate', () => {
  test.each([
    [{ seed: -1 }, /seed/],
    [{ seed: 1, members: 9 }, /members/],
    [{ seed: 1, partitions: 0 }, /partitions/],
    [{ seed: 1, faults: ['fire'] }, /faults/],
    [{ seed: 1, handler: 'code' }, /handler: Expected a function/],
    [{ seed: 1, check: 1 }, /check: Expected a function/],
    [{ seed: 1, workload: { record: 1 } }, /workload\.record: Expected a function/],
    [{ seed: 1, consumer: { assignmentStrategy: 'none' } }, /none/],
    [{ seed: 1, consumer: { sessionTimeoutMs: 0 } }, /sessionTimeoutMs/],
    [{ seed: 1, consumer: { heartbeatIntervalMs: 60_000 } }, /heartbeatIntervalMs/],
    [{ seed: 1, plan: { v: 1, seed: 1 } }, /plan: .*transport/],
    [{ seed: 1, workload: { steps: [{ do: 'dance', afterMs: 0 }] } }, /workload\.steps/],
  ])('refuses %j and names what is wrong', async (options, what) => {
    await expect(simulate(options as never)).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: expect.stringMatching(what),
    })
  })
})

test('records that are none are refused before the first run', async () => {
  const wrong: readonly [unknown, RegExp][] = [
    [() => undefined, /workload.record: Expected \{ key, value \}, got undefined/],
    [() => ({ value: 5 }), /as its value, got number/],
    [() => ({ key: 1n, value: 'a' }), /as its key, got bigint/],
    [() => null, /got null/],
    [
      () => {
        throw new Error('rec')
      },
      /workload.record: it threw: rec/,
    ],
  ]
  for (const [record, says] of wrong) {
    const run = simulate({ seed: 1, workload: { record: record as never } })
    await expect(run).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: expect.stringMatching(says),
    })
  }
})
