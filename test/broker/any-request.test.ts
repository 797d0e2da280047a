import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { closedError, errorResponse } from '../../src/broker/error-response.js'
import {
  type ApiName,
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  type RequestInput,
  type ResponseInput,
} from '../../src/transport/protocol/registry.js'
import { everyVersion, messageArbitrary } from '../transport/protocol/message-arbitrary.js'
import { heldStore } from './fixtures/held-store.js'
import { batchOf, fetchRequest, TestBroker } from './fixtures/test-broker.js'

/** A request as it comes off the wire: what its version lacks has its default. */
const received = (api: ApiName, version: number, input: unknown) => {
  const header = { correlationId: 1, clientId: 'any' }
  return decodeRequest(
    encodeRequest(api, version, header, input as RequestInput<ApiName>).subarray(4),
  )
}

/** The answer must be one that its version can carry, without a byte too many. */
const sent = (api: ApiName, version: number, answer: unknown): void => {
  const bytes = encodeResponse(api, version, 1, answer as ResponseInput<ApiName>)
  expect(decodeResponse(api, version, bytes.subarray(4)).correlationId).toBe(1)
}

describe('any request of any version', () => {
  it.each(everyVersion)('%s v%i is answered in that version', (api, version) => {
    const test = new TestBroker({ autoCreateTopics: true, maxPartitions: 10 })
    test.createTopic('events', 2)
    fc.assert(
      fc.property(messageArbitrary(api, version, 'request'), (input) => {
        const { body } = received(api, version, input)
        const pending = test.start(api, body as RequestInput<ApiName>, { apiVersion: version })
        const answer = pending.answer()
        if (answer === undefined) pending.interrupt()
        else if (answer !== null) sent(api, version, answer)
        sent(api, version, errorResponse(api, body as never, 'UNKNOWN_SERVER_ERROR', version))
        sent(api, version, errorResponse(api, body as never, closedError(api), version))
      }),
      { numRuns: 12 },
    )
    expect(test.lines.filter(({ message }) => message.includes('defect'))).toEqual([])
  })

  it('a defect is one log line and UNKNOWN_SERVER_ERROR; the next request is served', () => {
    const store = heldStore()
    let broken = true
    const test = new TestBroker(
      {},
      {
        ...store,
        readBatches: (...args) => {
          if (broken) throw new Error('a bug')
          return store.readBatches(...args)
        },
      },
    )
    test.createTopic('events')
    test.produced('events', 0, batchOf(['a']))
    const { errorCode, responses } = test.ask('Fetch', fetchRequest('events', 0, 0))
    expect([errorCode, responses[0]!.partitions[0]!.errorCode]).toEqual([-1, -1])
    const defects = test.lines.filter(({ level }) => level === 'error')
    expect(defects.map(({ message }) => message)).toEqual(['defect in Fetch v18: a bug'])
    broken = false
    expect(test.values('events')).toEqual(['a'])
  })
})
