import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { StreamBusError } from '../../../src/domain/errors.js'
import {
  type ApiName,
  apiNames,
  apis,
  decodeRequest,
  decodeRequestHeader,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  type RequestInput,
  type ResponseInput,
} from '../../../src/transport/protocol/registry.js'
import { everyVersion, messageArbitrary } from './message-arbitrary.js'

const allowed = new Set(['MALFORMED_MESSAGE', 'NUMBER_OUT_OF_RANGE', 'UNSUPPORTED_VERSION'])

/** Runs a decoder: it may succeed, or throw one of ours, in one line. */
const survives = (decode: () => unknown): void => {
  try {
    decode()
  } catch (error) {
    if (!(error instanceof StreamBusError)) throw error
    expect(allowed).toContain(error.code)
    expect(error.message).toMatch(/^[^\n]+$/)
  }
}

const bytes = (maxLength: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ maxLength, size: 'max' }).map((array) => Buffer.from(array))

const apiVersions = fc.constantFrom(...everyVersion)

const header = (api: ApiName, version: number): Buffer => {
  const start = Buffer.alloc(10)
  start.writeInt16BE(apis[api].key, 0)
  start.writeInt16BE(version, 2)
  start.writeInt16BE(-1, 8)
  return version >= (apis[api].flexibleFrom ?? 99) ? Buffer.concat([start, Buffer.alloc(1)]) : start
}

interface Change {
  readonly at: number
  readonly byte: number
  readonly kind: 'replace' | 'insert' | 'remove' | 'truncate'
}

const changes: fc.Arbitrary<readonly Change[]> = fc.array(
  fc.record({
    at: fc.nat(100_000),
    byte: fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat(255)),
    kind: fc.constantFrom('replace', 'replace', 'insert', 'remove', 'truncate'),
  }),
  { minLength: 1, maxLength: 4 },
)

const mutated = (frame: Buffer, list: readonly Change[]): Buffer =>
  list.reduce<Buffer>((now, { at: anywhere, byte, kind }) => {
    const at = now.length === 0 ? 0 : anywhere % now.length
    const before = now.subarray(0, at)
    if (kind === 'truncate') return before
    const rest = now.subarray(kind === 'insert' ? at : at + 1)
    return Buffer.concat(kind === 'remove' ? [before, rest] : [before, Buffer.from([byte]), rest])
  }, frame)

describe('bytes from anywhere', () => {
  it('random frames end in a value or in an error of ours', () => {
    fc.assert(
      fc.property(apiVersions, bytes(300), ([api, version], noise) => {
        survives(() => decodeRequest(noise))
        survives(() => decodeRequestHeader(noise))
        survives(() => decodeRequest(Buffer.concat([header(api, version), noise])))
        survives(() => decodeResponse(api, version, noise))
      }),
      { numRuns: 3000 },
    )
  })

  it.each(apiNames)('changed frames of %s end in a value or in an error of ours', (api) => {
    const version = fc.integer({ min: apis[api].min, max: apis[api].max })
    const messages = version.chain((v) =>
      fc.tuple(
        fc.constant(v),
        messageArbitrary(api, v, 'request'),
        messageArbitrary(api, v, 'response'),
      ),
    )
    fc.assert(
      fc.property(messages, changes, ([v, request, response], list) => {
        const ids = { correlationId: 3, clientId: 'c' }
        const asked = encodeRequest(api, v, ids, request as RequestInput<ApiName>).subarray(4)
        survives(() => decodeRequest(mutated(asked, list)))
        const answered = encodeResponse(api, v, 3, response as ResponseInput<ApiName>).subarray(4)
        survives(() => decodeResponse(api, v, mutated(answered, list)))
      }),
      { numRuns: 150 },
    )
  })

  it('every prefix of a frame is refused', () => {
    for (const [api, version] of everyVersion) {
      const [value] = fc.sample(messageArbitrary(api, version, 'request'), { numRuns: 1, seed: 9 })
      const ids = { correlationId: 3, clientId: 'c' }
      const frame = encodeRequest(api, version, ids, value as RequestInput<ApiName>).subarray(4)
      for (let size = 0; size < Math.min(frame.length, 300); size++) {
        expect(() => decodeRequest(frame.subarray(0, size))).toThrow(StreamBusError)
      }
    }
  })
})

