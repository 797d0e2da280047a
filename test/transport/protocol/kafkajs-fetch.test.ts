import { describe, expect, it } from 'vitest'
import { decodeRequest, encodeResponse } from '../../../src/transport/protocol/registry.js'
import { kafkajsRequest, kafkajsResponse } from './kafkajs-codec.js'

const HEADER_BYTES = 8
const throttleTimeMs = 123
const far = 2 ** 45 + 3
const when = <T extends object>(condition: boolean, fields: T): T | Record<never, never> =>
  condition ? fields : {}

describe('responses, as kafkajs reads them', () => {
  it.each([4, 5, 6, 7, 8, 9, 10, 11])('Fetch v%i, records included', async (version) => {
    const value = Buffer.alloc(5000, 'v')
    const messages = [{ key: 'k', value, timestamp: 1_700_000_000_000 }]
    const produced = await kafkajsRequest(
      'produce',
      3,
      { correlationId: 1, clientId: 'c' },
      {
        acks: -1,
        timeout: 1500,
        topicData: [
          { topic: 'events', partitions: [{ partition: 6, firstSequence: 0, messages }] },
        ],
      },
    )
    const request = decodeRequest(produced.subarray(4))
    if (request.api !== 'Produce') throw new Error(`decoded as ${request.api}`)
    const { records } = request.body.topicData[0]!.partitionData[0]!
    const partition = {
      partitionIndex: 6,
      errorCode: 0,
      highWatermark: far,
      lastStableOffset: far - 1,
    }
    const frame = encodeResponse('Fetch', version, 5, {
      throttleTimeMs,
      ...when(version >= 7, { sessionId: 44 }),
      responses: [
        {
          topic: 'events',
          partitions: [
            {
              ...partition,
              abortedTransactions: [{ producerId: 2n ** 60n, firstOffset: 3 }],
              records,
            },
            {
              ...partition,
              partitionIndex: 7,
              abortedTransactions: null,
              records: Buffer.alloc(0),
            },
          ],
        },
      ],
    })
    expect(await kafkajsResponse('fetch', version, frame.subarray(HEADER_BYTES))).toMatchObject({
      ...when(version >= 7, { sessionId: 44 }),
      responses: [
        {
          topicName: 'events',
          partitions: [
            {
              partition: 6,
              highWatermark: String(far),
              lastStableOffset: String(far - 1),
              abortedTransactions: [{ producerId: String(2n ** 60n), firstOffset: '3' }],
              messages: [{ key: Buffer.from('k'), value }],
            },
            { partition: 7, messages: [] },
          ],
        },
      ],
    })
  })
})
