import * as Effect from 'effect/Effect'
import { describe, expect, test } from 'vitest'
import { realRuntime } from '../../src/runtime/runtime.js'
import { VirtualTime } from '../../src/simulation/time/virtual-time.js'
import { connectTransport } from '../../src/transport/cluster/connect-transport.js'
import { inProcessConnections } from '../../src/transport/in-process.js'
import { errorCode } from '../../src/transport/protocol/kafka-errors.js'
import type { ApiName, ResponseInput } from '../../src/transport/protocol/registry.js'
import type { RequestContext, RequestHandler } from '../../src/transport/request-handler.js'
import type { RequestOptions, Target, TransportService } from '../../src/transport/transport.js'
import { type Running, start } from './fixtures/running.js'

type Handled = { readonly api: ApiName; readonly body: unknown; readonly context: RequestContext }

/** A broker whose heartbeats take as long as the member id says; it notes what happened. */
const world = () => {
  const time = new VirtualTime('in-process')
  const handled: Handled[] = []
  const notes: string[] = []
  let throttleTimeMs = 0
  const heartbeat = (memberId: string): Effect.Effect<ResponseInput<'Heartbeat'> | null> => {
    const [name = '', delay = '0'] = memberId.split(':')
    if (name === 'defect') return Effect.die(new Error('a bug of the broker'))
    if (name === 'gone') return Effect.interrupt
    notes.push(`${name} begins`)
    return Effect.sleep(Number(delay)).pipe(
      Effect.map(() => {
        notes.push(`${name} ends`)
        return { errorCode: 0, throttleTimeMs }
      }),
      Effect.onInterrupt(() => Effect.sync(() => notes.push(`${name} interrupted`))),
    )
  }
  const answers: { readonly [N in ApiName]?: (body: never) => Effect.Effect<unknown> } = {
    Metadata: () =>
      Effect.succeed({
        brokers: [{ nodeId: 1, host: 'in-process', port: 0 }],
        clusterId: 'c',
        controllerId: 1,
        topics: [],
      }),
    FindCoordinator: () =>
      Effect.succeed({
        coordinators: [
          { key: 'g', errorCode: 0, errorMessage: null, nodeId: 1, host: 'in-process', port: 0 },
        ],
      }),
    Heartbeat: ({ memberId }: { memberId: string }) => heartbeat(memberId),
    Produce: () => Effect.succeed(null),
  }
  const handle: RequestHandler = (api, body, context) => {
    handled.push({ api, body, context })
    return answers[api]!(body as never) as Effect.Effect<ResponseInput<typeof api> | null>
  }
  const connecting = start(
    time.runtime,
    connectTransport({ runtime: time.runtime, brokers: { handle }, clientId: 'me' }),
  )
  time.settle()
  const transport: TransportService = connecting.value()
  const beat = (
    memberId: string,
    options: Partial<RequestOptions> = {},
    target: Target = { type: 'node', nodeId: 1 },
  ): Running<{ readonly errorCode: number }> =>
    start(
      time.runtime,
      transport.request(
        target,
        'Heartbeat',
        { groupId: 'g', generationId: 1, memberId },
        { purpose: 'control', owner: 'm', timeoutMs: 5000, ...options },
      ),
    )
  const throttle = (milliseconds: number): void => {
    throttleTimeMs = milliseconds
  }
  return { time, transport, handled, notes, beat, throttle }
}

