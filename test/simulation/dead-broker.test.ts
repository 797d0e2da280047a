import { expect, test } from 'vitest'
import { drawPlan } from '../../src/simulation/plan/draw-plan.js'
import { recordPlan } from '../../src/simulation/trace/trace-file.js'

const SEEDS = Array.from({ length: 40 }, (_, index) => index + 1)

/** What a crash tells: the sockets that it closes, and what of the last writes reached the disk. */
const isOfTheCrash = (kind: string, fact?: string): boolean =>
  kind === 'message' || fact === 'flush' || fact === 'topic'

test('a broker that was killed does nothing more, also where its disk took the last writes', () => {
  let flushes = 0
  for (const seed of SEEDS) {
    const { frames } = recordPlan(drawPlan({ seed, faults: ['process'], transport: 'typed' })).trace
    for (const [index, frame] of frames.entries()) {
      if (frame.kind !== 'fact' || frame.fact !== 'broker.down') continue
      for (let at = index - 1; frames[at]!.t === frame.t; at--) {
        const before = frames[at]!
        if (before.kind === 'fact' && before.fact === 'fault') break
        const fact = before.kind === 'fact' ? before.fact : undefined
        expect(isOfTheCrash(before.kind, fact), `seed ${seed}: ${JSON.stringify(before)}`).toBe(
          true,
        )
        if (fact === 'flush') flushes++
      }
    }
  }
  expect(flushes).toBeGreaterThan(0)
})
