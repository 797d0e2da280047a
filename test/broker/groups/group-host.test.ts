import * as Effect from 'effect/Effect'
import { describe, expect, test } from 'vitest'
import { createGroups } from '../../../src/broker/groups/groups.js'
import { silentLogger } from '../../../src/broker/logger.js'
import { memoryStore } from '../../../src/broker/store/memory-store.js'
import { realRuntime } from '../../../src/runtime/runtime.js'
import { kafkaErrorName } from '../../../src/transport/protocol/kafka-errors.js'
import { completeRequest } from '../../../src/transport/protocol/registry.js'
import { defaultConfig, GroupWorld, subscription } from './group-world.js'

const joinRequest = (memberId: string, names: readonly string[] = ['range']) =>
  completeRequest('JoinGroup', {
    groupId: 'g',
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    memberId,
    protocolType: 'consumer',
    protocols: names.map((name) => ({ name, metadata: subscription('events') })),
  })

const context = { apiVersion: 9, clientId: 'c', clientHost: 'in-process' }

const topics = {
  exists: () => true,
  partitionCount: () => 4,
  nameOf: () => undefined,
  node: () => ({ nodeId: 1, host: 'localhost', port: 9092 }),
}

test('runs on the real runtime too', async () => {
  const runtime = realRuntime()
  const groups = createGroups({
    runtime,
    store: memoryStore(),
    config: defaultConfig,
    topics,
    logger: silentLogger,
  })
  const join = (memberId: string) =>
    runtime.promise(groups.handlers.JoinGroup!(joinRequest(memberId), context))
  const { memberId } = (await join(''))!
  const joined = (await join(memberId))!
  expect(joined).toMatchObject({ errorCode: 0, generationId: 1, leader: memberId })
  const request = completeRequest('SyncGroup', {
    groupId: 'g',
    generationId: 1,
    memberId,
    assignments: [{ memberId, assignment: Buffer.from('all') }],
  })
  const synced = await runtime.promise(groups.handlers.SyncGroup!(request, context))
  expect(synced).toMatchObject({ errorCode: 0, assignment: Buffer.from('all') })
  expect(groups.describe('g')).toMatchObject({ state: 'stable', generation: 1 })
  await runtime.promise(groups.close)
})

describe('a request made while another one is being answered', () => {
  test('is answered too, also when the group came to nothing in between', () => {
    const world = new GroupWorld()
    const ask = (names: readonly string[]) =>
      Effect.suspend(() => world.groups.handlers.JoinGroup!(joinRequest('', names), context))
    const errors: string[] = []
    const note = (response: { readonly errorCode: number } | null) =>
      Effect.sync(() => errors.push(kafkaErrorName(response!.errorCode)))
    const twice = Effect.flatMap(ask([]), (first) =>
      Effect.andThen(note(first), Effect.flatMap(ask(['range']), note)),
    )
    world.time.runtime.run(twice)
    world.time.settle()
    expect(errors).toEqual(['INCONSISTENT_GROUP_PROTOCOL', 'MEMBER_ID_REQUIRED'])
    expect(world.groups.describe('g')).toBeDefined()
  })

  test('and while the broker closes, is sent away', () => {
    const world = new GroupWorld({ groupInitialRebalanceDelayMs: 10 })
    const [a] = world.stable(2) as [string]
    const errors: string[] = []
    const parked = Effect.flatMap(
      Effect.suspend(() => world.groups.handlers.JoinGroup!(joinRequest(a), context)),
      (first) => {
        errors.push(kafkaErrorName(first!.errorCode))
        return Effect.map(
          world.groups.handlers.Heartbeat!(
            completeRequest('Heartbeat', { groupId: 'g', generationId: 1, memberId: a }),
            context,
          ),
          (second) => errors.push(kafkaErrorName(second!.errorCode)),
        )
      },
    )
    world.time.runtime.run(parked)
    world.time.settle()
    world.run(world.groups.close)
    world.time.settle()
    expect(errors).toEqual(['NOT_COORDINATOR', 'COORDINATOR_NOT_AVAILABLE'])
  })
})
