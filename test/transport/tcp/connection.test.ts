import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { StreamBusError } from '../../../src/domain/errors.js'
import { VirtualTime } from '../../../src/simulation/time/virtual-time.js'
import type { RequestInput } from '../../../src/transport/protocol/registry.js'
import { Connection, type ConnectionSettings } from '../../../src/transport/tcp/connection.js'
import { chunked, cuts } from '../fixtures/chunks.js'
import { memoryDuplex } from '../fixtures/memory-duplex.js'
import { type Running, start } from '../fixtures/running.js'
import { type Script, ScriptedBroker } from '../fixtures/scripted-broker.js'

const world = (script: Script = {}, settings: Partial<ConnectionSettings> = {}) => {
  const time = new VirtualTime('connection')
  const [client, server] = memoryDuplex(time.clock, ['kafka:9092', 'client:1'])
  const broker = new ScriptedBroker(script)
  broker.accept(server)
  const lost: StreamBusError[] = []
  const connection = new Connection(client, {
    clock: time.clock,
    clientId: 'me',
    closeWhenAbandoned: false,
    onLost: (error) => lost.push(error),
    ...settings,
  })
  const heartbeat = (timeoutMs = 1000): Running<{ readonly errorCode: number }> =>
    start(
      time.runtime,
      connection.request(
        'Heartbeat',
        { groupId: 'g', generationId: 1, memberId: 'm' },
        { version: 4, dueMs: time.now + timeoutMs },
      ),
    )
  return { time, client, server, broker, lost, connection, heartbeat }
}

const size = (bytes: number): Buffer => {
  const buffer = Buffer.alloc(4)
  buffer.writeInt32BE(bytes)
  return buffer
}

describe('connection: requests and responses', () => {
  test('pipelines, and gives each request its own answer', () => {
    const { time, broker, heartbeat } = world()
    const calls = [heartbeat(), heartbeat(), heartbeat()]
    time.settle()
    time.runFor(1)
    expect(broker.received.map(({ correlationId }) => correlationId)).toEqual([0, 1, 2])
    expect(broker.received.map(({ clientId }) => clientId)).toEqual(['me', 'me', 'me'])
    for (const [index, request] of broker.received.entries()) request.reply({ errorCode: index })
    time.runFor(1)
    expect(calls.map((call) => call.value().errorCode)).toEqual([0, 1, 2])
  })

  test('answers joined in one chunk, and one byte at a time', () => {
    const { time, broker, heartbeat } = world()
    const calls = [heartbeat(), heartbeat(), heartbeat(), heartbeat()]
    time.runFor(1)
    const frames = broker.received.map((request, index) => request.frame({ errorCode: index }))
    const { send } = broker.received[0]!
    send(Buffer.concat(frames.slice(0, 2)))
    for (const byte of Buffer.concat(frames.slice(2))) send(Buffer.from([byte]))
    time.runFor(1)
    expect(calls.map((call) => call.value().errorCode)).toEqual([0, 1, 2, 3])
  })

  test('property: any chunking of the answers gives the same answers', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 99 }), { maxLength: 6 }),
        cuts,
        (codes, where) => {
          const { time, broker, heartbeat } = world()
          const calls = codes.map(() => heartbeat())
          time.runFor(1)
          const frames = broker.received.map((each, index) =>
            each.frame({ errorCode: codes[index]! }),
          )
          for (const chunk of chunked(Buffer.concat(frames), where)) broker.received[0]?.send(chunk)
          time.runFor(1)
          expect(calls.map((call) => call.value().errorCode)).toEqual(codes)
        },
      ),
    )
  })

  test('Produce with acks 0 ends when it is sent, and leaves the line to the next', () => {
    const { time, broker, connection, heartbeat } = world({ Heartbeat: () => ({ errorCode: 0 }) })
    const input: RequestInput<'Produce'> = { acks: 0, timeoutMs: 1, topicData: [] }
    const sent = start(
      time.runtime,
      connection.request('Produce', input, { version: 9, dueMs: time.now + 1000 }),
    )
    expect(sent.value()).toMatchObject({ responses: [] })
    const next = heartbeat()
    time.runFor(1)
    expect(broker.received.map(({ api }) => api)).toEqual(['Produce', 'Heartbeat'])
    expect(next.value().errorCode).toBe(0)
  })

  test('a request that cannot be encoded fails alone', () => {
    const { time, connection, lost, heartbeat } = world({ Heartbeat: () => ({ errorCode: 0 }) })
    const odd = start(
      time.runtime,
      connection.request(
        'Heartbeat',
        { groupId: 'g', generationId: 1, memberId: 'm', groupInstanceId: 'static' },
        { version: 0, dueMs: time.now + 1000 },
      ),
    )
    expect(odd.failure()).toMatchObject({ code: 'UNSUPPORTED_VERSION' })
    const next = heartbeat()
    time.runFor(1)
    expect(next.value().errorCode).toBe(0)
    expect(lost).toEqual([])
  })
})

