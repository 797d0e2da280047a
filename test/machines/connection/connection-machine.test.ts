import { describe, expect, test } from 'vitest'
import { getInitialSnapshot, getNextSnapshot, type SnapshotFrom, transition } from 'xstate'
import {
  type ConnectionMachine,
  connectionMachine,
} from '../../../src/machines/connection/connection-machine.js'
import { backoffDelay, type ConnectionContext } from '../../../src/machines/connection/context.js'
import type { ConnectionEvent, ConnectionState } from '../../../src/machines/connection/events.js'
import {
  type Decision,
  legalOutcomes,
  legalTransitions,
} from '../../../src/machines/connection/legal-transitions.js'

type Snapshot = SnapshotFrom<ConnectionMachine>

const input = { backoffMs: 50, backoffMaxMs: 1000 }
const failure = (jitter = 0.5) => ({
  error: { code: 'BROKER_UNREACHABLE', message: 'connection refused' } as const,
  jitter,
})
const events: readonly ConnectionEvent[] = [
  { type: 'connection.wanted' },
  { type: 'connection.lost', ...failure() },
  { type: 'address.changed' },
  { type: 'close' },
]

const start = (): Snapshot => getInitialSnapshot(connectionMachine, input)
const next = (snapshot: Snapshot, ...types: readonly unknown[]): Snapshot =>
  types.reduce<Snapshot>(
    (at, event) => getNextSnapshot(connectionMachine, at, event as ConnectionEvent),
    snapshot,
  )
const done = (id: 'dial' | 'negotiate', output: unknown) => ({
  type: `xstate.done.actor.${id}`,
  actorId: id,
  output,
})
const defect = (id: 'dial' | 'negotiate') => ({
  type: `xstate.error.actor.${id}`,
  actorId: id,
  error: new Error('bug'),
})
const timeUp = { type: 'xstate.after.reconnectBackoff.connection.backingOff' }
const wanted = { type: 'connection.wanted' }
const dialed = done('dial', { tag: 'dialed' })
const negotiated = done('negotiate', { tag: 'negotiated' })
const unreachable = done('dial', { tag: 'unreachable', ...failure() })
const refused = done('negotiate', { tag: 'refused', ...failure() })

const inState: Record<ConnectionState, () => Snapshot> = {
  idle: start,
  dialing: () => next(start(), wanted),
  negotiating: () => next(start(), wanted, dialed),
  ready: () => next(start(), wanted, dialed, negotiated),
  backingOff: () => next(start(), wanted, unreachable),
  closed: () => next(start(), { type: 'close' }),
}
const states = Object.keys(inState) as ConnectionState[]

describe('connection machine', () => {
  test('the table names exactly the states of the chart', () => {
    expect(Object.keys(legalTransitions)).toEqual(Object.keys(connectionMachine.states))
  })

  for (const state of states) {
    test(`${state}: every event does what the table says`, () => {
      for (const event of events) {
        const [first, otherwise]: readonly Decision[] = legalTransitions[state][event.type]
        const before = inState[state]()
        expect(before.value).toBe(state)
        const now = otherwise ?? first
        expect(next(before, event).value).toBe(now === 'stays' ? state : now)
        if (otherwise !== undefined) {
          expect(next(before, wanted, event).value, 'when wanted').toBe(first)
        }
      }
    })
  }

  test('every event of every state is written down in the chart, none falls through', () => {
    for (const state of states) {
      if (state === 'closed') continue
      const on = connectionMachine.config.states?.[state]?.on ?? {}
      expect([...Object.keys(on), 'close'].sort()).toEqual(events.map(({ type }) => type).sort())
    }
  })

  test('outcomes and time move it as the table says', () => {
    const { dialing, negotiating, backingOff } = legalOutcomes
    expect(next(inState.dialing(), dialed).value).toBe(dialing.dialed)
    expect(next(inState.dialing(), unreachable).value).toBe(dialing.unreachable)
    expect(next(inState.dialing(), defect('dial')).value).toBe(dialing.defect)
    expect(next(inState.negotiating(), negotiated).value).toBe(negotiating.negotiated)
    expect(next(inState.negotiating(), refused).value).toBe(negotiating.refused)
    expect(next(inState.negotiating(), defect('negotiate')).value).toBe(negotiating.defect)
    expect(next(inState.backingOff(), wanted, timeUp).value).toBe(backingOff['time, wanted'])
    expect(next(inState.backingOff(), timeUp).value).toBe(backingOff['time, not wanted'])
  })

  test('a failure is counted and kept until the connection is ready again', () => {
    const twice = next(inState.backingOff(), wanted, timeUp, unreachable)
    expect(twice.context).toMatchObject({ failures: 2, error: failure().error, wanted: false })
    const ready = next(twice, wanted, timeUp, dialed, negotiated)
    expect(ready.context).toMatchObject({ failures: 0, error: null, wanted: false })
    const lost = next(ready, events[1])
    expect(lost.context).toMatchObject({ failures: 1, error: failure().error })
    expect(Object.keys(lost.context).sort()).toEqual(Object.keys(start().context).sort())
  })

  test('a new address is dialed at once, without the old one’s failures', () => {
    const changed = next(inState.backingOff(), wanted, { type: 'address.changed' })
    expect(changed.value).toBe('dialing')
    expect(changed.context).toMatchObject({ failures: 0, error: null })
  })

  const names = (snapshot: Snapshot, event: unknown): readonly string[] =>
    transition(connectionMachine, snapshot, event as ConnectionEvent)[1].map(({ type }) => type)

  test('the stream is dropped and the waiting are told on each way out', () => {
    expect(names(inState.ready(), events[1])).toEqual(
      expect.arrayContaining(['dropStream', 'announceFailure']),
    )
    expect(names(inState.negotiating(), refused)).toEqual(
      expect.arrayContaining(['dropStream', 'announceFailure']),
    )
    expect(names(inState.negotiating(), { type: 'address.changed' })).toContain('dropStream')
    expect(names(inState.ready(), { type: 'close' })).toEqual(
      expect.arrayContaining(['dropStream', 'announceClosed']),
    )
    expect(names(inState.negotiating(), negotiated)).toContain('announceReady')
    expect(names(inState.ready(), { type: 'address.changed' })).not.toContain('dropStream')
  })

  test('a snapshot is plain JSON', () => {
    for (const state of states) {
      const { context } = inState[state]()
      expect(JSON.parse(JSON.stringify(context))).toEqual(context)
    }
  })
})

describe('back-off', () => {
  const delay = (failures: number, jitter: number): number =>
    backoffDelay({ ...start().context, failures, jitter } satisfies ConnectionContext)

  test('doubles with each failure up to the maximum', () => {
    expect([1, 2, 3, 4, 5, 6, 60].map((failures) => delay(failures, 0.5))).toEqual([
      50, 100, 200, 400, 800, 1000, 1000,
    ])
  })

  test('spreads by 20 % to either side', () => {
    expect(delay(1, 0)).toBe(40)
    expect(delay(1, 0.999_999)).toBe(60)
    expect(delay(60, 0)).toBe(800)
  })
})
