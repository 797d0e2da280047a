import { membersInOrder } from '../../../src/machines/group-coordinator/context.js'
import { holds } from '../rule.js'
import {
  type CoordinatorChart,
  replies,
  type Sample,
  type Stepped,
  settings,
} from './coordinator-chart.js'
import { internal, join, sync } from './group-requests.js'
import { anyEvent, bothProtocols, type Choice } from './random-events.js'
import { claimContext } from './rules/context-claims.js'
import { claimStep } from './rules/step-claims.js'

/** A group with the timers that run for it and the requests that wait. */
export interface World {
  readonly chart: CoordinatorChart
  group: Stepped
  readonly timers: Set<string>
  readonly asked: Set<string>
  readonly answered: Set<string>
  readonly visited: Set<string>
  nextId: number
}

/** One event, after which everything that is promised at all times is looked at. */
export const take = (world: World, event: Sample): void => {
  const before = world.group
  if (event.type === 'session.expired') {
    world.timers.delete(`session:${(event as { memberId: string }).memberId}`)
  }
  if (event.type === 'sync.expired') world.timers.delete('sync')
  if (event.type.startsWith('xstate.after')) world.timers.delete(event.type)
  if ('requestId' in event) world.asked.add(event.requestId)
  world.group = world.chart.step(before, event)
  world.visited.add(world.group.path)
  for (const action of world.group.timing) {
    if (action.do === 'start') world.timers.add(action.id)
    else world.timers.delete(action.id)
  }
  for (const { requestId } of replies(world.group)) {
    holds(!world.answered.has(requestId), `${requestId} is answered twice`)
    holds(world.asked.has(requestId), `${requestId} is answered, which nobody asked`)
    world.answered.add(requestId)
  }
  claimStep(before, event, world.group)
  claimContext(world)
}

/** Two static members and a dynamic one, stable. */
const settle = (world: World): void => {
  for (const groupInstanceId of ['i-0', 'i-1', null]) {
    const newMemberId = `m${world.nextId++}`
    take(world, join({ newMemberId, groupInstanceId, protocols: bothProtocols }))
  }
  take(world, internal.delayElapsed)
  take(world, internal.delayElapsed)
  for (const { memberId, groupInstanceId } of membersInOrder(world.group.snapshot.context)) {
    take(world, sync(memberId, 1, { groupInstanceId }))
  }
  take(world, internal.persisted())
}

export interface Script {
  readonly maxSize: number
  readonly startsStable: boolean
  readonly draws: readonly (readonly number[])[]
}

export const play = (
  chart: CoordinatorChart,
  { maxSize, startsStable, draws: script }: Script,
): World => {
  const world: World = {
    chart,
    group: chart.begin({ settings: { ...settings, maxSize } }),
    timers: new Set(),
    asked: new Set(),
    answered: new Set(),
    visited: new Set(),
    nextId: 0,
  }
  if (startsStable) settle(world)
  for (const draws of script) {
    if (world.group.path === 'dead') break
    let index = 0
    const choose: Choice = (most) => (draws[index++ % draws.length]! + index * 7) % most
    take(world, anyEvent(world, choose))
  }
  return world
}
