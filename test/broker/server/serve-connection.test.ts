import * as Effect from 'effect/Effect'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { disconnect } from '../../../src/broker/connection-context.js'
import { serveConnection } from '../../../src/broker/server/serve-connection.js'
import { VirtualTime } from '../../../src/simulation/time/virtual-time.js'
import {
  type ApiName,
  apiNames,
  decodeResponse,
  encodeRequest,
} from '../../../src/transport/protocol/registry.js'
import type { RequestHandler } from '../../../src/transport/request-handler.js'
import { FakeDuplex } from '../fixtures/fake-duplex.js'
import { recordingLogger, TestBroker } from '../fixtures/test-broker.js'

interface Served {
  readonly api: ApiName
  readonly answer: () => void
  interrupted: boolean
}

const HEARTBEAT = { groupId: 'g', generationId: 1, memberId: 'm' }

const heartbeat = (correlationId: number, groupId = 'g'): Buffer =>
  encodeRequest('Heartbeat', 4, { correlationId, clientId: 'c' }, { ...HEARTBEAT, groupId })

/** A connection to a handler that answers when told to, or to any other. */
const connection = (
  options: { handle?: RequestHandler; maxRequestBytes?: number; idleMs?: number } = {},
) => {
  const time = new VirtualTime(1)
  const duplex = new FakeDuplex()
  const requests: Served[] = []
  const { logger, lines } = recordingLogger()
  const parked: RequestHandler = (api) =>
    Effect.callback((resume) => {
      const answer = () => resume(Effect.succeed({ errorCode: 0 } as never))
      const served = { api, answer, interrupted: false }
      requests.push(served)
      return Effect.sync(() => {
        served.interrupted = true
      })
    })
  serveConnection(duplex, {
    runtime: time.runtime,
    handle: options.handle ?? parked,
    served: apiNames,
    logger,
    maxRequestBytes: options.maxRequestBytes ?? 100 * 1024 * 1024,
    idleMs: options.idleMs ?? 600_000,
    clientHost: '/192.0.2.9',
    listener: undefined,
  })
  const answer = (index: number): void => {
    requests[index]!.answer()
    time.settle()
  }
  const correlationIds = () =>
    duplex.written.map((bytes) => decodeResponse('Heartbeat', 4, bytes.subarray(4)).correlationId)
  const warnings = () => lines.filter(({ level }) => level === 'warn').map(({ message }) => message)
  return { time, duplex, requests, answer, correlationIds, warnings, lines }
}

const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

const requestHeader = (apiKey: number, version: number, correlationId = 7): Buffer => {
  const bytes = Buffer.alloc(14)
  bytes.writeInt32BE(10)
  bytes.writeInt16BE(apiKey, 4)
  bytes.writeInt16BE(version, 6)
  bytes.writeInt32BE(correlationId, 8)
  bytes.writeInt16BE(-1, 12)
  return bytes
}

describe('serveConnection', () => {
  it('serves one request at a time, in order', () => {
    const { duplex, requests, answer, correlationIds } = connection()
    duplex.send(Buffer.concat([heartbeat(1), heartbeat(2), heartbeat(3)]))
    expect(requests).toHaveLength(1)
    answer(0)
    expect(requests).toHaveLength(2)
    answer(1)
    answer(2)
    expect(correlationIds()).toEqual([1, 2, 3])
  })

  it('serves requests that come byte by byte', () => {
    const { duplex, requests, answer, correlationIds } = connection()
    for (const byte of heartbeat(9)) duplex.send(Buffer.from([byte]))
    expect(requests).toHaveLength(1)
    answer(0)
    expect(correlationIds()).toEqual([9])
  })

  it('stops reading when requests pile up, and reads on when they are served', () => {
    const { duplex, requests, answer } = connection()
    const flood = Buffer.concat(
      Array.from({ length: 100 }, (_, i) => heartbeat(i, 'x'.repeat(4000))),
    )
    duplex.send(flood)
    expect([duplex.paused, requests.length]).toEqual([true, 1])
    for (let i = 0; i < 99; i++) answer(i)
    expect(requests).toHaveLength(100)
    expect(duplex.paused).toBe(false)
  })

  it('goes on reading a request larger than what may pile up', () => {
    const { duplex, requests } = connection()
    const large = heartbeat(1, 'x'.repeat(30_000))
    const groups = Buffer.concat(Array.from({ length: 20 }, () => large))
    const request = encodeRequest(
      'DeleteGroups',
      2,
      { correlationId: 1, clientId: null },
      { groupsNames: Array.from({ length: 20 }, () => 'x'.repeat(30_000)) },
    )
    expect(request.length).toBeGreaterThan(512 * 1024)
    for (let at = 0; at < request.length; at += 65_536) {
      expect(duplex.paused).toBe(false)
      duplex.send(request.subarray(at, at + 65_536))
    }
    expect(requests.map(({ api }) => api)).toEqual(['DeleteGroups'])
    duplex.send(groups)
    expect(duplex.paused).toBe(true)
  })

  it('does not begin a request while the peer leaves responses unread', () => {
    const { duplex, requests, answer } = connection()
    duplex.peerReads = false
    duplex.send(Buffer.concat([heartbeat(1), heartbeat(2)]))
    answer(0)
    expect(requests).toHaveLength(1)
    duplex.readOn()
    expect(requests).toHaveLength(2)
  })

  it('lets go of the request when the connection closes', () => {
    const { duplex, requests, answer, time } = connection()
    duplex.send(Buffer.concat([heartbeat(1), heartbeat(2)]))
    duplex.destroy()
    time.settle()
    expect(requests).toMatchObject([{ interrupted: true }])
    answer(0)
    expect([requests.length, duplex.written.length]).toEqual([1, 0])
    expect(time.step()).toBe(false)
  })

  it('a flood of requests answered at once needs no stack', () => {
    const handle: RequestHandler = () => Effect.succeed({ errorCode: 0 } as never)
    const { duplex } = connection({ handle })
    duplex.send(Buffer.concat(Array.from({ length: 20_000 }, (_, i) => heartbeat(i))))
    expect(duplex.written).toHaveLength(20_000)
  })

  it('answers nothing for null, and ends the connection when the handler wants that', () => {
    const handle: RequestHandler = (_, __, context) =>
      Effect.sync(() => {
        if (context.clientId === 'bad') disconnect(context, 'a produce request with acks 0 failed')
        return null
      })
    const { duplex, warnings } = connection({ handle })
    duplex.send(heartbeat(1))
    expect([duplex.destroyed, duplex.written]).toEqual([false, []])
    duplex.send(encodeRequest('Heartbeat', 4, { correlationId: 2, clientId: 'bad' }, HEARTBEAT))
    expect(duplex.destroyed).toBe(true)
    expect(warnings()).toEqual([expect.stringContaining('acks 0')])
  })

  it('closes a connection that completes no request in time, drips or unread answers included', () => {
    const idle = connection({ idleMs: 1000 })
    idle.time.runFor(999)
    idle.duplex.send(Buffer.from([0]))
    idle.time.runFor(1)
    expect(idle.duplex.destroyed).toBe(true)

    const regular = connection({ idleMs: 1000 })
    for (let i = 0; i < 5; i++) {
      regular.time.runFor(900)
      regular.duplex.send(heartbeat(i))
      regular.answer(i)
    }
    expect(regular.duplex.destroyed).toBe(false)

    const busy = connection({ idleMs: 1000 })
    busy.duplex.send(heartbeat(1))
    busy.time.runFor(10_000)
    expect(busy.duplex.destroyed).toBe(false)
    busy.duplex.peerReads = false
    busy.answer(0)
    busy.time.runFor(999)
    expect(busy.duplex.destroyed).toBe(false)
    busy.time.runFor(1001)
    expect(busy.duplex.destroyed).toBe(true)
  })
})

