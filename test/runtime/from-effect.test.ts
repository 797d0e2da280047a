import * as Effect from 'effect/Effect'
import { describe, expect, test } from 'vitest'
import { type AnyEventObject, createActor, setup } from 'xstate'
import { fromEffect } from '../../src/runtime/from-effect.js'
import { makeRuntime, type Runtime, realRuntime } from '../../src/runtime/runtime.js'
import { VirtualTime } from '../../src/simulation/time/virtual-time.js'

/** A machine that invokes one Effect and remembers how it ended. */
const host = (runtime: Runtime, make: () => Effect.Effect<unknown, unknown>) => {
  const seen: AnyEventObject[] = []
  const machine = setup({
    actors: { work: fromEffect(() => runtime.run(make())) },
    actions: {
      note: ({ event }) => {
        seen.push(event)
      },
    },
  }).createMachine({
    initial: 'working',
    on: { '*': { actions: 'note' } },
    states: {
      working: {
        invoke: {
          src: 'work',
          id: 'work',
          onDone: { target: 'ended', actions: 'note' },
          onError: { target: 'ended', actions: 'note' },
        },
        on: { stop: 'ended', again: { target: 'working', reenter: true } },
      },
      ended: {},
    },
  })
  const actor = runtime.actor(machine, { id: 'host' })
  return { actor, seen }
}

describe('an Effect as an actor', () => {
  test('its value is the machine’s done event, also when it ends before it has begun to wait', () => {
    const time = new VirtualTime('effect')
    const { actor, seen } = host(time.runtime, () => Effect.succeed({ tag: 'fine' }))
    actor.start()
    time.settle()
    expect(actor.getSnapshot().value).toBe('ended')
    expect(seen).toMatchObject([{ type: 'xstate.done.actor.work', output: { tag: 'fine' } }])
  })

  test('one that waits ends on the runtime’s clock', () => {
    const time = new VirtualTime('effect')
    const { actor, seen } = host(time.runtime, () => Effect.as(Effect.sleep(250), 'late'))
    actor.start()
    time.runFor(249)
    expect(actor.getSnapshot().value).toBe('working')
    time.runFor(1)
    expect(seen).toMatchObject([{ output: 'late' }])
  })

  for (const [what, effect] of [
    ['a failure', Effect.fail(new Error('bug'))],
    ['a defect', Effect.die(new Error('bug'))],
  ] as const) {
    test(`${what} reaches the machine as an error`, () => {
      const time = new VirtualTime('effect')
      const { actor, seen } = host(time.runtime, () => effect)
      actor.start()
      time.settle()
      expect(seen).toMatchObject([{ type: 'xstate.error.actor.work', error: { message: 'bug' } }])
    })
  }

  test('leaving the state interrupts it, with its finalizers, and nothing comes of it later', () => {
    const time = new VirtualTime('effect')
    const log: string[] = []
    const { actor, seen } = host(time.runtime, () =>
      Effect.onInterrupt(
        Effect.andThen(
          Effect.sleep(100),
          Effect.sync(() => log.push('went on')),
        ),
        () => Effect.sync(() => log.push('interrupted')),
      ),
    )
    actor.start()
    time.runFor(50)
    actor.send({ type: 'stop' })
    expect(log).toEqual(['interrupted'])
    time.runFor(1_000)
    expect(log).toEqual(['interrupted'])
    expect(seen).toEqual([])
    expect(time.step(100_000)).toBe(false)
  })

  test('entering the state again starts it anew: only the new one counts', () => {
    const time = new VirtualTime('effect')
    let runs = 0
    const { actor, seen } = host(time.runtime, () => {
      const run = ++runs
      return Effect.as(Effect.sleep(100), run)
    })
    actor.start()
    time.runFor(60)
    actor.send({ type: 'again' })
    time.runFor(60)
    expect(seen).toEqual([])
    time.runFor(40)
    expect(seen).toMatchObject([{ output: 2 }])
  })

  test('it is told its input and its parent', () => {
    const time = new VirtualTime('effect')
    let given: unknown
    const logic = fromEffect<number, never, { readonly n: number }>(({ input, parent }) => {
      given = { input, parent }
      return time.runtime.run(Effect.succeed(input.n))
    })
    const actor = createActor(logic, { input: { n: 7 } }).start()
    time.settle()
    expect(given).toEqual({ input: { n: 7 }, parent: undefined })
    expect(actor.getSnapshot()).toMatchObject({ status: 'done', output: 7 })
  })
})

describe('one clock and one random', () => {
  test('Effect, XState and timers wait on the same clock, and chance comes from one place', () => {
    const time = new VirtualTime('one')
    const log: string[] = []
    const { runtime } = time
    runtime.run(
      Effect.andThen(
        Effect.sleep(20),
        Effect.sync(() => log.push(`effect ${time.now}`)),
      ),
    )
    time.clock.setTimeout(() => log.push(`timer ${time.now}`), 10)
    const machine = setup({
      actions: { note: () => log.push(`chart ${time.now}`) },
      delays: { soon: 15 },
    }).createMachine({
      initial: 'a',
      states: { a: { after: { soon: { target: 'b', actions: 'note' } } }, b: {} },
    })
    runtime.actor(machine, { id: 'clock' }).start()
    time.runFor(100)
    expect(log).toEqual(['timer 10', 'chart 15', 'effect 20'])
    const draws = (seed: string): number[] => {
      const { random } = makeRuntime({ clock: time.clock, random: new VirtualTime(seed).random })
      return [random(), random()]
    }
    expect(draws('x')).toEqual(draws('x'))
    expect(draws('x')).not.toEqual(draws('y'))
  })

  test('the real runtime is one for the process, and its promises carry the error itself', async () => {
    expect(realRuntime()).toBe(realRuntime())
    const error = new Error('mine')
    await expect(realRuntime().promise(Effect.fail(error))).rejects.toBe(error)
  })

  test('an aborted promise interrupts its Effect', async () => {
    const controller = new AbortController()
    let isInterrupted = false
    const waiting = realRuntime().promise(
      Effect.onInterrupt(Effect.never, () =>
        Effect.sync(() => {
          isInterrupted = true
        }),
      ),
      controller.signal,
    )
    controller.abort()
    await expect(waiting).rejects.toThrow()
    expect(isInterrupted).toBe(true)
  })
})
