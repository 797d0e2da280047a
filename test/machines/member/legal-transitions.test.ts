import { expect, test, vi } from 'vitest'
import { createActor } from 'xstate'
import { legalTransitions } from '../../../src/machines/member/legal-transitions.js'
import { memberMachine } from '../../../src/machines/member/member-machine.js'
import { testRules } from '../test-rules.js'
import { baseInput, MemberChart } from './member-chart.js'
import { outsideEvents } from './member-events.js'
import { memberTable } from './member-rules.js'

testRules(memberTable, new MemberChart())

test('left is the end: the actor has stopped, nothing reaches it', () => {
  let recorded = 0
  const machine = memberMachine.provide({ actions: { recordIgnored: () => recorded++ } })
  const actor = createActor(machine, { input: baseInput }).start()
  actor.send({ type: 'poll.resumed' })
  expect(recorded).toBe(1)
  actor.send({ type: 'close', leaveGroup: true })
  expect(actor.getSnapshot()).toMatchObject({ value: 'left', status: 'done' })
  // XState warns of each in its development build.
  const warnings = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  for (const event of outsideEvents(actor.getSnapshot().context)) {
    expect(legalTransitions.left[event.type]).toEqual(['stays'])
    actor.send(event)
  }
  warnings.mockRestore()
  expect(actor.getSnapshot().value).toBe('left')
  expect(recorded).toBe(1)
})
