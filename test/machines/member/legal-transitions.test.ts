import { describe, expect, test, vi } from 'vitest'
import { createActor } from 'xstate'
import {
  legalOutcomes,
  legalTransitions,
  type MemberHappening,
  type MemberPath,
} from '../../../src/machines/member/legal-transitions.js'
import { memberMachine } from '../../../src/machines/member/member-machine.js'
import { baseInput, type Edge, explore, outsideEvents, pathOf, start } from './chart-explorer.js'

const manual = { groupId: null, topics: [], assign: [{ topic: 'a', partition: 0 }] }
const { nodes, edges } = explore([start(), start({ rebalanceProtocol: 'eager' }), start(manual)])

const isOutcome = (happening: MemberHappening): boolean =>
  happening.includes(': ') || happening === 'backoff.elapsed'

/** What was seen in the whole reachable graph, in the words of the table. */
const decided = (edge: Edge): string => {
  const to = pathOf(edge.to.value)
  if (edge.isIgnored) return 'ignored'
  return to === pathOf(edge.from.value) && !isOutcome(edge.happening) ? 'stays' : to
}

const seen = new Map<string, Set<string>>()
for (const edge of edges) {
  const key = `${pathOf(edge.from.value)} + ${edge.happening}`
  seen.set(key, (seen.get(key) ?? new Set()).add(decided(edge)))
}

const transientStates = [
  'joining.identityRejected',
  'syncing.entering',
  'rebalancing.planning',
  'leaving.planning',
  'leaving.deciding',
  'failed.planning',
  'failed.deciding',
]

const chartPaths = Object.entries(memberMachine.states).flatMap(([name, node]) => {
  const inner = Object.keys(node.states)
  return inner.length === 0 ? [name] : inner.map((one) => `${name}.${one}`)
})

describe('the legal transitions of the member chart', () => {
  test('the table names exactly the states in which the chart can rest', () => {
    expect(Object.keys(legalTransitions).sort()).toEqual(
      chartPaths.filter((path) => !transientStates.includes(path)).sort(),
    )
    expect(new Set(nodes.map(({ value }) => pathOf(value)))).toEqual(
      new Set(Object.keys(legalTransitions)),
    )
  })

  for (const path of Object.keys(legalTransitions) as MemberPath[]) {
    if (path === 'left') continue
    test(`${path}: every event does what the table says, and all of it occurs`, () => {
      for (const [event, decisions] of Object.entries(legalTransitions[path])) {
        expect([...(seen.get(`${path} + ${event}`) ?? [])].sort(), event).toEqual(
          [...decisions].sort(),
        )
      }
    })

    test(`${path}: every outcome does what the table says, and all of it occurs`, () => {
      const happened = [...seen].filter(([key]) => key.startsWith(`${path} + `))
      const outcomes = happened
        .map(([key, decisions]) => [key.slice(path.length + 3), decisions] as const)
        .filter(([happening]) => isOutcome(happening as MemberHappening))
      const expected = legalOutcomes[path] ?? {}
      expect(outcomes.map(([happening]) => happening).sort()).toEqual(Object.keys(expected).sort())
      for (const [happening, decisions] of outcomes) {
        const listed = expected[happening as keyof typeof expected] ?? []
        expect([...decisions].sort(), happening).toEqual([...listed].sort())
      }
    })
  }

  test('what comes out of place is recorded, and nothing else is', () => {
    for (const edge of edges) {
      if (edge.isIgnored) expect(pathOf(edge.to.value)).toBe(pathOf(edge.from.value))
    }
    const stale = edges.filter(({ isIgnored }) => isIgnored)
    for (const { actions } of stale)
      expect(actions.map(({ type }) => type)).toEqual(['recordIgnored'])
  })

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

  test('a snapshot’s context is plain JSON everywhere', () => {
    for (const { context } of nodes) expect(JSON.parse(JSON.stringify(context))).toEqual(context)
  })
})