describe('sizes that lie', () => {
  const lies: readonly (readonly [
    what: string,
    api: ApiName,
    version: number,
    body: string,
    reason: string,
  ])[] = [
    [
      'two thousand million topics',
      'Metadata',
      1,
      '7fffffff',
      'topics: an array of 2147483647 elements, 0 bytes are left',
    ],
    [
      'more topics than can be in the bytes',
      'Metadata',
      1,
      `00000064${'0000'.repeat(60)}`,
      'topics: an array of 100 elements, 120 bytes are left',
    ],
    ['a count of -2', 'Metadata', 1, 'fffffffe', 'topics: an array of -2 elements'],
    [
      'four thousand million compact topics',
      'Metadata',
      9,
      'ffffffff0f',
      'topics: an array of 4294967294 elements',
    ],
    [
      'a varint of six bytes',
      'Metadata',
      9,
      '808080808000',
      'topics: a varint before 16 is longer than 32 bits',
    ],
    [
      'a varint beyond 32 bits',
      'Metadata',
      9,
      '8080808010',
      'topics: a varint before 16 is longer than 32 bits',
    ],
    ['a string of -2 bytes', 'Heartbeat', 0, 'fffe', 'groupId: a string of -2 bytes'],
    ['a null string', 'Heartbeat', 0, 'ffff', 'groupId: null in version 0'],
    [
      'a compact string beyond Kafka’s limit',
      'Heartbeat',
      4,
      `818002${'61'.repeat(0x8000)}`,
      'groupId: a string of 32768 bytes',
    ],
    ['a string that is no UTF-8', 'Heartbeat', 0, '0001ff', 'groupId: a string at 12 is no UTF-8'],
    ['a surrogate in UTF-8', 'Heartbeat', 0, '0003eda080', 'groupId: a string at 12 is no UTF-8'],
    [
      'bytes of -2',
      'JoinGroup',
      0,
      '0000000000010000000000000001000172fffffffe',
      'protocols[0].metadata: a length of -2 bytes',
    ],
    [
      'a tag section without end',
      'ApiVersions',
      3,
      '0101ffffffff0f',
      'needs 1 bytes at 18, 0 are left',
    ],
    ['the same tag twice', 'ApiVersions', 3, '01010205000500', 'tag 5 after tag 5'],
    ['descending tags', 'ApiVersions', 3, '01010207000500', 'tag 5 after tag 7'],
    [
      'a tag that is longer than the frame',
      'ApiVersions',
      3,
      '0101010009',
      'tag 0 of 9 bytes, 0 are left',
    ],
    ['a byte too many', 'ApiVersions', 3, '01010000', '1 bytes too many at the end'],
  ]

  it.each(lies)(
    '%s (%s v%i) is MALFORMED_MESSAGE, at once',
    (_what, api, version, body, reason) => {
      const frame = Buffer.concat([header(api, version), Buffer.from(body, 'hex')])
      const before = process.memoryUsage().heapUsed
      const message = `${api} v${version} request: ${reason}`
      expect(() => decodeRequest(frame)).toThrow(
        expect.objectContaining({
          code: 'MALFORMED_MESSAGE',
          message: expect.stringContaining(message),
        }),
      )
      expect(process.memoryUsage().heapUsed - before).toBeLessThan(5_000_000)
    },
  )

  it('a known tagged field that does not fill its size is refused', () => {
    // Fetch v12 request: everything empty, then tag 0 (clusterId, null) with a byte too many.
    const fields = `${'ffffffff'}${'00000000'.repeat(3)}00${'00000000'.repeat(2)}010101`
    const frame = (tags: string) =>
      Buffer.concat([header('Fetch', 12), Buffer.from(fields + tags, 'hex')])
    expect(decodeRequest(frame('01000100')).body).toMatchObject({ clusterId: null })
    expect(() => decodeRequest(frame('0100020000'))).toThrow(
      'Fetch v12 request: tag 0 has 1 bytes too many',
    )
  })

  it('names the API, the version and the field', () => {
    const body = { topics: [{ name: 'a' }, { name: 'bcd' }] }
    const frame = encodeRequest('Metadata', 4, { correlationId: 1, clientId: null }, body)
    frame[frame.length - 2] = 0xff
    const decode = () => decodeRequest(frame.subarray(4))
    expect(decode).toThrow(/^Metadata v4 request: topics\[1\]\.name: a string at \d+ is no UTF-8$/)
    expect(decode).toThrow(
      expect.objectContaining({ address: { field: 'topics[1].name' }, code: 'MALFORMED_MESSAGE' }),
    )
  })

  it('an offset beyond 2^53 is NUMBER_OUT_OF_RANGE, not a wrong number', () => {
    const frame = encodeResponse('ListOffsets', 1, 1, {
      topics: [{ name: 'a', partitions: [{ partitionIndex: 0, errorCode: 0, offset: 7 }] }],
    })
    frame.writeBigInt64BE(2n ** 53n, frame.length - 8)
    expect(() => decodeResponse('ListOffsets', 1, frame.subarray(4))).toThrow(
      /^ListOffsets v1 response: topics\[0\]\.partitions\[0\]\.offset: 9007199254740992 is beyond/,
    )
    frame.writeBigInt64BE(2n ** 53n - 1n, frame.length - 8)
    const { body } = decodeResponse('ListOffsets', 1, frame.subarray(4))
    expect(body.topics[0]!.partitions[0]!.offset).toBe(Number.MAX_SAFE_INTEGER)
  })
})
