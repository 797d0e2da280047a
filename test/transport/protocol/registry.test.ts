import { describe, expect, expectTypeOf, it } from 'vitest'
import { StreamBusError } from '../../../src/domain/errors.js'
import {
  type ApiName,
  advertisedApis,
  apiByKey,
  apiKeyOf,
  apiNames,
  completeRequest,
  decodeRequest,
  decodeRequestHeader,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  encodeResponseParts,
  encodeUnsupportedApiVersions,
  type RequestBody,
  type RequestInput,
  type ResponseBody,
  type ResponseInput,
  responseCorrelationId,
  validVersions,
} from '../../../src/transport/protocol/registry.js'

/** Kafka 4.1's stable versions; Produce is advertised from 0 (KAFKA-18659). */
const table: readonly (readonly [name: ApiName, key: number, min: number, max: number])[] = [
  ['Produce', 0, 3, 13],
  ['Fetch', 1, 4, 18],
  ['ListOffsets', 2, 1, 10],
  ['Metadata', 3, 0, 13],
  ['OffsetCommit', 8, 2, 9],
  ['OffsetFetch', 9, 1, 9],
  ['FindCoordinator', 10, 0, 6],
  ['JoinGroup', 11, 0, 9],
  ['Heartbeat', 12, 0, 4],
  ['LeaveGroup', 13, 0, 5],
  ['SyncGroup', 14, 0, 5],
  ['DescribeGroups', 15, 0, 6],
  ['ListGroups', 16, 0, 5],
  ['ApiVersions', 18, 0, 4],
  ['CreateTopics', 19, 2, 7],
  ['DeleteTopics', 20, 1, 6],
  ['InitProducerId', 22, 0, 5],
  ['OffsetForLeaderEpoch', 23, 2, 4],
  ['DeleteGroups', 42, 0, 2],
  ['DescribeCluster', 60, 0, 2],
]

const header = { correlationId: 7, clientId: 'c' }

describe('versions', () => {
  it.each(table)('%s has key %i and versions %i to %i', (name, key, min, max) => {
    expect(apiKeyOf(name)).toBe(key)
    expect(apiByKey(key)).toBe(name)
    const advertisedMin = name === 'Produce' ? 0 : min
    expect(validVersions(name)).toMatchObject({ min, max, advertisedMin })
  })

  it('advertises all of them, ordered by key', () => {
    expect(apiNames.toSorted()).toEqual(table.map(([name]) => name).toSorted())
    expect(advertisedApis()).toEqual(
      table.map(([name, apiKey, min, maxVersion]) => ({
        apiKey,
        minVersion: name === 'Produce' ? 0 : min,
        maxVersion,
      })),
    )
    expect(advertisedApis(['Fetch', 'Produce']).map(({ apiKey }) => apiKey)).toEqual([0, 1])
    expect(apiByKey(4)).toBeUndefined()
  })

  it('refuses a version that it does not have', () => {
    const unsupported = expect.objectContaining({ code: 'UNSUPPORTED_VERSION' })
    const body = { groupId: 'g', generationId: 1, memberId: 'm' }
    for (const version of [-1, 5, 1.5]) {
      expect(() => encodeRequest('Heartbeat', version, header, body)).toThrow(unsupported)
      expect(() => encodeResponse('Heartbeat', version, 1, { errorCode: 0 })).toThrow(unsupported)
      expect(() => decodeResponse('Heartbeat', version, Buffer.alloc(9))).toThrow(unsupported)
    }
    // Produce v2 is advertised, and not read.
    expect(() => decodeRequest(Buffer.from('0000000200000001ffff', 'hex'))).toThrow(
      'Produce v2 request: version 2 is not supported, use 3 to 13',
    )
    expect(() => decodeRequest(Buffer.from('0004000200000001ffff', 'hex'))).toThrow(unsupported)
  })
})

