import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { traceText } from '../../src/domain/trace-text.js'
import { drawPlan } from '../../src/simulation/plan/draw-plan.js'
import { readTraceFile, recordPlan } from '../../src/simulation/trace/trace-file.js'

/** Typed and bytes, all faults; one whose store breaks, one with an idempotent producer. */
const SEEDS = [1, 5, 10, 14, 46]

const digestOf = (seed: number): string => {
  const { header, frames } = recordPlan(drawPlan({ seed })).trace
  return createHash('sha256').update(traceText({ header, frames })).digest('hex')
}

describe('the same seed', () => {
  test.each(SEEDS)('%i gives the same bytes again, whatever ran before it', (seed) => {
    const first = digestOf(seed)
    digestOf(seed + 1)
    expect(digestOf(seed)).toBe(first)
    expect(digestOf(seed + 100)).not.toBe(first)
  })

  test('gives the same bytes in another process', () => {
    const folder = mkdtempSync(join(tmpdir(), 'streambus-trace-'))
    try {
      for (const seed of SEEDS) {
        const file = join(folder, `${seed}.jsonl`)
        execFileSync(process.execPath, [
          'dist/cli/main.js',
          ...['simulate', '--runs', '1', '--seed', `${seed}`, '--trace', file],
        ])
        const digest = createHash('sha256')
          .update(traceText(readTraceFile(file)))
          .digest('hex')
        expect(digest).toBe(digestOf(seed))
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('gives the same bytes with a wrong Date and Math.random, without timers, sockets and files', () => {
    const before = SEEDS.map(digestOf)
    expect(poisoned(() => SEEDS.map(digestOf))).toEqual(before)
  })
})

const require = createRequire(import.meta.url)

/** Clocks and chance tell nonsense, and whoever sets a timer or opens something hears of it. */
const poisoned = <A>(run: () => A): A => {
  const touched = (name: string) => (): never => {
    throw new Error(`${name} was touched`)
  }
  const undo: (() => void)[] = []
  const replace = (object: object, name: string, by: unknown): void => {
    const real = Reflect.get(object, name) as unknown
    Reflect.set(object, name, by)
    undo.push(() => Reflect.set(object, name, real))
  }
  const replaceAll = (object: object, ...names: readonly string[]): void => {
    for (const name of names) replace(object, name, touched(name))
  }
  let nonsense = 0
  class WrongDate extends Date {
    constructor() {
      super(++nonsense)
    }
    static override now = () => ++nonsense
  }
  replace(globalThis, 'Date', WrongDate)
  replace(Math, 'random', () => 0.5)
  replace(performance, 'now', () => ++nonsense)
  replaceAll(globalThis, 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask')
  replaceAll(process, 'nextTick', 'hrtime')
  replaceAll(require('node:net') as object, 'connect', 'createConnection', 'createServer', 'Socket')
  replaceAll(require('node:fs') as object, 'openSync', 'readFileSync', 'writeFileSync', 'open')
  replaceAll(require('node:fs/promises') as object, 'open', 'readFile', 'writeFile')
  syncBuiltinESMExports()
  try {
    return run()
  } finally {
    for (const one of undo.reverse()) one()
    syncBuiltinESMExports()
  }
}

describe('a trace', () => {
  test('holds nothing random: no session ids, no member ids, no times but virtual ones', () => {
    for (const seed of SEEDS) {
      const { trace, outcome } = recordPlan(drawPlan({ seed }))
      expect(outcome.violations).toEqual([])
      const lines = traceText(trace)
      expect(lines).not.toMatch(/x:\d|[0-9a-f]{8}-[0-9a-f]{4}-/)
      trace.frames.forEach((frame, index) => {
        expect(frame.seq).toBe(index)
        expect(frame.t).toBeGreaterThanOrEqual(trace.frames[index - 1]?.t ?? 0)
        expect(frame.t).toBeLessThan(600_000)
      })
    }
  })

  test('orders what one process could have known of another', () => {
    const { frames } = recordPlan(drawPlan({ seed: 1 })).trace
    const sent = new Map<string, number>()
    let received = 0
    for (const frame of frames) {
      if (frame.kind !== 'message') continue
      if (frame.way === 'send') sent.set(frame.id, frame.lamport)
      if (frame.way !== 'receive') continue
      received++
      expect(frame.lamport).toBeGreaterThan(sent.get(frame.id)!)
    }
    expect(received).toBeGreaterThan(100)
  })
})
