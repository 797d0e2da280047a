import { expect, test } from 'vitest'
import { heartbeat } from '../../src/consumer/group/heartbeat.js'
import type { MemberEvent } from '../../src/machines/member/events.js'
import { groupClient } from './fixtures/group.js'

/**
 * A half-open connection: what was sent is swallowed, and nobody closes. The JoinGroup after the
 * loss must not go out on it, where it would wait for rebalanceTimeoutMs + 5 s.
 */
test('a member whose session ended in silence joins anew on new connections', () => {
  const { time, client, transport } = groupClient(
    { Heartbeat: () => 'silence' },
    { sessionTimeoutMs: 4_000, heartbeatIntervalMs: 500 },
  )
  const order: string[] = []
  Object.assign(transport, { release: (owner: string) => order.push(`release ${owner}`) })
  client.lastContact = time.clock.elapsed()
  const report = ({ type }: MemberEvent): number => order.push(type)
  const fiber = time.runtime.run(heartbeat(client, { memberId: 'm', generation: 1 }, report))
  time.runFor(3_999)
  expect(order).toEqual([])
  time.runFor(1)
  expect(order).toEqual(['release me', 'session.expired'])
  fiber.interruptUnsafe()
})

test('one lost answer does not end the session: there is time for another heartbeat', () => {
  const { time, client, transport } = groupClient(
    { Heartbeat: (_, nth) => (nth === 0 ? 'silence' : { errorCode: 0 }) },
    { sessionTimeoutMs: 4_000, heartbeatIntervalMs: 500 },
  )
  const reported: string[] = []
  client.lastContact = time.clock.elapsed()
  const report = ({ type }: MemberEvent): number => reported.push(type)
  const fiber = time.runtime.run(heartbeat(client, { memberId: 'm', generation: 1 }, report))
  time.runFor(20_000)
  expect(reported).toEqual([])
  expect(transport.of('Heartbeat').length).toBeGreaterThan(20)
  fiber.interruptUnsafe()
})
