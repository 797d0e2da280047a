import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readBatchHeader } from '../../../../src/transport/protocol/records/batch-header.js'
import {
  splitBatches,
  validateProducedBatch,
  verifyBatch,
} from '../../../../src/transport/protocol/records/batch-reader.js'
import {
  encodeBatch,
  estimateRecordBytes,
} from '../../../../src/transport/protocol/records/batch-writer.js'
import {
  CODECS,
  errorOf,
  expected,
  plain,
  readAll,
  recordsArbitrary,
  sample,
  samples,
  where,
} from './sample-batches.js'

describe('a batch that was encoded', () => {
  it.each(CODECS)('decodes to the same records (%s)', (compression) => {
    fc.assert(
      fc.property(recordsArbitrary, fc.nat({ max: 2 ** 50 }), (records, baseOffset) => {
        const batch = encodeBatch(records, { compression, baseOffset })
        expect(plain(readAll(batch))).toEqual(expected(records, baseOffset))
        const header = readBatchHeader(batch, 0, where)
        expect(header).toMatchObject({
          sizeInBytes: batch.length,
          compression,
          recordCount: records.length,
          lastOffset: baseOffset + records.length - 1,
          maxTimestamp: Math.max(...records.map((record) => record.timestampMs)),
        })
      }),
      { numRuns: 60 },
    )
  })

  it('is what a broker accepts, and takes no more than estimated', () => {
    fc.assert(
      fc.property(recordsArbitrary, fc.constantFrom(...CODECS), (records, compression) => {
        const batch = encodeBatch(records, { compression })
        validateProducedBatch(batch, readBatchHeader(batch, 0, where), where, {
          maxBytes: batch.length,
        })
        const estimate = records.reduce((sum, record) => sum + estimateRecordBytes(record), 61)
        expect(encodeBatch(records).length).toBeLessThanOrEqual(estimate)
      }),
      { numRuns: 80 },
    )
  })

  it('keeps what the options say', () => {
    const options = {
      producerId: 2n ** 62n,
      producerEpoch: 7,
      baseSequence: 2_147_483_647,
      baseOffset: 2 ** 53 - 10,
      partitionLeaderEpoch: 12,
      isTransactional: true,
      isControl: true,
    }
    const batch = encodeBatch(samples(3), options)
    expect(readBatchHeader(batch, 0, where)).toMatchObject(options)
  })

  it('without options is what a plain producer sends', () => {
    expect(readBatchHeader(encodeBatch([sample()]), 0, where)).toMatchObject({
      baseOffset: 0,
      partitionLeaderEpoch: -1,
      producerId: -1n,
      producerEpoch: -1,
      baseSequence: -1,
      compression: 'none',
      timestampType: 'create',
      isTransactional: false,
      isControl: false,
    })
  })

  it('holds header keys given as bytes or text alike, repeated ones in order', () => {
    const headers = [
      ['ключ', Buffer.from('1')],
      [Buffer.from('ключ'), null],
      ['ключ', Buffer.alloc(0)],
    ] as const
    const [record] = readAll(encodeBatch([sample({ headers })]))
    expect(record?.headers).toEqual([
      ['ключ', Buffer.from('1')],
      ['ключ', null],
      ['ключ', Buffer.alloc(0)],
    ])
  })

  it('reads back from between other batches', () => {
    const batches = CODECS.map((compression, index) =>
      encodeBatch(samples(5), { compression, baseOffset: index * 5 }),
    )
    const bytes = Buffer.concat(batches)
    const headers = splitBatches(bytes, where)
    expect(headers.map((header) => header.baseOffset)).toEqual([0, 5, 10, 15, 20])
    for (const header of headers) verifyBatch(bytes, header, where)
    expect(readAll(bytes).map((record) => record.offset)).toEqual([...Array(25).keys()])
  })

  it('compresses a large batch that spans blocks', () => {
    const records = samples(20_000)
    const uncompressed = encodeBatch(records)
    for (const compression of CODECS) {
      const batch = encodeBatch(records, { compression })
      if (compression !== 'none') expect(batch.length).toBeLessThan(uncompressed.length / 2)
      expect(encodeBatch(readAll(batch)).equals(uncompressed)).toBe(true)
    }
  })
})

describe('encodeBatch refuses', () => {
  it('an empty batch', () => {
    expect(errorOf(() => encodeBatch([])).code).toBe('INVALID_ARGUMENT')
  })

  it.each([1.5, Number.NaN, 2 ** 53, -(2 ** 53), Number.POSITIVE_INFINITY])(
    'the timestamp %s',
    (timestampMs) => {
      const error = errorOf(() => encodeBatch([sample(), sample({ timestampMs })]))
      expect(error.code).toBe('INVALID_ARGUMENT')
      expect(error.message).toContain('record 1')
    },
  )
})
