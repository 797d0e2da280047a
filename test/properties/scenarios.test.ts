import { describe, expect, it } from 'vitest'
import { runScript, type Step } from '../../src/simulation/script.js'

const wait = (ms: number): Step => ({ do: 'wait', ms })
const start = (member: number): Step => ({ do: 'start', member })

describe('scenarios', () => {
  it.each(['range', 'cooperative-sticky'])(
    'a rebalance that takes longer than the session timeout does not fence who waits (%s)',
    (assignmentStrategy) => {
      // One member works for up to 3 s on what it has in hand; the others wait in JoinGroup.
      const consumer = { assignmentStrategy, sessionTimeoutMs: 1_000, heartbeatIntervalMs: 300 }
      const steps: Step[] = []
      for (let member = 0; member < 4; member++) {
        steps.push(start(member), { do: 'produce', records: 8 }, wait(1_500))
      }
      const { violations, world } = runScript(
        {
          seed: 3,
          partitions: 4,
          maxWorkMs: 3_000,
          consumer: { ...consumer, drainTimeoutMs: 3_500 },
        },
        steps,
      )
      const fenced = world.trace.frames.filter(
        ({ kind, state }) => kind === 'transition' && JSON.stringify(state).includes('losing'),
      )
      world.close()
      expect(violations).toEqual([])
      expect(fenced).toEqual([])
    },
  )
})
