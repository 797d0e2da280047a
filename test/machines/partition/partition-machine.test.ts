import { describe, expect, test, vi } from 'vitest'
import { createActor, initialTransition, type SnapshotFrom, transition } from 'xstate'
import type { PartitionEvent } from '../../../src/machines/partition/events.js'
import {
  type Decision,
  legalTransitions,
  type PartitionState,
} from '../../../src/machines/partition/legal-transitions.js'
import {
  type PartitionMachine,
  partitionMachine,
} from '../../../src/machines/partition/partition-machine.js'

type Snapshot = SnapshotFrom<PartitionMachine>

const input = { topic: 'events', partition: 3, generation: 7, paused: false }
const error = { code: 'CORRUPT_BATCH', message: 'events-3: corrupt at offset 9' } as const
const events: readonly PartitionEvent[] = [
  { type: 'position.resolved', offset: 5, from: 'seek' },
  { type: 'position.lost' },
  { type: 'buffer.filled' },
  { type: 'buffer.emptied' },
  { type: 'pause' },
  { type: 'resume', buffered: true },
  { type: 'resume', buffered: false },
  { type: 'revoke' },
  { type: 'release' },
  { type: 'lose' },
  { type: 'fail', error },
]

const start = (paused = false): Snapshot =>
  initialTransition(partitionMachine, { ...input, paused })[0]

interface Edge {
  readonly from: Snapshot
  readonly event: PartitionEvent
  readonly to: Snapshot
  readonly decision: Decision
}

/** Every reachable place by every event: few, so all of them. */
const explore = (): { nodes: Snapshot[]; edges: Edge[] } => {
  const nodes: Snapshot[] = []
  const edges: Edge[] = []
  const seen = new Set<string>()
  const visit = (snapshot: Snapshot): void => {
    const { paused, error, startOffset } = snapshot.context
    const key = JSON.stringify([snapshot.value, paused, error !== null, startOffset])
    if (seen.has(key)) return
    seen.add(key)
    nodes.push(snapshot)
  }
  visit(start())
  visit(start(true))
  for (let index = 0; index < nodes.length; index++) {
    const from = nodes[index]!
    if (from.status !== 'active') continue
    for (const event of events) {
      const [to, actions] = transition(partitionMachine, from, event)
      const isIgnored = actions.some(({ type }) => type === 'recordIgnored')
      const decision = isIgnored ? 'ignored' : to.value === from.value ? 'stays' : to.value
      edges.push({ from, event, to, decision })
      visit(to)
    }
  }
  return { nodes, edges }
}

const { nodes, edges } = explore()
const through = (...sent: readonly PartitionEvent[]): Snapshot =>
  sent.reduce((at, event) => transition(partitionMachine, at, event)[0], start())
const at = (offset: number): PartitionEvent => ({ type: 'position.resolved', offset, from: 'seek' })

describe('the partition chart', () => {
  test('the table names exactly the states of the chart, and all are reached', () => {
    const states = Object.keys(partitionMachine.states).sort()
    expect(Object.keys(legalTransitions).sort()).toEqual(states)
    expect([...new Set(nodes.map(({ value }) => value))].sort()).toEqual(states)
  })

  for (const state of Object.keys(legalTransitions) as PartitionState[]) {
    test(`${state}: every event does what the table says, and all of it occurs`, () => {
      for (const type of new Set(events.map((event) => event.type))) {
        if (state === 'released' || state === 'lost') {
          expect(legalTransitions[state][type]).toEqual(['stays'])
          continue
        }
        const seen = edges
          .filter(({ from, event }) => from.value === state && event.type === type)
          .map(({ decision }) => decision)
        expect([...new Set(seen)].sort(), type).toEqual([...legalTransitions[state][type]].sort())
      }
    })
  }

  test('an ended partition hears nothing', () => {
    for (const end of [{ type: 'release' }, { type: 'lose' }] as const) {
      const actor = createActor(partitionMachine, { input }).start()
      actor.send(end)
      const { value } = actor.getSnapshot()
      expect(actor.getSnapshot().status).toBe('done')
      const warnings = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
      for (const event of events) actor.send(event)
      warnings.mockRestore()
      expect(actor.getSnapshot().value).toBe(value)
    }
  })

  test('from everywhere a revoke ends in release and a loss in loss', () => {
    for (const node of nodes) {
      if (node.status !== 'active') continue
      const [draining] = transition(partitionMachine, node, { type: 'revoke' })
      expect(draining.value).toBe('draining')
      expect(transition(partitionMachine, draining, { type: 'release' })[0].value).toBe('released')
      expect(transition(partitionMachine, draining, { type: 'lose' })[0].value).toBe('lost')
      expect(transition(partitionMachine, node, { type: 'lose' })[0].value).toBe('lost')
    }
  })

  test('nothing wakes a partition that is being revoked', () => {
    for (const { from, event, to } of edges) {
      if (from.value !== 'draining') continue
      if (event.type === 'release' || event.type === 'lose') continue
      expect(to.value).toBe('draining')
    }
  })

  test('a pause is never forgotten: it is paused again wherever a position comes', () => {
    for (const { to } of edges) {
      if (to.value === 'fetching' || to.value === 'buffered') expect(to.context.paused).toBe(false)
      if (to.value === 'paused') expect(to.context.paused).toBe(true)
    }
    expect(through({ type: 'pause' }, at(0)).value).toBe('paused')
    const resumed = through({ type: 'pause' }, { type: 'resume', buffered: false }, at(0))
    expect(resumed.value).toBe('fetching')
    const failedWhilePaused = through(at(0), { type: 'pause' }, { type: 'fail', error }, at(10))
    expect(failedWhilePaused.value).toBe('paused')
    const lostWhilePaused = through(at(0), { type: 'pause' }, { type: 'position.lost' }, at(0))
    expect(lostWhilePaused.value).toBe('paused')
  })

  test('an error is there as long as it holds, and a seek past it takes it away', () => {
    for (const { to } of edges) {
      if (to.value === 'failed') expect(to.context.error).toEqual(error)
      else if (to.status === 'active' && to.value !== 'draining') {
        expect(to.context.error).toBeNull()
      }
    }
  })

  test('it says where it started and why', () => {
    expect(through(at(5)).context).toMatchObject({ startOffset: 5, startedFrom: 'seek' })
    const committed = through({ type: 'position.resolved', offset: 9, from: 'committed' })
    expect(committed.context).toMatchObject({ startOffset: 9, startedFrom: 'committed' })
  })

  test('a context is plain JSON', () => {
    for (const { context } of nodes) expect(JSON.parse(JSON.stringify(context))).toEqual(context)
  })
})