describe('headers', () => {
  it('reads those of APIs and versions that it does not know', () => {
    const unknown = Buffer.from('03e8004d0000000900026869ffffff', 'hex')
    const expected = { apiKey: 1000, apiVersion: 77, correlationId: 9 }
    expect(decodeRequestHeader(unknown)).toEqual({ ...expected, clientId: 'hi' })
    expect(decodeRequestHeader(unknown.subarray(0, 8))).toEqual({ ...expected, clientId: null })
    expect(decodeRequestHeader(unknown.subarray(0, 11))).toEqual({ ...expected, clientId: null })
    expect(() => decodeRequestHeader(unknown.subarray(0, 7))).toThrow(
      expect.objectContaining({ code: 'MALFORMED_MESSAGE' }),
    )
  })

  it('skips tagged fields in flexible headers, and has none in an ApiVersions response', () => {
    const heartbeat = encodeResponse('Heartbeat', 4, 7, { errorCode: 3 })
    const tagged = Buffer.concat([
      heartbeat.subarray(4, 8),
      Buffer.from('0105020a0b', 'hex'),
      heartbeat.subarray(9),
    ])
    expect(decodeResponse('Heartbeat', 4, tagged)).toEqual({
      correlationId: 7,
      body: { throttleTimeMs: 0, errorCode: 3 },
    })
    expect(responseCorrelationId(tagged)).toBe(7)
    expect(responseCorrelationId(tagged.subarray(0, 3))).toBeUndefined()
    const versions = encodeResponse('ApiVersions', 4, 7, { errorCode: 0, apiKeys: [] })
    expect(versions.toString('hex', 8, 10)).toBe('0000')
  })

  it('answers an ApiVersions request that is too new in v0, and reads such an answer', () => {
    const refusal = encodeUnsupportedApiVersions(7, ['Fetch', 'ApiVersions']).subarray(4)
    const expected = {
      errorCode: 35,
      apiKeys: [
        { apiKey: 1, minVersion: 4, maxVersion: 18 },
        { apiKey: 18, minVersion: 0, maxVersion: 4 },
      ],
    }
    for (const version of [0, 1, 2, 3, 4]) {
      const { correlationId, body } = decodeResponse('ApiVersions', version, refusal)
      expect(correlationId).toBe(7)
      expect(body).toMatchObject(expected)
    }
    const inV4 = encodeResponse('ApiVersions', 4, 7, { ...expected, throttleTimeMs: 3 })
    expect(decodeResponse('ApiVersions', 4, inV4.subarray(4)).body).toMatchObject({
      ...expected,
      throttleTimeMs: 3,
    })
  })
})

describe('record bytes', () => {
  const partition = { partitionIndex: 0, errorCode: 0, highWatermark: 1, abortedTransactions: null }
  const records = Buffer.alloc(100_000, 5)
  const body: ResponseInput<'Fetch'> = {
    responses: [{ topic: 't', partitions: [{ ...partition, records }] }],
  }

  it('are a view into the frame when decoded', () => {
    const frame = encodeResponse('Fetch', 12, 1, body).subarray(4)
    const view = decodeResponse('Fetch', 12, frame).body.responses[0]!.partitions[0]!.records!
    expect(view.equals(records)).toBe(true)
    expect(view.buffer).toBe(frame.buffer)
  })

  it('are not copied into parts, and copied into a frame', () => {
    expect(encodeResponseParts('Fetch', 12, 1, body)).toContain(records)
    const frame = encodeResponse('Fetch', 12, 1, body)
    records.fill(6)
    const view = decodeResponse('Fetch', 12, frame.subarray(4)).body.responses[0]!.partitions[0]!
    expect(view.records!.every((byte) => byte === 5)).toBe(true)
  })

  it('leave the next message alone when one failed halfway', () => {
    const bad = { ...body, sessionId: 2 ** 40 }
    expect(() => encodeResponse('Fetch', 12, 1, bad)).toThrow(StreamBusError)
    const frame = encodeResponse('Heartbeat', 0, 1, { errorCode: 1 })
    expect(frame.toString('hex')).toBe('00000006000000010001')
  })
})

describe('types', () => {
  it('tell decoded from given', () => {
    expectTypeOf<RequestBody<'Heartbeat'>['groupInstanceId']>().toEqualTypeOf<string | null>()
    expectTypeOf<RequestBody<'InitProducerId'>['producerId']>().toEqualTypeOf<bigint>()
    expectTypeOf<ResponseBody<'InitProducerId'>['throttleTimeMs']>().toEqualTypeOf<number>()
    expectTypeOf<RequestInput<'Heartbeat'>>().toEqualTypeOf<{
      readonly groupId: string
      readonly generationId: number
      readonly memberId: string
      readonly groupInstanceId?: string | null
      readonly unknownTags?: readonly { readonly tag: number; readonly data: Buffer }[]
    }>()
    type Partition = ResponseBody<'Fetch'>['responses'][number]['partitions'][number]
    expectTypeOf<Partition['records']>().toEqualTypeOf<Buffer | null>()
    expectTypeOf<Partition['highWatermark']>().toEqualTypeOf<number>()
    expectTypeOf<Partition['currentLeader']['leaderEpoch']>().toEqualTypeOf<number>()
    expectTypeOf<ResponseBody<'Fetch'>>().toExtend<ResponseInput<'Fetch'>>()
    expectTypeOf<RequestBody<'OffsetFetch'>['topics']>().extract<null>().toEqualTypeOf<null>()
  })

  it('narrow a decoded request by its API', () => {
    const given = { groupId: 'g', generationId: 4, memberId: 'm' }
    const request = decodeRequest(encodeRequest('Heartbeat', 3, header, given).subarray(4))
    if (request.api !== 'Heartbeat') throw new Error(request.api)
    expectTypeOf(request.body).toEqualTypeOf<RequestBody<'Heartbeat'>>()
    expect(request.body).toEqual(completeRequest('Heartbeat', given))
    expect(request.body.groupInstanceId).toBeNull()
  })
})