describe('in-process transport', () => {
  test('typed requests with defaults filled in, the newest version, and who asks', () => {
    const { time, handled, beat } = world()
    const call = beat('a')
    time.runFor(1)
    expect(call.value()).toEqual({ errorCode: 0, throttleTimeMs: 0 })
    expect(handled.at(-1)).toMatchObject({
      api: 'Heartbeat',
      body: { groupId: 'g', groupInstanceId: null },
      context: { apiVersion: 4, clientId: 'me', clientHost: 'in-process' },
    })
    expect(handled.at(-1)!.context).not.toHaveProperty('listener')
  })

  test('routes by the same rules: coordinator, any, unknown node', () => {
    const { time, beat } = world()
    const calls = [
      beat('a', {}, { type: 'coordinator', groupId: 'g' }),
      beat('b', {}, { type: 'any' }),
    ]
    const unknown = beat('c', {}, { type: 'node', nodeId: 7 })
    time.runFor(1)
    expect(calls.map((call) => call.value().errorCode)).toEqual([0, 0])
    expect(unknown.failure().code).toBe('BROKER_UNREACHABLE')
  })

  test('one request at a time, in order; other purposes and owners are not held up', () => {
    const { time, notes, beat } = world()
    beat('a:100')
    beat('b:10')
    beat('join:10', { purpose: 'join' })
    beat('other:10', { owner: 'n' })
    time.runFor(50)
    expect(notes.slice(0, 3)).toEqual(['a begins', 'join begins', 'other begins'])
    expect(notes.slice(3).sort()).toEqual(['join ends', 'other ends'])
    notes.length = 0
    time.runFor(100)
    expect(notes).toEqual(['a ends', 'b begins', 'b ends'])
  })

  test('a deadline counts the wait in line, interrupts the handler, and frees the line', () => {
    const { time, notes, beat } = world()
    const slow = beat('slow:1000', { timeoutMs: 200 })
    const queued = beat('queued', { timeoutMs: 100 })
    const next = beat('next', { timeoutMs: 1000 })
    time.runFor(150)
    expect(queued.failure()).toMatchObject({ code: 'REQUEST_TIMED_OUT', retriable: true })
    time.runFor(100)
    expect(slow.failure()).toMatchObject({ code: 'REQUEST_TIMED_OUT' })
    expect(next.value().errorCode).toBe(0)
    expect(notes).toEqual(['slow begins', 'slow interrupted', 'next begins', 'next ends'])
  })

  test('interrupting a request interrupts its handler and lets the next one in', () => {
    const { time, notes, beat } = world()
    const first = beat('first:1000')
    const waiting = beat('waiting')
    const last = beat('last')
    time.runFor(1)
    waiting.interrupt()
    first.interrupt()
    time.runFor(1)
    expect(last.value().errorCode).toBe(0)
    expect(notes).toEqual(['first begins', 'first interrupted', 'last begins', 'last ends'])
  })

  test('Produce with acks 0 has no answer, and ends well', () => {
    const { time, transport } = world()
    const sent = start(
      time.runtime,
      transport.request(
        { type: 'node', nodeId: 1 },
        'Produce',
        { acks: 0, timeoutMs: 1, topicData: [] },
        { purpose: 'produce', timeoutMs: 1000 },
      ),
    )
    time.runFor(1)
    expect(sent.value()).toMatchObject({ responses: [] })
  })

  test('a throttle delays the next request', () => {
    const { time, beat, throttle } = world()
    throttle(300)
    beat('a')
    time.runFor(1)
    const next = beat('b')
    time.runFor(298)
    expect(next.isDone()).toBe(false)
    time.runFor(3)
    expect(next.isDone()).toBe(true)
  })

  test('release and close fail what is under way and let the handlers go', () => {
    const { time, transport, notes, beat } = world()
    const released = beat('a:1000')
    const other = beat('b:1000', { owner: 'n' })
    time.runFor(1)
    transport.release('m')
    expect(released.failure()).toMatchObject({ code: 'CONNECTION_CLOSED' })
    expect(other.isDone()).toBe(false)
    start(time.runtime, transport.close).value()
    expect(other.failure()).toMatchObject({ code: 'CONNECTION_CLOSED' })
    expect(beat('c').failure()).toMatchObject({ code: 'CONNECTION_CLOSED' })
    time.runFor(5000)
    expect(notes).toEqual(['a begins', 'b begins', 'a interrupted', 'b interrupted'])
  })

  test('a broker that lets go of a request is a closed connection, its defect stays a defect', () => {
    const { time, beat } = world()
    const gone = beat('gone')
    const defect = beat('defect', { owner: 'n' })
    time.runFor(1)
    expect(gone.failure()).toMatchObject({ code: 'CONNECTION_CLOSED', retriable: true })
    expect(() => defect.value()).toThrow('a bug of the broker')
    const next = beat('next', { owner: 'n' })
    time.runFor(1)
    expect(next.value().errorCode).toBe(errorCode('NONE'))
  })

  test('requests that follow each other at once leave the event loop its turns', async () => {
    const runtime = realRuntime()
    const broker = { handle: (() => Effect.succeed({ errorCode: 0 })) as never }
    const connection = inProcessConnections({ runtime, broker, clientId: 'busy' })({} as never)
    let hasTurned = false
    setTimeout(() => {
      hasTurned = true
    }, 0)
    const until = performance.now() + 5_000
    while (!hasTurned && performance.now() < until) {
      await runtime.promise(
        connection.request(
          'Heartbeat',
          { groupId: 'g', generationId: 1, memberId: 'm' },
          { timeoutMs: 1_000 },
        ),
      )
    }
    expect(hasTurned).toBe(true)
    connection.close()
  })
})
