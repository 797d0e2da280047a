import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import {
  type EmbeddedBroker,
  type StartBrokerOptions,
  startBroker,
} from '../../src/broker/index.js'
import { realRuntime } from '../../src/runtime/runtime.js'
import {
  type ApiName,
  completeRequest,
  completeResponse,
  decodeResponse,
  encodeRequest,
  type RequestInput,
  type ResponseBody,
  validVersions,
} from '../../src/transport/protocol/registry.js'
import {
  batchOf,
  fetchRequest,
  idempotent,
  produceRequest,
  recordingLogger,
  valuesOf,
} from './fixtures/test-broker.js'

const open: { close(): Promise<void> }[] = []
const directories: string[] = []

afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true })
})

const start = async (options: StartBrokerOptions = {}): Promise<EmbeddedBroker> => {
  const broker = await startBroker(options)
  open.push(broker)
  return broker
}

const directory = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'streambus-broker-'))
  directories.push(path)
  return path
}

/** In process, as the typed transport asks. */
const ask = async <N extends ApiName>(
  broker: EmbeddedBroker,
  api: N,
  input: RequestInput<N>,
): Promise<ResponseBody<N>> => {
  const context = {
    apiVersion: validVersions(api).max,
    clientId: 'test',
    clientHost: 'in-process',
  }
  const answer = await realRuntime().promise(
    broker.handle(api, completeRequest(api, input), context),
  )
  return completeResponse(api, answer!)
}

const values = async (broker: EmbeddedBroker, topic: string): Promise<string[]> => {
  const { responses } = await ask(broker, 'Fetch', fetchRequest(topic, 0, 0))
  return valuesOf(responses[0]!.partitions[0]!.records, topic, 0)
}

const offsetOf = ({ responses }: ResponseBody<'Produce'>): number[] => {
  const { errorCode, baseOffset } = responses[0]!.partitionResponses[0]!
  return [errorCode, baseOffset]
}

/** A raw client: what a stranger's socket sees. */
class RawClient {
  readonly #socket: Socket
  #received = Buffer.alloc(0)
  #wake: () => void = () => {}
  closed = false