describe('connection: deadlines and interruption', () => {
  test('a deadline that passes closes the connection: half-open', () => {
    const { time, client, server, lost, heartbeat } = world()
    client.goSilent()
    const first = heartbeat(300)
    const second = heartbeat(1000)
    time.runFor(299)
    expect([first.isDone(), client.isClosed()]).toEqual([false, false])
    time.runFor(1)
    expect(first.failure()).toMatchObject({
      code: 'REQUEST_TIMED_OUT',
      retriable: true,
      address: { broker: 'kafka:9092' },
    })
    expect(second.failure()).toMatchObject({ code: 'CONNECTION_CLOSED', retriable: true })
    expect(second.failure().message).toBe(
      'broker kafka:9092: the connection closed before Heartbeat was answered: Heartbeat was not answered in time',
    )
    time.runFor(1)
    expect([client.isClosed(), server.isClosed(), lost.length]).toEqual([true, true, 1])
  })

  test('an answer just in time keeps the connection', () => {
    const { time, broker, lost, heartbeat } = world()
    const call = heartbeat(300)
    time.runFor(299)
    broker.last('Heartbeat').reply({ errorCode: 0 })
    time.runFor(1000)
    expect(call.value().errorCode).toBe(0)
    expect(lost).toEqual([])
  })

  test('an interrupted request is abandoned: its late answer is dropped, the next one arrives', () => {
    const { time, broker, lost, heartbeat } = world()
    const abandoned = heartbeat()
    time.runFor(1)
    abandoned.interrupt()
    const next = heartbeat()
    time.runFor(900)
    broker.received[0]!.reply({ errorCode: 1 })
    broker.received[1]!.reply({ errorCode: 2 })
    time.runFor(1)
    expect(next.value().errorCode).toBe(2)
    expect(lost).toEqual([])
  })

  test('an abandoned request keeps its deadline: nothing behind it would be answered either', () => {
    const { time, client, lost, heartbeat } = world()
    const abandoned = heartbeat(300)
    time.runFor(1)
    abandoned.interrupt()
    const next = heartbeat(10_000)
    time.runFor(298)
    expect([next.isDone(), client.isClosed()]).toEqual([false, false])
    time.runFor(1)
    expect(next.failure()).toMatchObject({ code: 'CONNECTION_CLOSED', retriable: true })
    expect(lost).toMatchObject([{ code: 'REQUEST_TIMED_OUT' }])
  })

  test('what was abandoned before it was sent has no deadline any more', () => {
    const { time, broker, lost, heartbeat } = world()
    const throttled = heartbeat()
    time.runFor(1)
    broker.last('Heartbeat').reply({ errorCode: 0, throttleTimeMs: 5_000 })
    time.runFor(1)
    expect(throttled.isDone()).toBe(true)
    heartbeat(300).interrupt()
    time.runFor(1_000)
    expect(lost).toEqual([])
  })

  test('where requests are parked, giving one up closes the connection', () => {
    const { time, client, lost, heartbeat } = world({}, { closeWhenAbandoned: true })
    heartbeat().interrupt()
    expect(client.isClosed()).toBe(true)
    expect(lost).toMatchObject([{ code: 'CONNECTION_CLOSED' }])
    time.runFor(1)
    expect(lost.length).toBe(1)
  })

  test('a timer that fires late says nothing about the broker: what arrived is read first', () => {
    const time = new VirtualTime('late')
    let slept = 0
    const clock = { ...time.clock, elapsed: () => time.clock.elapsed() + slept }
    const [client, server] = memoryDuplex(time.clock)
    const broker = new ScriptedBroker()
    broker.accept(server)
    const lost: StreamBusError[] = []
    const connection = new Connection(client, {
      clock,
      clientId: 'me',
      closeWhenAbandoned: false,
      onLost: (error) => lost.push(error),
    })
    const call = start(
      time.runtime,
      connection.request(
        'Heartbeat',
        { groupId: 'g', generationId: 1, memberId: 'm' },
        { version: 4, dueMs: 100 },
      ),
    )
    time.runFor(50)
    slept = 31_000
    time.runFor(51)
    broker.last('Heartbeat').reply({ errorCode: 7 })
    time.runFor(10)
    expect(call.value().errorCode).toBe(7)
    expect(lost).toEqual([])
  })
})

