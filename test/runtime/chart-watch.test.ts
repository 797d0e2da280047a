import { expect, test } from 'vitest'
import { createActor, setup } from 'xstate'
import { type ChartStep, ChartWatch } from '../../src/runtime/chart-watch.js'

const machine = setup({}).createMachine({
  id: 'lamp',
  initial: 'off',
  context: { cause: null },
  states: {
    off: { on: { press: 'on.dim', look: {}, '*': { actions: () => undefined } } },
    on: {
      initial: 'dim',
      states: { dim: { on: { press: 'bright' } }, bright: { always: '#lamp.broken' } },
      on: { cut: 'off' },
    },
    broken: { type: 'final' },
  },
})

const stepsOf = (...events: readonly string[]): ChartStep[] => {
  const steps: ChartStep[] = []
  const watch = new ChartWatch((_, step) => steps.push(step))
  const actor = createActor(machine, { id: 'lamp/1', inspect: (event) => watch.see(event) })
  actor.start()
  for (const type of events) actor.send({ type })
  return steps
}

// `_transitions` of a microstep is XState's own: this fails when a new version tells it otherwise.
test('tells where a chart was, where it is, and which transitions it took', () => {
  expect(stepsOf('press', 'cut')).toEqual([
    { chart: 'lamp', event: 'init', from: '', states: 'off', taken: [] },
    { chart: 'lamp', event: 'press', from: 'off', states: 'on.dim', taken: ['off -> on.dim'] },
    { chart: 'lamp', event: 'cut', from: 'on.dim', states: 'off', taken: ['on -> off'] },
  ])
})

test('an event that changes nothing, one that nobody expects, and one that nobody takes', () => {
  expect(stepsOf('look', 'kick').slice(1)).toEqual([
    { chart: 'lamp', event: 'look', from: 'off', states: 'off', taken: ['off -> stays'] },
    {
      chart: 'lamp',
      event: 'kick',
      from: 'off',
      states: 'off',
      taken: ['off -> stays'],
      ignored: true,
    },
  ])
  expect(stepsOf('press', 'kick').at(-1)).toMatchObject({ states: 'on.dim', taken: [] })
})

test('several microsteps of one event are one step with all that was taken', () => {
  const last = stepsOf('press', 'press').at(-1)
  expect(last).toMatchObject({ from: 'on.dim', states: 'broken' })
  expect(last!.taken).toEqual(['on.dim -> on.bright', 'on.bright -> broken'])
})
