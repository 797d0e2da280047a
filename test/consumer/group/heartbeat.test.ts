import * as Effect from 'effect/Effect'
import { describe, expect, test } from 'vitest'
import { heartbeat } from '../../../src/consumer/group/heartbeat.js'
import { Lease } from '../../../src/consumer/group/lease.js'
import type { MemberEvent } from '../../../src/machines/member/events.js'
import { VirtualTime } from '../../../src/simulation/time/virtual-time.js'
import { type Answer, code, unreachable } from '../fixtures/fake-transport.js'
import { groupClient } from '../fixtures/group.js'

const world = (answer: (nth: number) => Answer<'Heartbeat'>, options = {}) => {
  const time = new VirtualTime('heartbeat')
  const { client, transport } = groupClient({ Heartbeat: (_, nth) => answer(nth) }, options, time)
  client.lease.confirm(0)
  const reports: { readonly at: number; readonly event: MemberEvent }[] = []
  const identity = { memberId: 'm', generation: 7 }
  const fiber = time.runtime.run(
    heartbeat(client, identity, (event) => reports.push({ at: time.now, event })),
  )
  return { time, client, transport, reports, fiber }
}

const ok = { errorCode: 0 }

describe('the heartbeat', () => {
  test('beats at its interval under the identity of its generation, and says nothing', () => {
    const { time, transport, reports, client } = world(() => ok)
    time.runFor(30_000)
    expect(transport.of('Heartbeat')).toHaveLength(10)
    expect(transport.of('Heartbeat')[0]).toMatchObject({
      groupId: 'group',
      memberId: 'm',
      generationId: 7,
    })
    expect(transport.asked[0]!.options).toMatchObject({ purpose: 'control', owner: 'me' })
    expect([client.lease.heardAt, client.heartbeats]).toEqual([30_000, 10])
    expect(reports).toEqual([])
  })

  test('an answer proves no ownership before SyncGroup is answered', () => {
    const times = { sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 20_000 }
    const { time, client } = world(() => ok, times)
    time.runFor(19_999)
    expect(client.lease.isSure).toBe(true)
    time.runFor(1)
    expect(client.lease.isSure).toBe(false)
    client.lastGeneration = 7
    time.runFor(1_000)
    expect(client.lease.isSure).toBe(true)
  })

  test('a contact counts from when it was asked, not from when it was answered', () => {
    const slow = Effect.as(Effect.sleep(2_000), ok)
    const { time, client } = world(() => slow)
    time.runFor(5_500)
    expect(client.lease.heardAt).toBe(3_000)
  })

  test('silence for a whole session timeout is a loss, told once', () => {
    const { time, reports, client } = world(() => 'silence', { sessionTimeoutMs: 9_000 })
    expect(client.lease.isSure).toBe(true)
    time.runFor(8_999)
    expect(reports).toEqual([])
    time.runFor(60_000)
    expect(client.lease.isSure).toBe(false)
    expect(reports).toEqual([
      {
        at: 9_000,
        event: {
          type: 'session.expired',
          cause: {
            what: 'no answer from the coordinator for the session timeout of 9000 ms',
            evidence: 'observed',
          },
        },
      },
    ])
  })

  test('a broken connection is tried again soon, so that one loss does not cost the session', () => {
    const { time, transport, reports } = world((nth) => (nth < 5 ? unreachable() : ok))
    time.runFor(3_000 + 5 * 250)
    expect(transport.of('Heartbeat')).toHaveLength(6)
    time.runFor(60_000)
    expect(reports).toEqual([])
  })

  test('a moved coordinator is looked up anew', () => {
    const { time, transport } = world((nth) =>
      nth === 0 ? { errorCode: code('NOT_COORDINATOR') } : ok,
    )
    time.runFor(3_500)
    expect(transport.forgotten).toBe(1)
  })

  test('REBALANCE_IN_PROGRESS is told, is a contact, and the beat goes on', () => {
    const { time, reports, client } = world(() => ({ errorCode: code('REBALANCE_IN_PROGRESS') }))
    time.runFor(9_000)
    expect(client.lease.heardAt).toBe(9_000)
    expect(reports).toHaveLength(3)
    expect(reports[0]!.event).toMatchObject({
      type: 'group.rebalancing',
      cause: { evidence: 'inferred' },
    })
  })

  test('a lost membership is told with its generation, and is no contact', () => {
    for (const kafkaError of ['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION'] as const) {
      const { time, reports, client } = world(() => ({ errorCode: code(kafkaError) }))
      time.runFor(3_000)
      expect(reports[0]!.event).toEqual({ type: 'member.unknown', kafkaError, generation: 7 })
      expect(client.lease.heardAt).toBe(0)
    }
  })

  test('another process under our name, or a refusal, is told as what it is', () => {
    const replaced = world(() => ({ errorCode: code('FENCED_INSTANCE_ID') }))
    replaced.client.syncedAs = 'm'
    replaced.time.runFor(3_000)
    expect(replaced.reports[0]!.event).toMatchObject({
      type: 'member.replaced',
      error: { code: 'MEMBER_FENCED', kafkaError: 'FENCED_INSTANCE_ID' },
    })
    const denied = world(() => ({ errorCode: code('GROUP_AUTHORIZATION_FAILED') }))
    denied.time.runFor(3_000)
    expect(denied.reports[0]!.event).toMatchObject({
      type: 'fail',
      error: { code: 'NOT_AUTHORIZED' },
    })
  })

  test('fenced before it ever synced under its id: the coordinator forgot it, nobody replaced it', () => {
    const fenced = { errorCode: code('FENCED_INSTANCE_ID') }
    const { time, reports } = world(() => fenced, { groupInstanceId: 'static' })
    time.runFor(3_000)
    expect(reports[0]!.event).toEqual({
      type: 'member.unknown',
      kafkaError: 'UNKNOWN_MEMBER_ID',
      generation: 7,
    })
  })

  test('an unknown code may pass: it is tried again, and the session ends it if it does not', () => {
    const { time, reports } = world(() => ({ errorCode: 999 }), { sessionTimeoutMs: 9_000 })
    time.runFor(8_999)
    expect(reports).toEqual([])
    time.runFor(1)
    expect(reports[0]!.event.type).toBe('session.expired')
  })

  test('stopped, it sends nothing more', () => {
    const { time, transport, fiber } = world(() => ok)
    time.runFor(3_000)
    fiber.interruptUnsafe()
    time.runFor(60_000)
    expect(transport.of('Heartbeat')).toHaveLength(1)
  })

  test('a blocked event loop is named as the cause, with how long it was blocked', () => {
    const time = new VirtualTime('blocked')
    let skewMs = 0
    const elapsed = time.clock.elapsed
    const clock = { ...time.clock, elapsed: () => elapsed() + skewMs }
    const { client } = groupClient({ Heartbeat: () => ok }, {}, time)
    Object.assign(client.parts, { runtime: { ...time.runtime, clock } })
    Object.assign(client, { lease: new Lease(clock, client.parts.config) })
    client.lease.confirm(0)
    const reports: MemberEvent[] = []
    time.runtime.run(heartbeat(client, { memberId: 'm', generation: 7 }, (e) => reports.push(e)))
    time.runFor(3_000)
    // The timer was due at 6 s and fires 31 s late, as after a handler that blocks.
    skewMs = 31_000
    time.runFor(3_000)
    expect(reports).toEqual([
      {
        type: 'session.expired',
        cause: {
          what: 'the event loop was blocked for 31.0 s, so no heartbeat was sent within the session timeout of 30000 ms',
          evidence: 'observed',
        },
      },
    ])
  })
})
