import { expect, test } from 'vitest'
import { GroupWorld } from './group-world.js'

const MEMBERS = 1_000

test(`${MEMBERS} members join at once, sync, beat and leave`, () => {
  const world = new GroupWorld({ groupInitialRebalanceDelayMs: 3_000 })
  const timings: string[] = []
  const timed = <A>(what: string, run: () => A): A => {
    const start = performance.now()
    const result = run()
    timings.push(`${what} ${(performance.now() - start).toFixed(0)} ms`)
    return result
  }
  const entered = timed('join', () => {
    const calls = Array.from({ length: MEMBERS }, () => world.enter())
    world.time.runFor(8_000)
    return calls
  })
  const ids = entered.map(({ memberId }) => memberId)
  expect(entered[0]!.join.response!.members).toHaveLength(MEMBERS)
  const synced = timed('sync', () => world.syncAll(ids))
  expect(synced.every(({ response }) => response!.errorCode === 0)).toBe(true)
  timed('heartbeat', () => {
    for (const id of ids) expect(world.heartbeat(id, 1)).toBe('NONE')
  })
  timed('leave', () => {
    for (const id of ids) world.leave(id)
  })
  expect(world.state).toBe('empty')
  console.log(`${MEMBERS} members, codec included: ${timings.join(', ')}`)
  // Quadratic work would take many times as long.
  expect(timings).toHaveLength(4)
})
