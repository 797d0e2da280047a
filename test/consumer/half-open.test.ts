import { expect, test } from 'vitest'
import { heartbeat } from '../../src/consumer/group/heartbeat.js'
import { syncGroup } from '../../src/consumer/group/sync.js'
import type { MemberEvent } from '../../src/machines/member/events.js'
import { encodeAssignment } from '../../src/transport/protocol/consumer-protocol.js'
import { groupClient } from './fixtures/group.js'
import { finish } from './fixtures/parts.js'

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
  client.lease.confirm(time.clock.elapsed())
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
  client.lease.confirm(time.clock.elapsed())
  const report = ({ type }: MemberEvent): number => reported.push(type)
  const fiber = time.runtime.run(heartbeat(client, { memberId: 'm', generation: 1 }, report))
  time.runFor(20_000)
  expect(reported).toEqual([])
  expect(transport.of('Heartbeat').length).toBeGreaterThan(20)
  fiber.interruptUnsafe()
})

test('after a rebalance the connection for joining is closed: idle, it may be dropped unseen', () => {
  const assignment = encodeAssignment([])
  const { time, client, transport } = groupClient({
    SyncGroup: () => ({ errorCode: 0, assignment }),
  })
  const released: unknown[] = []
  Object.assign(transport, { release: (...what: unknown[]) => released.push(what) })
  const input = {
    memberId: 'm',
    generation: 4,
    topics: [],
    protocol: 'range',
    withAssignment: false,
  }
  finish(time, syncGroup(client, input, []))
  expect(released).toEqual([['me', 'join']])
})