  private constructor(socket: Socket) {
    this.#socket = socket
    open.push({ close: async () => void socket.destroy() })
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#wake()
    })
    socket.on('close', () => {
      this.closed = true
      this.#wake()
    })
  }

  static async to(port: number, host = '127.0.0.1'): Promise<RawClient> {
    const socket = connect({ port, host })
    const client = new RawClient(socket)
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    return client
  }

  send(bytes: Buffer): void {
    this.#socket.write(bytes)
  }

  stopReading(): void {
    this.#socket.pause()
  }

  /** The next frame without its size; undefined when the connection has closed instead. */
  async frame(): Promise<Buffer | undefined> {
    for (;;) {
      const size = this.#received.length < 4 ? undefined : this.#received.readInt32BE(0)
      if (size !== undefined && this.#received.length >= 4 + size) {
        const frame = this.#received.subarray(4, 4 + size)
        this.#received = this.#received.subarray(4 + size)
        return frame
      }
      if (this.closed) return undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  async request<N extends ApiName>(
    api: N,
    version: number,
    input: RequestInput<N>,
  ): Promise<ResponseBody<N>> {
    this.send(encodeRequest(api, version, { correlationId: 1, clientId: 'raw' }, input))
    const frame = await this.frame()
    if (frame === undefined) throw new Error('the broker closed the connection')
    return decodeResponse(api, version, frame).body
  }
}

describe('startBroker', () => {
  it('runs in process without a port', async () => {
    const broker = await start({ topics: { events: { partitions: 2 } } })
    expect(broker).toMatchObject({ host: undefined, port: undefined, address: undefined })
    expect(
      offsetOf(await ask(broker, 'Produce', produceRequest('events', 0, batchOf(['a'])))),
    ).toEqual([0, 0])
    expect(await values(broker, 'events')).toEqual(['a'])
  })

  it('a fetch waits on the real clock too', async () => {
    const broker = await start({ topics: { events: {} } })
    const waiting = ask(broker, 'Fetch', fetchRequest('events', 0, 0, { maxWaitMs: 20_000 }))
    await ask(broker, 'Produce', produceRequest('events', 0, batchOf(['late'])))
    const { responses } = await waiting
    expect(valuesOf(responses[0]!.partitions[0]!.records, 'events', 0)).toEqual(['late'])
  })

  it.each<[StartBrokerOptions, RegExp]>([
    [{ port: 70_000, fsync: true, dataDir: undefined }, /port must be.*fsync needs a dataDir/],
    [{ host: '' }, /host/],
    [{ topics: { 'a b': { partitions: 1 }, c: { partitions: 0 } } }, /topics\.a b: .*topics\.c: /],
    [{ topics: { 'a.b': {}, a_b: {} } }, /topics\.a_b: .*dots and underscores/],
    [{ advertise: 'x' }, /advertise/],
  ])('refuses %j', async (options, why) => {
    await expect(startBroker(options)).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: expect.stringMatching(why),
    })
  })

  it('keeps everything in its data directory', async () => {
    const dataDir = directory()
    const topics = { events: { partitions: 1 } }
    const first = await start({ dataDir, topics })
    await ask(first, 'Produce', produceRequest('events', 0, idempotent(1n, 0, ['a', 'b'])))
    const producer = await ask(first, 'InitProducerId', {
      transactionalId: null,
      transactionTimeoutMs: 1,
    })
    await expect(startBroker({ dataDir })).rejects.toMatchObject({ code: 'DATA_DIR_LOCKED' })
    await first.close()

    const second = await start({ dataDir, topics })
    expect(second.clusterId).toBe(first.clusterId)
    expect(await values(second, 'events')).toEqual(['a', 'b'])
    const again = produceRequest('events', 0, idempotent(1n, 0, ['a', 'b']))
    expect(offsetOf(await ask(second, 'Produce', again))).toEqual([0, 0])
    const next = produceRequest('events', 0, idempotent(1n, 2, ['c']))
    expect(offsetOf(await ask(second, 'Produce', next))).toEqual([0, 2])
    const other = await ask(second, 'InitProducerId', {
      transactionalId: null,
      transactionTimeoutMs: 1,
    })
    expect(other.producerId).not.toBe(producer.producerId)
    await second.close()
  })

  it('refuses another partition count, and frees the directory then', async () => {
    const dataDir = directory()
    await (await start({ dataDir, topics: { events: { partitions: 1 } } })).close()
    await expect(
      startBroker({ dataDir, topics: { events: { partitions: 2 } } }),
    ).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: expect.stringContaining('exists with 1 partitions, not 2'),
    })
    await start({ dataDir })
  })

  it('names the port that is in use, and frees the directory then', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    open.push({ close: () => new Promise((resolve) => taken.close(() => resolve())) })
    const { port } = taken.address() as { port: number }
    const dataDir = directory()
    await expect(startBroker({ dataDir, port })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringContaining(`127.0.0.1:${port} is in use`),
    })
    await start({ dataDir })
  })

  it('an address that is not ours is a configuration error', async () => {
    await expect(startBroker({ port: 0, host: '192.0.2.1' })).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: expect.stringContaining('192.0.2.1:0'),
    })
  })

  it('closes twice, and answers as a broker that is gone afterwards', async () => {
    const broker = await start({ port: 0 })
    await Promise.all([broker.close(), broker.close()])
    await expect(RawClient.to(broker.port!)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    const metadata = await ask(broker, 'Metadata', { topics: [{ name: 'a' }] })
    expect([metadata.errorCode, metadata.topics[0]!.errorCode]).toEqual([8, 8])
    const heartbeat = { groupId: 'g', generationId: 1, memberId: 'm' }
    expect((await ask(broker, 'Heartbeat', heartbeat)).errorCode).toBe(15)
  })
})