describe('connection: streams that cannot be trusted', () => {
  const fails = (
    send: (world_: ReturnType<typeof world>) => void,
    message: RegExp,
    code = 'MALFORMED_MESSAGE',
  ): void => {
    const at = world()
    const due = at.heartbeat()
    const behind = at.heartbeat()
    at.time.runFor(1)
    send(at)
    at.time.runFor(1)
    expect(due.failure()).toMatchObject({ code, address: { broker: 'kafka:9092' } })
    expect(due.failure().message).toMatch(message)
    expect(due.failure().message.startsWith('broker kafka:9092: ')).toBe(true)
    expect(behind.failure()).toMatchObject({ code: 'CONNECTION_CLOSED', retriable: true })
    expect(at.client.isClosed()).toBe(true)
    expect(at.lost.length).toBe(1)
    const late = at.heartbeat()
    expect(late.failure()).toMatchObject({ code: 'CONNECTION_CLOSED' })
  }
  const sends =
    (bytes: (at: ReturnType<typeof world>) => Buffer) => (at: ReturnType<typeof world>) =>
      at.broker.received[0]!.send(bytes(at))

  test('an unknown correlation id', () => {
    fails(
      sends(({ broker }) => broker.received[0]!.frame({ errorCode: 0 }, 77)),
      /correlation id 77 came where 0 was due/,
    )
  })

  test('an answer out of order', () => {
    fails(
      sends(({ broker }) => broker.received[1]!.frame({ errorCode: 0 })),
      /correlation id 1 came where 0 was due/,
    )
  })

  test('a negative and a huge size', () => {
    fails(
      sends(() => size(-1)),
      /a response of -1 bytes/,
    )
    fails(
      sends(() => size(100 * 1024 * 1024 + 1)),
      /a response of 104857601 bytes/,
    )
  })

  test('no room for a correlation id', () => {
    fails(
      sends(() => Buffer.concat([size(3), Buffer.alloc(3)])),
      /3 bytes has no correlation id/,
    )
    fails(
      sends(() => size(0)),
      /0 bytes has no correlation id/,
    )
  })

  test('HTTP and TLS answers are named', () => {
    fails(
      sends(() => Buffer.from('HTTP/1.1 400 Bad Request\r\n')),
      /speaks HTTP/,
    )
    fails(
      sends(() => Buffer.from([0x15, 3, 3, 0, 2, 2, 70])),
      /speaks TLS/,
    )
  })

  test('a body that cannot be decoded', () => {
    fails(
      sends(() => Buffer.concat([size(6), Buffer.from([0, 0, 0, 0, 0, 1])])),
      /Heartbeat v4 response/,
    )
  })

  test('the end of the stream fails everybody, retriably', () => {
    fails(
      ({ broker }) => broker.received[0]!.hangUp(),
      /closed the connection before it answered anything: is it a plaintext Kafka port/,
      'CONNECTION_CLOSED',
    )
  })

  test('a duplicate answer closes too, though nobody waits', () => {
    const { time, broker, client, lost, heartbeat } = world()
    const call = heartbeat()
    time.runFor(1)
    const request = broker.last('Heartbeat')
    request.reply({ errorCode: 0 })
    request.reply({ errorCode: 0 })
    time.runFor(1)
    expect(call.value().errorCode).toBe(0)
    expect(client.isClosed()).toBe(true)
    expect(lost).toMatchObject([{ code: 'MALFORMED_MESSAGE' }])
    expect(lost[0]!.message).toMatch(/correlation id 0 came where none was due/)
  })

  test('property: garbage never throws, hangs or leaves the connection half-alive', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), cuts, (garbage, where) => {
        const { time, broker, client, heartbeat } = world()
        const call = heartbeat(1000)
        time.runFor(1)
        for (const chunk of chunked(Buffer.from(garbage), where))
          broker.last('Heartbeat').send(chunk)
        time.runFor(2000)
        // Garbage may happen to be the answer itself.
        expect(call.isDone()).toBe(true)
        expect(client.isClosed() || call.value() !== undefined).toBe(true)
      }),
    )
  })
})