describe('serveConnection: bad input', () => {
  it.each<[string, Buffer, RegExp]>([
    ['length -1', int32(-1), /a request of -1 bytes/],
    ['length 0', int32(0), /a request of 0 bytes/],
    ['length 2^31-1', int32(0x7fff_ffff), /a request of 2147483647 bytes/],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), /it sent HTTP/],
    ['TLS', Buffer.from('16030100f8010000f40303', 'hex'), /TLS handshake.*plaintext/],
    ['SSH', Buffer.from('SSH-2.0-OpenSSH_9.2\r\n'), /it sent SSH/],
    ['an unknown API', requestHeader(999, 0), /unknown API key 999/],
    ['a future version', requestHeader(12, 99), /Heartbeat v99 is not supported, only v0 to v4/],
    ['an advertised, dead version', requestHeader(0, 2), /Produce v2 is not supported/],
    ['a body cut off', requestHeader(12, 0), /malformed request/],
    [
      'bytes left over',
      Buffer.concat([
        int32(heartbeat(1).length - 4 + 3),
        heartbeat(1).subarray(4),
        Buffer.alloc(3),
      ]),
      /malformed request/,
    ],
  ])('%s closes with one log line', (_, bytes, why) => {
    const { duplex, warnings, lines, requests } = connection()
    duplex.send(bytes)
    duplex.send(heartbeat(1))
    expect(duplex.destroyed).toBe(true)
    expect(warnings()).toEqual([expect.stringMatching(why)])
    expect(warnings()[0]).toContain('192.0.2.9:1234')
    expect([lines.length, requests.length]).toEqual([1, 0])
  })

  it('an ApiVersions request of an unknown version gets error 35 in version 0', () => {
    const { duplex, requests } = connection()
    duplex.send(requestHeader(18, 99, 5))
    const { correlationId, body } = decodeResponse('ApiVersions', 0, duplex.written[0]!.subarray(4))
    expect(correlationId).toBe(5)
    expect(body).toMatchObject({ errorCode: 35, apiKeys: [{ apiKey: 18, minVersion: 0 }] })
    expect(duplex.destroyed).toBe(false)
    duplex.send(heartbeat(6))
    expect(requests).toHaveLength(1)
  })

  it('survives whatever comes, against the real broker', () => {
    const test = new TestBroker()
    test.createTopic('events')
    const valid = fc.constantFrom(...apiNames).map((api) => ({ api }))
    const chunk = fc.oneof(
      fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
      // Frames with a sound size and header, and rubbish behind.
      fc
        .tuple(fc.integer({ min: 0, max: 70 }), fc.nat(20), fc.uint8Array({ maxLength: 80 }), valid)
        .map(([key, version, rest]) => {
          const head = requestHeader(key, version)
          head.writeInt32BE(10 + rest.length)
          return Buffer.concat([head, rest])
        }),
    )
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 8 }), (chunks) => {
        const { duplex, warnings, time } = connection({ handle: test.broker.handle })
        for (const bytes of chunks) duplex.send(bytes)
        time.settle()
        expect(warnings().length).toBe(duplex.destroyed ? 1 : 0)
        duplex.destroy()
        time.settle()
      }),
      { numRuns: 1500 },
    )
    expect(test.lines.filter(({ message }) => message.includes('defect'))).toEqual([])
  })
})
