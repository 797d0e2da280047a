import { once } from 'node:events'
import * as net from 'node:net'
import * as Effect from 'effect/Effect'
import { afterEach, describe, expect, test } from 'vitest'
import { isStreamBusError } from '../../../src/domain/errors.js'
import { realRuntime } from '../../../src/runtime/runtime.js'
import { silentLogger } from '../../../src/transport/cluster/broker-connection.js'
import { nodeDialer } from '../../../src/transport/tcp/node-dialer.js'
import { socketDuplex } from '../../../src/transport/tcp/socket-duplex.js'
import { describeSocketFailure } from '../../../src/transport/tcp/socket-failure.js'
import { tcpConnections } from '../../../src/transport/tcp/tcp-connection.js'
import { type Script, ScriptedBroker } from '../fixtures/scripted-broker.js'

const runtime = realRuntime()
const open: (() => void)[] = []
afterEach(() => {
  for (const close of open.splice(0)) close()
})

const listen = async (accept: (socket: net.Socket) => void): Promise<number> => {
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    sockets.add(socket)
    accept(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  open.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return (server.address() as net.AddressInfo).port
}

const brokerOnPort = async (script: Script) => {
  const broker = new ScriptedBroker(script)
  const port = await listen((socket) => broker.accept(socketDuplex(socket, 'client')))
  const connection = tcpConnections({
    runtime,
    dialer: nodeDialer,
    clientId: 'me',
    logger: silentLogger,
  })({
    name: 'node 1',
    address: () => ({ host: '127.0.0.1', port }),
    purpose: 'fetch',
    owner: undefined,
    connectTimeoutMs: 5000,
  })
  open.push(connection.close)
  return { broker, connection, port }
}

const freePort = async (): Promise<number> => {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

const failureOf = (effect: Effect.Effect<unknown, unknown>): Promise<unknown> =>
  runtime.promise(Effect.flip(effect) as Effect.Effect<unknown>)

describe('sockets on the loopback', () => {
  test('a refused dial says so, with the address', async () => {
    const port = await freePort()
    const error = await failureOf(nodeDialer.dial('127.0.0.1', port))
    expect(error).toMatchObject({
      code: 'BROKER_UNREACHABLE',
      retriable: true,
      message: `cannot reach the broker at 127.0.0.1:${port}: connection refused`,
    })
  })

  test('a host name with several addresses gives one cause', async () => {
    const error = await failureOf(nodeDialer.dial('localhost', await freePort()))
    expect((error as Error).message).toMatch(
      /^cannot reach the broker at localhost:\d+: connection refused$/,
    )
  })

  test('a port that cannot be is a failure, not a crash', async () => {
    const error = await failureOf(nodeDialer.dial('127.0.0.1', 70_000))
    expect(isStreamBusError(error)).toBe(true)
    expect((error as Error).message).toMatch(/out of range/)
  })

  test('requests and large answers over a real socket', async () => {
    const records = Buffer.alloc(3_000_000, 'x')
    const { broker, connection } = await brokerOnPort({
      Fetch: () => ({
        responses: [
          {
            topic: 'events',
            partitions: [
              {
                partitionIndex: 0,
                errorCode: 0,
                highWatermark: 1,
                abortedTransactions: null,
                records,
              },
            ],
          },
        ],
      }),
    })
    const fetch = connection.request(
      'Fetch',
      { maxWaitMs: 1, minBytes: 1, topics: [] },
      { timeoutMs: 10_000, maxVersion: 12 },
    )
    const bodies = await runtime.promise(Effect.all([fetch, fetch], { concurrency: 2 }))
    for (const body of bodies) {
      const received = body.responses[0]!.partitions[0]!.records!
      expect(received.equals(records)).toBe(true)
      // Gathered once: the records are a view of the one response buffer.
      expect(received.buffer.byteLength).toBeLessThan(records.length + 200)
    }
    expect(broker.streams.length).toBe(1)
  })

  test('a broker that goes away mid-frame fails the request', async () => {
    const { connection, port } = await brokerOnPort({
      Heartbeat: (_, request) => {
        request.send(request.frame({ errorCode: 0 }).subarray(0, 6))
        request.hangUp()
        return undefined
      },
    })
    const error = await failureOf(
      connection.request(
        'Heartbeat',
        { groupId: 'g', generationId: 1, memberId: 'm' },
        { timeoutMs: 5000 },
      ),
    )
    expect(error).toMatchObject({
      code: 'CONNECTION_CLOSED',
      address: { broker: `127.0.0.1:${port}` },
    })
  })

  test('an HTTP server is recognised', async () => {
    const port = await listen((socket) => {
      socket.on('error', () => {})
      socket.on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    })
    const http = tcpConnections({
      runtime,
      dialer: nodeDialer,
      clientId: 'me',
      logger: silentLogger,
    })({
      name: 'node 1',
      address: () => ({ host: '127.0.0.1', port }),
      purpose: 'metadata',
      owner: undefined,
      connectTimeoutMs: 5000,
    })
    open.push(http.close)
    const error = await failureOf(http.request('Metadata', { topics: [] }, { timeoutMs: 5000 }))
    expect(error).toMatchObject({ code: 'MALFORMED_MESSAGE' })
    expect((error as Error).message).toMatch(/speaks HTTP/)
  })

  test('an interrupted dial leaves no socket behind', async () => {
    let accept: (socket: net.Socket) => void = () => {}
    const accepted = new Promise<net.Socket>((resolve) => {
      accept = resolve
    })
    const port = await listen((socket) => {
      socket.on('error', () => {})
      accept(socket)
    })
    let connected = false
    const fiber = runtime.run(
      Effect.map(nodeDialer.dial('127.0.0.1', port), () => {
        connected = true
      }),
    )
    fiber.interruptUnsafe()
    // The kernel may or may not have connected by then; if it has, the server sees the end.
    const probe = await runtime.promise(nodeDialer.dial('127.0.0.1', port))
    const socket = await accepted
    probe.destroy()
    if (!socket.closed) await once(socket.resume(), 'close')
    expect(connected).toBe(false)
  })
})

test('socket failures are said in words', () => {
  const words = (code: string) => describeSocketFailure(Object.assign(new Error('raw'), { code }))
  expect(words('ENOTFOUND')).toBe('host name not found')
  expect(words('ETIMEDOUT')).toBe('timed out')
  expect(words('ECONNRESET')).toBe('connection reset by the other side')
  expect(words('EWHATEVER')).toBe('raw')
  expect(describeSocketFailure(new AggregateError([], ''))).toBe('unknown cause')
})
