import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type ApiName,
  completeRequest,
  completeResponse,
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeRequestParts,
  encodeResponse,
  encodeResponseParts,
  type RequestInput,
  type ResponseInput,
} from '../../../src/transport/protocol/registry.js'
import { everyVersion, messageArbitrary } from './message-arbitrary.js'

const expectSame = (actual: unknown, expected: unknown): void => {
  // Vitest's own comparison is slow; it is only needed for the difference that it prints.
  if (!isDeepStrictEqual(actual, expected)) expect(actual).toEqual(expected)
}

const correlationIds = fc.integer()
const clientIds = fc.option(fc.string({ unit: 'binary', maxLength: 20 }))

describe.each(everyVersion)('%s v%i', (api, version) => {
  it('decodes what it encoded as a request', () => {
    fc.assert(
      fc.property(
        messageArbitrary(api, version, 'request'),
        correlationIds,
        clientIds,
        (value, correlationId, clientId) => {
          const input = value as RequestInput<ApiName>
          const header = { correlationId, clientId }
          const frame = encodeRequest(api, version, header, input)
          expect(frame.readInt32BE(0)).toBe(frame.length - 4)
          const { body, ...decoded } = decodeRequest(frame.subarray(4))
          expectSame(decoded, { api, version, correlationId, clientId })
          expectSame(body, completeRequest(api, input))
          expectSame(encodeRequest(api, version, header, body), frame)
          expectSame(Buffer.concat(encodeRequestParts(api, version, header, input)), frame)
        },
      ),
      { numRuns: 40 },
    )
  })

  it('decodes what it encoded as a response', () => {
    fc.assert(
      fc.property(
        messageArbitrary(api, version, 'response'),
        correlationIds,
        (value, correlationId) => {
          const input = value as ResponseInput<ApiName>
          const frame = encodeResponse(api, version, correlationId, input)
          expect(frame.readInt32BE(0)).toBe(frame.length - 4)
          const decoded = decodeResponse(api, version, frame.subarray(4))
          expectSame(decoded, { correlationId, body: completeResponse(api, input) })
          expectSame(encodeResponse(api, version, correlationId, decoded.body), frame)
          expectSame(Buffer.concat(encodeResponseParts(api, version, correlationId, input)), frame)
        },
      ),
      { numRuns: 40 },
    )
  })
})
