import { expect, test, vi } from 'vitest'
import { createActor } from 'xstate'
import { legalTransitions } from '../../../src/machines/partition/legal-transitions.js'
import { partitionMachine } from '../../../src/machines/partition/partition-machine.js'
import { testRules } from '../test-rules.js'
import { events, input, PartitionChart } from './partition-chart.js'
import { partitionRules, partitionTable } from './partition-rules.js'

testRules({ ...partitionTable, ...partitionRules }, new PartitionChart())

test('an ended partition hears nothing', () => {
  for (const end of [{ type: 'release' }, { type: 'lose' }] as const) {
    const actor = createActor(partitionMachine, { input }).start()
    actor.send(end)
    const { value } = actor.getSnapshot()
    expect(actor.getSnapshot().status).toBe('done')
    const warnings = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    for (const event of events) {
      expect(legalTransitions[value][event.type]).toEqual(['stays'])
      actor.send(event)
    }
    warnings.mockRestore()
    expect(actor.getSnapshot().value).toBe(value)
  }
})
