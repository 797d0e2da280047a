import * as Effect from 'effect/Effect'
import { expect, test } from 'vitest'
import { createActor, setup } from 'xstate'
import { fromEffect } from '../../src/runtime/from-effect.js'
import { HostedChart } from '../../src/runtime/hosted-chart.js'
import type { Runtime } from '../../src/runtime/runtime.js'
import { VirtualTime } from '../../src/simulation/time/virtual-time.js'

const nothing = fromEffect<string, never>(() => {
  throw new Error('not provided')
})

const machine = setup({
  actors: { work: nothing },
  actions: { note: (): void => {} },
}).createMachine({
  initial: 'working',
  states: {
    working: { invoke: { src: 'work', id: 'work', onDone: { target: 'ended', actions: 'note' } } },
    ended: { type: 'final' },
  },
})

interface Host {
  readonly runtime: Runtime
  readonly name: string
  readonly log: string[]
}

const chart = new HostedChart<typeof machine, Host>(machine, (one, { effect, host }) =>
  one.provide({
    actors: { work: effect(({ name }) => Effect.as(Effect.sleep(10), name)) },
    actions: { note: ({ self }) => void host(self).log.push(host(self).name) },
  }),
)

test('one machine serves many hosts, each actor by its own', () => {
  const time = new VirtualTime('hosts')
  const log: string[] = []
  const { runtime } = time
  const actors = ['a', 'b'].map((name) =>
    chart.actor({ runtime, name, log }, { id: name, input: undefined }),
  )
  for (const actor of actors) actor.start()
  time.runFor(20)
  expect(log).toEqual(['a', 'b'])
  expect(actors[0]!.logic).toBe(actors[1]!.logic)
})

test('an actor that was not made by it is a defect, not somebody else’s', () => {
  const time = new VirtualTime('hosts')
  const made = chart.actor(
    { runtime: time.runtime, name: 'a', log: [] },
    { id: 'a', input: undefined },
  )
  const stray = createActor(made.logic, { id: 'stray' })
  let error: unknown
  stray.subscribe({
    error: (thrown) => {
      error = thrown
    },
  })
  stray.start()
  expect(String(error)).toContain('stray has no host')
})