describe('startBroker over TCP', () => {
  it('serves strangers, and tells them the address that they dialled', async () => {
    const broker = await start({ port: 0, host: '0.0.0.0', topics: { events: {} } })
    expect(broker.address).toBe(`0.0.0.0:${broker.port}`)
    const client = await RawClient.to(broker.port!)
    const { brokers, clusterId } = await client.request('Metadata', 8, { topics: null })
    expect(brokers).toMatchObject([{ nodeId: 1, host: '127.0.0.1', port: broker.port }])
    expect(clusterId).toBe(broker.clusterId)
    const produced = await client.request('Produce', 8, produceRequest('events', 0, batchOf(['a'])))
    expect(offsetOf(produced)).toEqual([0, 0])
    expect(await values(broker, 'events')).toEqual(['a'])
  })

  it('tells the configured address when there is one', async () => {
    const broker = await start({ port: 0, advertise: 'kafka.example:19092' })
    const client = await RawClient.to(broker.port!)
    const { brokers } = await client.request('Metadata', 8, { topics: null })
    expect(brokers).toMatchObject([{ host: 'kafka.example', port: 19_092 }])
  })

  it('bad bytes cost their sender the connection, one line each, and nobody else anything', async () => {
    const { logger, lines } = recordingLogger()
    const broker = await start({ port: 0, logger, topics: { events: {} } })
    const good = await RawClient.to(broker.port!)
    const bad = [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.from('160301020001000001', 'hex'),
      Buffer.from('ffffffff', 'hex'),
      Buffer.from('00000000', 'hex'),
      Buffer.from('7fffffff', 'hex'),
      Buffer.from('0000000a03e7000000000001ffff', 'hex'),
    ]
    for (const bytes of bad) {
      const client = await RawClient.to(broker.port!)
      client.send(bytes)
      expect(await client.frame()).toBeUndefined()
    }
    const midFrame = await RawClient.to(broker.port!)
    midFrame.send(Buffer.from('000000640012', 'hex'))
    expect((await good.request('ApiVersions', 3, {})).errorCode).toBe(0)
    expect(lines.filter(({ level }) => level === 'warn')).toHaveLength(bad.length)
  })

  it('refuses connections beyond its limit, and takes new ones when others have gone', async () => {
    const { logger, lines } = recordingLogger()
    const broker = await start({ port: 0, maxConnections: 1, logger })
    const first = await RawClient.to(broker.port!)
    await first.request('ApiVersions', 3, {})
    const second = await RawClient.to(broker.port!)
    expect(await second.frame()).toBeUndefined()
    expect(lines.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
      'refused a connection: 1 are open',
    ])
    first.send(Buffer.from('ffffffff', 'hex'))
    expect(await first.frame()).toBeUndefined()
    const third = await RawClient.to(broker.port!)
    expect((await third.request('ApiVersions', 3, {})).errorCode).toBe(0)
  })

  it('a flood of pipelined requests from one who does not read is held back', async () => {
    const broker = await start({ port: 0, topics: { events: {} } })
    await ask(broker, 'Produce', produceRequest('events', 0, batchOf(['x'.repeat(1_000_000)])))
    const greedy = await RawClient.to(broker.port!)
    greedy.stopReading()
    const before = process.memoryUsage().arrayBuffers
    const request = encodeRequest(
      'Fetch',
      11,
      { correlationId: 1, clientId: 'greedy' },
      fetchRequest('events', 0, 0),
    )
    greedy.send(Buffer.concat(Array.from({ length: 1000 }, () => request)))
    const good = await RawClient.to(broker.port!)
    for (let i = 0; i < 200; i++) await good.request('ApiVersions', 3, {})
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024)
  })

  it('ends connections when it closes, also those that wait', async () => {
    const broker = await start({ port: 0, topics: { events: {} } })
    const client = await RawClient.to(broker.port!)
    await client.request('ApiVersions', 3, {})
    client.send(
      encodeRequest(
        'Fetch',
        11,
        { correlationId: 1, clientId: 'c' },
        fetchRequest('events', 0, 0, { maxWaitMs: 600_000 }),
      ),
    )
    await broker.close()
    expect(await client.frame()).toBeUndefined()
  })
})
