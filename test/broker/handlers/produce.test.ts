import { describe, expect, it } from 'vitest'
import type { ConnectionContext } from '../../../src/broker/connection-context.js'
import { kafkaErrorName } from '../../../src/transport/protocol/kafka-errors.js'
import { readBatchHeader } from '../../../src/transport/protocol/records/batch-header.js'
import { splitBatches, verifyBatch } from '../../../src/transport/protocol/records/batch-reader.js'
import {
  batchOf,
  fetchRequest,
  idempotent,
  produceRequest,
  resultOf,
  TestBroker,
} from '../fixtures/test-broker.js'

const where = { topic: 'events', partition: 0 }

const withTopic = (configs: Record<string, string> = {}): TestBroker => {
  const test = new TestBroker()
  test.createTopic('events', 2, configs)
  return test
}

const storedBytes = (test: TestBroker): Buffer =>
  test.ask('Fetch', fetchRequest('events', 0, 0)).responses[0]!.partitions[0]!.records!

const changed = (batch: Buffer, at: number, value: number): Buffer => {
  const copy = Buffer.from(batch)
  copy[at] = value
  return copy
}

describe('Produce', () => {
  it('numbers batches, and keeps all else as it came', () => {
    const test = withTopic()
    const batch = batchOf(['a', 'b'], { compression: 'gzip' })
    const before = Buffer.from(batch)
    test.produced('events', 0, batchOf(['first']))
    expect(test.produced('events', 0, batch)).toMatchObject({
      error: 'NONE',
      offset: 1,
      rest: { logAppendTimeMs: -1, logStartOffset: 0 },
    })
    expect(batch.equals(before)).toBe(true)
    const [, stored] = splitBatches(storedBytes(test), where)
    expect(stored).toMatchObject({ baseOffset: 1, partitionLeaderEpoch: 0, compression: 'gzip' })
    const kept = storedBytes(test).subarray(stored!.position)
    expect(kept.subarray(16).equals(before.subarray(16))).toBe(true)
    verifyBatch(storedBytes(test), stored!, where)
  })

  it('stamps batches with its own time when the topic says so', () => {
    const test = withTopic({ 'message.timestamp.type': 'LogAppendTime' })
    test.time.runFor(500)
    const now = test.time.clock.now()
    expect(test.produced('events', 0, batchOf(['a']))?.rest.logAppendTimeMs).toBe(now)
    const header = readBatchHeader(storedBytes(test), 0, where)
    expect(header).toMatchObject({ timestampType: 'logAppend', maxTimestamp: now })
    verifyBatch(storedBytes(test), header, where)
    test.produced('events', 0, idempotent(1n, 0, ['b']))
    const first = test.time.clock.now()
    test.time.runFor(500)
    expect(test.produced('events', 0, idempotent(1n, 0, ['b']))?.rest.logAppendTimeMs).toBe(first)
  })

  it.each<[string, Buffer | null, string]>([
    ['no records', null, 'INVALID_RECORD'],
    ['an empty field', Buffer.alloc(0), 'INVALID_RECORD'],
    ['two batches', Buffer.concat([batchOf(['a']), batchOf(['b'])]), 'INVALID_RECORD'],
    ['garbage', Buffer.alloc(100, 0xff), 'INVALID_RECORD'],
    ['a truncated batch', batchOf(['abc']).subarray(0, -1), 'CORRUPT_MESSAGE'],
    ['a flipped bit', changed(batchOf(['abc']), 70, 0x55), 'CORRUPT_MESSAGE'],
    ['an older format', changed(batchOf(['a']), 16, 1), 'UNSUPPORTED_FOR_MESSAGE_FORMAT'],
    ['an offset', batchOf(['a'], { baseOffset: 5 }), 'INVALID_RECORD'],
    ['a control batch', batchOf(['a'], { isControl: true }), 'INVALID_RECORD'],
    [
      'a transactional batch',
      batchOf(['a'], { isTransactional: true, producerId: 1n, producerEpoch: 0, baseSequence: 0 }),
      'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
    ],
    [
      'an id without sequence',
      batchOf(['a'], { producerId: 1n, producerEpoch: 0 }),
      'INVALID_RECORD',
    ],
    ['too much', batchOf(['x'.repeat(1_048_588)]), 'MESSAGE_TOO_LARGE'],
  ])('refuses %s, and goes on', (_, records, error) => {
    const test = withTopic()
    expect(test.produced('events', 0, records)?.error).toBe(error)
    expect(test.produced('events', 0, batchOf(['fine']))).toMatchObject({ offset: 0 })
    expect(test.lines.filter(({ level }) => level === 'error')).toEqual([])
  })

  it("judges a batch's size by the topic's own limit", () => {
    const test = withTopic({ 'max.message.bytes': '100' })
    expect(test.produced('events', 0, batchOf(['x'.repeat(100)]))?.error).toBe('MESSAGE_TOO_LARGE')
  })

  it('takes zstd from version 7 on', () => {
    const test = withTopic()
    const request = produceRequest('events', 0, batchOf(['a'], { compression: 'zstd' }))
    const at = (apiVersion: number) => resultOf(test.start('Produce', request, { apiVersion }))
    expect(at(6)?.error).toBe('UNSUPPORTED_COMPRESSION_TYPE')
    expect(at(7)?.error).toBe('NONE')
  })

  it('gives each partition its own result, by name and by id', () => {
    const test = withTopic()
    const { topicId } = test.broker.topics.byName('events')!
    const partitionData = [0, 7, 1].map((index) => ({ index, records: batchOf(['a']) }))
    const ask = (topics: { name?: string; topicId?: string }[], apiVersion: number) =>
      test
        .ask(
          'Produce',
          { acks: 1, timeoutMs: 1, topicData: topics.map((each) => ({ ...each, partitionData })) },
          { apiVersion },
        )
        .responses.map(({ partitionResponses }) =>
          partitionResponses.map(({ errorCode }) => kafkaErrorName(errorCode)),
        )
    const mixed = ['NONE', 'UNKNOWN_TOPIC_OR_PARTITION', 'NONE']
    const unknown = (error: string) => partitionData.map(() => error)
    expect(ask([{ name: 'events' }, { name: 'nope' }], 12)).toEqual([
      mixed,
      unknown('UNKNOWN_TOPIC_OR_PARTITION'),
    ])
    expect(ask([{ topicId }, { topicId: 'BBBBBBBBBBBBBBBBBBBBBA' }, {}], 13)).toEqual([
      mixed,
      unknown('UNKNOWN_TOPIC_ID'),
      unknown('UNKNOWN_TOPIC_ID'),
    ])
    expect(test.values('events', 1)).toEqual(['a', 'a'])
  })

  it('refuses other acks, and transactional ids, for the whole request', () => {
    const test = withTopic()
    const request = produceRequest('events', 0, batchOf(['a']), 2)
    expect(resultOf(test.start('Produce', request))?.error).toBe('INVALID_REQUIRED_ACKS')
    const transactional = { ...produceRequest('events', 0, batchOf(['a'])), transactionalId: 't' }
    expect(resultOf(test.start('Produce', transactional))?.error).toBe(
      'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
    )
    expect(test.values('events')).toEqual([])
  })

  it('with acks 0 does not answer; a failure ends the connection', () => {
    const test = withTopic()
    const ends: string[] = []
    const context: Partial<ConnectionContext> = { disconnect: (why) => void ends.push(why) }
    const send = (partition: number) =>
      test
        .start('Produce', produceRequest('events', partition, batchOf(['a']), 0), context)
        .answer()
    expect(send(0)).toBeNull()
    expect(test.values('events')).toEqual(['a'])
    expect(ends).toEqual([])
    expect(send(9)).toBeNull()
    expect(ends).toEqual([expect.stringContaining('acks 0')])
    expect(test.produce('events', 9, batchOf(['a']), 0).answer()).toBeNull()
  })
})
