import * as Deferred from 'effect/Deferred'
import * as Effect from 'effect/Effect'
import { describe, expect, test } from 'vitest'
import { CallbackQueue, type PartitionCallbacks } from '../../src/consumer/callbacks.js'
import type { StreamBusError } from '../../src/domain/errors.js'
import type { TopicPartition } from '../../src/domain/topic-partition.js'
import { VirtualTime } from '../../src/simulation/time/virtual-time.js'
import { begin } from './fixtures/parts.js'

const tp = (partition: number): TopicPartition => ({ topic: 'events', partition })

const world = (more: PartitionCallbacks = {}) => {
  const time = new VirtualTime('callbacks')
  const log: string[] = []
  const errors: StreamBusError[] = []
  const told = (name: string) => (partitions: readonly TopicPartition[]) =>
    Effect.gen(function* () {
      const what = `${name} ${partitions.map(({ partition }) => partition).join(',')}`
      log.push(`${what} begins`)
      yield* Effect.sleep(100)
      log.push(`${what} ends`)
    })
  const callbacks: PartitionCallbacks = {
    onPartitionsAssigned: told('assigned'),
    onPartitionsRevoked: told('revoked'),
    onPartitionsLost: told('lost'),
    ...more,
  }
  const queue = new CallbackQueue(time.runtime, callbacks, (error) => errors.push(error))
  return { time, log, errors, queue }
}

describe('callbacks', () => {
  test('run one after the other, in the order of their calls', () => {
    const { time, log, queue } = world()
    const first = begin(
      time,
      queue.call('onPartitionsAssigned', () => [tp(0)]),
    )
    const second = begin(
      time,
      queue.call('onPartitionsRevoked', () => [tp(0), tp(1)]),
    )
    expect(queue.current).toBe('onPartitionsAssigned')
    time.runFor(100)
    expect([first.isDone, second.isDone]).toEqual([true, false])
    time.runFor(100)
    expect(second.isDone).toBe(true)
    expect(queue.current).toBeUndefined()
    expect(log).toEqual([
      'assigned 0 begins',
      'assigned 0 ends',
      'revoked 0,1 begins',
      'revoked 0,1 ends',
    ])
  })

  test('are asked for their partitions when their turn comes, and not called for none', () => {
    const { time, log, queue } = world()
    const partitions = [tp(0)]
    begin(
      time,
      queue.call('onPartitionsAssigned', () => partitions),
    )
    const later = begin(
      time,
      queue.call('onPartitionsRevoked', () => partitions),
    )
    partitions.length = 0
    time.runFor(1_000)
    expect(later.isDone).toBe(true)
    expect(log).toEqual(['assigned 0 begins', 'assigned 0 ends'])
  })

  test('a missing callback is as good as one that returns', () => {
    const { time, queue } = world({ onPartitionsLost: undefined })
    expect(
      begin(
        time,
        queue.call('onPartitionsLost', () => [tp(0)]),
      ).isDone,
    ).toBe(true)
  })

  for (const [how, thrown] of [
    ['fails', () => Effect.fail(new Error('no disk'))],
    ['throws', () => Effect.die(new Error('no disk'))],
    [
      'throws before it is an Effect',
      () => {
        throw new Error('no disk')
      },
    ],
  ] as const) {
    test(`one that ${how} is reported with its partitions, and the next has its turn`, () => {
      const { time, log, errors, queue } = world({ onPartitionsRevoked: thrown })
      const bad = begin(
        time,
        queue.call('onPartitionsRevoked', () => [tp(1), tp(2)]),
      )
      const next = begin(
        time,
        queue.call('onPartitionsAssigned', () => [tp(3)]),
      )
      time.runFor(100)
      expect([bad.isDone, next.isDone]).toEqual([true, true])
      expect(bad.error).toBeUndefined()
      expect(errors).toHaveLength(1)
      expect(errors[0]).toMatchObject({ code: 'CALLBACK_FAILED' })
      expect(errors[0]!.message).toBe(
        'onPartitionsRevoked threw for events-1, events-2: no disk; the rebalance goes on without it',
      )
      expect(log).toEqual(['assigned 3 begins', 'assigned 3 ends'])
    })
  }

  test('given up before its turn one is not called at all', () => {
    const { time, log, queue } = world()
    begin(
      time,
      queue.call('onPartitionsAssigned', () => [tp(0)]),
    )
    const waiting = begin(
      time,
      queue.call('onPartitionsRevoked', () => [tp(0)]),
    )
    const last = begin(
      time,
      queue.call('onPartitionsLost', () => [tp(0)]),
    )
    waiting.fiber.interruptUnsafe()
    time.runFor(200)
    expect(last.isDone).toBe(true)
    expect(log).toEqual(['assigned 0 begins', 'assigned 0 ends', 'lost 0 begins', 'lost 0 ends'])
  })

  test('given up once it runs it is not cut short, and the next still waits for its end', () => {
    const { time, log, queue } = world()
    const running = begin(
      time,
      queue.call('onPartitionsRevoked', () => [tp(0)]),
    )
    time.runFor(50)
    running.fiber.interruptUnsafe()
    const next = begin(
      time,
      queue.call('onPartitionsLost', () => [tp(1)]),
    )
    time.runFor(49)
    expect(log).toEqual(['revoked 0 begins'])
    time.runFor(101)
    expect(next.isDone).toBe(true)
    expect(log).toEqual(['revoked 0 begins', 'revoked 0 ends', 'lost 1 begins', 'lost 1 ends'])
  })

  test('one that never returns holds up the queue, and says who it is', () => {
    const gate = Deferred.makeUnsafe<void>()
    const { time, queue } = world({ onPartitionsRevoked: () => Deferred.await(gate) })
    begin(
      time,
      queue.call('onPartitionsRevoked', () => [tp(0)]),
    )
    const next = begin(
      time,
      queue.call('onPartitionsAssigned', () => [tp(0)]),
    )
    time.runFor(3_600_000)
    expect(next.isDone).toBe(false)
    expect(queue.current).toBe('onPartitionsRevoked')
    time.runtime.run(Deferred.succeed(gate, undefined))
    time.runFor(100)
    expect(next.isDone).toBe(true)
  })
})
