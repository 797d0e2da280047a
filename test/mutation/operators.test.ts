import { describe, expect, test } from 'vitest'
import { fromCallback, setup, transition } from 'xstate'
import { fingerprint, normalised } from './chart-config.js'
import { drawn, operators } from './mutant.js'
import { type ChartKind, machineOf, mutantsOf } from './mutants.js'

const toySetup = setup({
  types: { events: {} as { type: 'go' } | { type: 'stop' } | { type: 'hush' } },
  guards: { isReady: () => true, isLoud: () => false },
  actions: { ring: () => {}, note: () => {} },
  actors: { work: fromCallback(() => {}) },
  delays: { patience: 100 },
})

const toyMachine = toySetup.createMachine({
  id: 'toy',
  initial: 'idle',
  on: { '*': { actions: 'note' } },
  states: {
    idle: { on: { go: 'busy' } },
    busy: {
      initial: 'starting',
      entry: 'ring',
      exit: ['ring'],
      on: { hush: {}, stop: { target: 'idle', reenter: true } },
      states: {
        starting: {
          always: [
            { guard: 'isReady', target: 'working' },
            { guard: 'isLoud', target: '#toy.done', actions: ['ring', 'note'] },
          ],
        },
        working: {
          after: { patience: '#toy.idle' },
          invoke: { src: 'work', id: 'work', onDone: { target: '#toy.done' } },
        },
      },
    },
    done: { type: 'final' },
  },
})

const toy: ChartKind<typeof toyMachine> = {
  name: 'toy',
  config: toyMachine.config,
  events: ['go', 'stop', 'hush'],
  make: (config) => toySetup.createMachine(config as never) as never,
}

type Tree = Readonly<Record<string, unknown>>

const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const text = (value: unknown): string => fingerprint({ value })
const sorted = (list: readonly unknown[]): string => list.map(text).sort().join()

/** The places in which two configs differ; a list with one more, one less or swapped is one. */
const differences = (a: unknown, b: unknown, place = ''): string[] => {
  if (text(a) === text(b)) return []
  if (isTree(a) && isTree(b)) {
    const keys = new Set([...Object.keys(a), ...Object.keys(b)])
    return [...keys].flatMap((key) => differences(a[key], b[key], `${place}/${key}`))
  }
  if (Array.isArray(a) && Array.isArray(b) && a.length === b.length && sorted(a) !== sorted(b)) {
    return a.flatMap((one, index) => differences(one, b[index], `${place}/${index}`))
  }
  return [place]
}