describe('connection: waiting in line', () => {
  test('a throttle delays the next request, not the answer', () => {
    const { time, broker, heartbeat } = world()
    const first = heartbeat()
    time.runFor(1)
    broker.last('Heartbeat').reply({ errorCode: 0, throttleTimeMs: 500 })
    time.runFor(1)
    expect(first.isDone()).toBe(true)
    heartbeat(5000)
    heartbeat(5000)
    time.runFor(498)
    expect(broker.received.length).toBe(1)
    time.runFor(3)
    expect(broker.received.length).toBe(3)
  })

  test('an absurd throttle ends after 60 s; what was due before fails alone', () => {
    const { time, broker, lost, heartbeat } = world()
    heartbeat()
    time.runFor(1)
    broker.last('Heartbeat').reply({ errorCode: 0, throttleTimeMs: 0x7fff_ffff })
    time.runFor(1)
    const impatient = heartbeat(1000)
    const patient = heartbeat(70_000)
    time.runFor(1000)
    expect(impatient.failure()).toMatchObject({ code: 'REQUEST_TIMED_OUT', retriable: true })
    expect(impatient.failure().message).toMatch(/was not sent, since the broker throttles/)
    time.runUntil(60_003)
    expect(broker.received.length).toBe(2)
    broker.last('Heartbeat').reply({ errorCode: 3 })
    time.runFor(1)
    expect(patient.value().errorCode).toBe(3)
    expect(lost).toEqual([])
  })

  test('a negative throttle is none', () => {
    const { time, broker, heartbeat } = world()
    heartbeat()
    time.runFor(1)
    broker.last('Heartbeat').reply({ errorCode: 0, throttleTimeMs: -5 })
    time.runFor(1)
    heartbeat()
    time.runFor(1)
    expect(broker.received.length).toBe(2)
  })

  test('a full stream holds requests back until it drains; in order, without the interrupted', () => {
    const { time, client, broker, heartbeat } = world({
      Heartbeat: (_, { correlationId }) => ({ errorCode: correlationId }),
    })
    client.fill()
    const first = heartbeat()
    const second = heartbeat()
    const interrupted = heartbeat()
    const fourth = heartbeat()
    time.runFor(1)
    expect(broker.received.length).toBe(1)
    interrupted.interrupt()
    client.drain()
    time.runFor(1)
    expect([first, second, fourth].map((call) => call.value().errorCode)).toEqual([0, 1, 2])
    expect(broker.received.length).toBe(3)
  })

  test('close fails the waiting and the unanswered, and tells nobody of a loss', () => {
    const { time, client, lost, connection, heartbeat } = world()
    client.fill()
    const calls = [heartbeat(), heartbeat()]
    time.runFor(1)
    connection.close()
    for (const call of calls) {
      expect(call.failure()).toMatchObject({ code: 'CONNECTION_CLOSED' })
    }
    time.runFor(1)
    expect([client.isClosed(), lost.length]).toEqual([true, 0])
  })
})
