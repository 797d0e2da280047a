import { describe, expect, it } from 'vitest'
import {
  type ApiName,
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  type RequestInput,
  type ResponseInput,
} from '../../../src/transport/protocol/registry.js'

/** Written by hand from the protocol guide (and KIP-482 for the compact forms), byte by byte. */
const hex = (...parts: readonly string[]): string => parts.join('').replaceAll(' ', '')

interface Written<T> {
  readonly api: ApiName
  readonly version: number
  readonly value: T
  readonly bytes: string
}

const request = <N extends ApiName>(
  api: N,
  version: number,
  value: RequestInput<N>,
  ...parts: readonly string[]
): Written<RequestInput<ApiName>> => ({ api, version, value, bytes: hex(...parts) })

const response = <N extends ApiName>(
  api: N,
  version: number,
  value: ResponseInput<N>,
  ...parts: readonly string[]
): Written<ResponseInput<ApiName>> => ({ api, version, value, bytes: hex(...parts) })

const requests = [
  request(
    'ApiVersions',
    3,
    { clientSoftwareName: 'sb', clientSoftwareVersion: '1' },
    '00000013', // 19 bytes follow
    '0012 0003 00000001', // key 18, version 3, correlation id 1
    '0002 6964', // client id: a plain string also in header v2
    '00', // no tagged fields in the header
    '03 7362', // compact string: length + 1
    '02 31',
    '00', // no tagged fields
  ),
  request(
    'JoinGroup',
    5,
    {
      groupId: 'g',
      sessionTimeoutMs: 30_000,
      rebalanceTimeoutMs: 60_000,
      memberId: '',
      groupInstanceId: 'i',
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.from([1, 2]) }],
    },
    '00000037', // 55 bytes follow
    '000b 0005 00000001 0002 6964',
    '0001 67', // group id
    '00007530 0000ea60', // 30 s, 60 s
    '0000', // empty member id
    '0001 69', // group instance id
    '0008 636f6e73756d6572',
    '00000001', // one protocol
    '0005 72616e6765 00000002 0102',
  ),
  request(
    'Metadata',
    12,
    {
      topics: [{ topicId: 'AAECAwQFBgcICQoLDA0ODw', name: null }],
      allowAutoTopicCreation: false,
    },
    '00000023',
    '0003 000c 00000001 0002 6964 00',
    '02', // one topic
    '000102030405060708090a0b0c0d0e0f 00 00', // its id, no name, no tags
    '00 00', // do not create, no authorized operations
    '00',
  ),
  request(
    'Fetch',
    12,
    { maxWaitMs: 1, minBytes: 2, maxBytes: 3, topics: [], rackId: 'r', clusterId: 'c' },
    '0000002f',
    '0001 000c 00000001 0002 6964 00',
    'ffffffff 00000001 00000002 00000003', // replica -1, then the limits
    '00 00000000 ffffffff', // read_uncommitted, no fetch session
    '01 01 02 72', // no topics, none forgotten, rack
    '01 00 02 02 63', // one tagged field: tag 0, 2 bytes, a compact string
  ),
]

const responses = [
  response(
    'ApiVersions',
    3,
    { errorCode: 0, apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }] },
    '00000013',
    '00000001', // header v0 in every version: no tag section
    '0000',
    '02 0012 0000 0004 00',
    '00000000',
    '00',
  ),
  response('Heartbeat', 4, { errorCode: 27 }, '0000000c', '00000001 00', '00000000 001b 00'),
  response('Heartbeat', 0, { errorCode: 27 }, '00000006', '00000001', '001b'),
  response(
    'InitProducerId',
    2,
    { errorCode: 0, producerId: -1n, producerEpoch: -1 },
    '00000016',
    '00000001 00',
    '00000000 0000 ffffffffffffffff ffff 00',
  ),
]

describe('byte strings written by hand', () => {
  it.each(requests)('$api v$version request', ({ api, version, value, bytes }) => {
    const header = { correlationId: 1, clientId: 'id' }
    expect(encodeRequest(api, version, header, value).toString('hex')).toBe(bytes)
    const decoded = decodeRequest(Buffer.from(bytes, 'hex').subarray(4))
    expect(decoded).toMatchObject({ api, version, ...header, body: value })
  })

  it.each(responses)('$api v$version response', ({ api, version, value, bytes }) => {
    expect(encodeResponse(api, version, 1, value).toString('hex')).toBe(bytes)
    const decoded = decodeResponse(api, version, Buffer.from(bytes, 'hex').subarray(4))
    expect(decoded).toMatchObject({ correlationId: 1, body: value })
  })

  it('reads a longer varint than needed, as Kafka does', () => {
    const bytes = hex('0012 0003 00000001 0002 6964 00', '8380 00 7362', '02 31', '00')
    const { body } = decodeRequest(Buffer.from(bytes, 'hex'))
    expect(body).toEqual({ clientSoftwareName: 'sb', clientSoftwareVersion: '1' })
  })
})