describe('the mutants of a toy', () => {
  const { all, identical } = mutantsOf(toy)

  test('are these, by ids that stay the same', () => {
    expect(all.map(({ id }) => id).sort()).toMatchInlineSnapshot(`
      [
        "toy/(root)/initial/retarget:busy",
        "toy/(root)/initial/retarget:done",
        "toy/(root)/on:*/add:busy",
        "toy/(root)/on:*/add:idle",
        "toy/(root)/on:*/drop",
        "toy/(root)/on:*/without:note",
        "toy/busy.starting/always/swap:isReady,isLoud",
        "toy/busy.starting/always[isLoud]/drop",
        "toy/busy.starting/always[isLoud]/negate:isLoud",
        "toy/busy.starting/always[isLoud]/retarget:busy.working",
        "toy/busy.starting/always[isLoud]/retarget:idle",
        "toy/busy.starting/always[isLoud]/retarget:nowhere",
        "toy/busy.starting/always[isLoud]/unguard:isLoud",
        "toy/busy.starting/always[isLoud]/without:note",
        "toy/busy.starting/always[isLoud]/without:ring",
        "toy/busy.starting/always[isReady]/drop",
        "toy/busy.starting/always[isReady]/negate:isReady",
        "toy/busy.starting/always[isReady]/retarget:done",
        "toy/busy.starting/always[isReady]/retarget:idle",
        "toy/busy.starting/always[isReady]/retarget:nowhere",
        "toy/busy.starting/always[isReady]/unguard:isReady",
        "toy/busy.starting/on:go/add:done",
        "toy/busy.starting/on:go/add:idle",
        "toy/busy.starting/on:hush/add:done",
        "toy/busy.starting/on:hush/add:idle",
        "toy/busy.working/after:patience/drop",
        "toy/busy.working/after:patience/retarget:busy",
        "toy/busy.working/after:patience/retarget:done",
        "toy/busy.working/after:patience/retarget:nowhere",
        "toy/busy.working/done:work/drop",
        "toy/busy.working/done:work/retarget:busy",
        "toy/busy.working/done:work/retarget:idle",
        "toy/busy.working/done:work/retarget:nowhere",
        "toy/busy.working/invoke:work/drop",
        "toy/busy.working/on:go/add:done",
        "toy/busy.working/on:go/add:idle",
        "toy/busy.working/on:hush/add:done",
        "toy/busy.working/on:hush/add:idle",
        "toy/busy/entry/without:ring",
        "toy/busy/exit/without:ring",
        "toy/busy/initial/retarget:working",
        "toy/busy/on:hush/add:done",
        "toy/busy/on:hush/add:idle",
        "toy/busy/on:hush/drop",
        "toy/busy/on:stop/drop",
        "toy/busy/on:stop/no-reenter",
        "toy/busy/on:stop/retarget:busy",
        "toy/busy/on:stop/retarget:done",
        "toy/busy/on:stop/retarget:nowhere",
        "toy/idle/on:go/drop",
        "toy/idle/on:go/retarget:done",
        "toy/idle/on:go/retarget:nowhere",
        "toy/idle/on:hush/add:busy",
        "toy/idle/on:hush/add:done",
        "toy/idle/on:stop/add:busy",
        "toy/idle/on:stop/add:done",
      ]
    `)
    expect(identical).toEqual([])
  })

  test('come from every operator, each with an id of its own', () => {
    expect(new Set(all.map(({ operator }) => operator))).toEqual(new Set(operators))
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
  })

  test('differ from the chart in exactly one place', () => {
    const original = normalised(toyMachine.config)
    const places = all.map(({ id, apply }) => [id, differences(original, apply()).length])
    expect(places.filter(([, count]) => count !== 1)).toEqual([])
  })

  test('leave the chart as it is', () => {
    const before = fingerprint(toyMachine.config)
    for (const mutant of all) machineOf(toy, mutant.apply())
    expect(fingerprint(toyMachine.config)).toBe(before)
  })

  test('can be made, one after the other the same', () => {
    for (const { id, apply } of all) {
      expect(machineOf(toy, apply()), id).toBeDefined()
      expect(fingerprint(apply()), id).toBe(fingerprint(apply()))
    }
  })
})

describe('what is left out', () => {
  test('a change that changes nothing', () => {
    const twice = toySetup.createMachine({ initial: 'a', states: { a: { entry: [] } } })
    expect(mutantsOf({ ...toy, config: twice.config, events: [] }).all).toEqual([])
    const same = { initial: 'a', on: { go: [guarded('a'), guarded('a')] }, states: { a: {} } }
    const { all, identical } = mutantsOf({ ...toy, config: { id: 'toy', ...same }, events: [] })
    expect(identical).toEqual(['toy/(root)/on:go/swap:isReady,isReady'])
    expect(all.map(({ id }) => id)).not.toContain(identical[0])
  })

  test('a config that XState refuses', () => {
    const config = normalised({ initial: 'a', states: { a: { on: { go: 'nowhere' } } } })
    expect(machineOf(toy, config)).toBeUndefined()
  })
})

test('a circle of `always` comes to an end as an error', () => {
  const circle = normalised({
    initial: 'idle',
    states: {
      idle: { on: { go: 'here' } },
      here: { always: { target: 'there' } },
      there: { always: { target: 'here' } },
    },
  })
  const machine = machineOf(toy, circle)!
  const idle = machine.resolveState({ value: 'idle' } as never)
  expect(() => transition(machine, idle, { type: 'go' })).toThrow('Infinite loop')
})

test('the one form of a config means the same machine', () => {
  const machine = toy.make(normalised(toyMachine.config))
  const idle = machine.resolveState({ value: 'idle' } as never)
  const [busy, actions] = transition(machine, idle, { type: 'go' })
  expect(busy.value).toEqual({ busy: 'working' })
  expect(actions.map(({ type }) => type)).toContain('ring')
})

test('a sample is the same each time, and another one by another seed', () => {
  const ids = Array.from({ length: 50 }, (_, index) => ({ id: `m${index}` }))
  expect(drawn(ids, 5)).toEqual(drawn(ids, 5))
  expect(drawn(ids, 5, 'other')).not.toEqual(drawn(ids, 5))
})

const guarded = (target: string) => ({ guard: 'isReady', target })
