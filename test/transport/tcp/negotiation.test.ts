import { describe, expect, test } from 'vitest'
import { VirtualTime } from '../../../src/simulation/time/virtual-time.js'
import { advertisedApis, encodeResponse } from '../../../src/transport/protocol/registry.js'
import { Connection } from '../../../src/transport/tcp/connection.js'
import {
  chooseVersion,
  negotiate,
  type VersionTable,
} from '../../../src/transport/tcp/negotiation.js'
import { memoryDuplex } from '../fixtures/memory-duplex.js'
import { start } from '../fixtures/running.js'
import { type Script, ScriptedBroker } from '../fixtures/scripted-broker.js'

const negotiated = (answer: Script['ApiVersions']) => {
  const time = new VirtualTime('negotiation')
  const [client, server] = memoryDuplex(time.clock, ['kafka:9092', 'client:1'])
  const broker = new ScriptedBroker(answer === undefined ? {} : { ApiVersions: answer })
  broker.accept(server)
  const connection = new Connection(client, {
    clock: time.clock,
    clientId: 'me',
    closeWhenAbandoned: false,
    onLost: () => {},
  })
  const running = start(time.runtime, negotiate(connection, 1000))
  time.runFor(2000)
  return { running, broker }
}

const UNSUPPORTED = 35

describe('negotiation', () => {
  test('asks in version 3 first and takes the table', () => {
    const { running, broker } = negotiated(undefined)
    expect(broker.received.map(({ version }) => version)).toEqual([3])
    expect(broker.received[0]!.body).toMatchObject({ clientSoftwareName: 'streambus' })
    expect(running.value().size).toBe(advertisedApis().length)
  })

  const refusing = (named: readonly { apiKey: number; minVersion: number; maxVersion: number }[]) =>
    negotiated((_, request) => {
      if (request.version <= (named[0]?.maxVersion ?? 0)) {
        return { errorCode: 0, apiKeys: [{ apiKey: 12, minVersion: 0, maxVersion: 1 }] }
      }
      const refusal = { errorCode: UNSUPPORTED, apiKeys: named }
      request.send(encodeResponse('ApiVersions', 0, request.correlationId, refusal))
      return undefined
    })

  test('falls back to the version that the broker names', () => {
    const { running, broker } = refusing([{ apiKey: 18, minVersion: 0, maxVersion: 2 }])
    expect(broker.received.map(({ version }) => version)).toEqual([3, 2])
    expect(running.value()).toEqual(new Map([[12, { min: 0, max: 1 }]]))
  })

  test('falls back to version 0 when none is named', () => {
    const { running, broker } = refusing([])
    expect(broker.received.map(({ version }) => version)).toEqual([3, 0])
    expect(running.value().get(12)).toEqual({ min: 0, max: 1 })
  })

  test('a broker that refuses every version is told of, not asked for ever', () => {
    const { running, broker } = negotiated((_, request) => {
      const refusal = { errorCode: UNSUPPORTED, apiKeys: [] }
      request.send(encodeResponse('ApiVersions', 0, request.correlationId, refusal))
      return undefined
    })
    expect(running.failure()).toMatchObject({
      code: 'UNSUPPORTED_VERSION',
      kafkaError: 'UNSUPPORTED_VERSION',
    })
    expect(broker.received.length).toBe(2)
  })

  test('an error code and an empty table are named', () => {
    const refused = negotiated(() => ({ errorCode: 31, apiKeys: [] }))
    expect(refused.running.failure().message).toMatch(/kafka:9092.*CLUSTER_AUTHORIZATION_FAILED/)
    const empty = negotiated(() => ({ errorCode: 0, apiKeys: [] }))
    expect(empty.running.failure().message).toMatch(/offers no API/)
  })
})

describe('choosing a version', () => {
  const offers = (min: number, max: number): VersionTable => new Map([[12, { min, max }]])

  test('the highest common one, below a given maximum', () => {
    expect(chooseVersion(offers(0, 9), 'Heartbeat', 'b')).toBe(4)
    expect(chooseVersion(offers(0, 2), 'Heartbeat', 'b')).toBe(2)
    expect(chooseVersion(offers(0, 9), 'Heartbeat', 'b', 1)).toBe(1)
  })

  test('none in common: the api, our range and theirs are named', () => {
    expect(() => chooseVersion(offers(5, 9), 'Heartbeat', 'kafka:9092')).toThrow(
      'broker kafka:9092: no common version of Heartbeat: this client needs 0-4, the broker offers 5-9',
    )
    expect(() => chooseVersion(new Map(), 'Heartbeat', 'kafka:9092')).toThrow(
      'this client needs 0-4, the broker does not offer it',
    )
    expect(() => chooseVersion(offers(3, 4), 'Heartbeat', 'b', 2)).toThrow('needs 0-2')
  })

  test('Produce versions that are advertised but not spoken are not chosen', () => {
    expect(() => chooseVersion(new Map([[0, { min: 0, max: 2 }]]), 'Produce', 'b')).toThrow(
      'this client needs 3-',
    )
  })
})
