import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ConsumerRecord } from '../../../../src/domain/record.js'
import { FIELD, readBatchHeader } from '../../../../src/transport/protocol/records/batch-header.js'
import {
  BatchCursor,
  readControlType,
  splitBatches,
  validateProducedBatch,
  verifyBatch,
} from '../../../../src/transport/protocol/records/batch-reader.js'
import { encodeBatch } from '../../../../src/transport/protocol/records/batch-writer.js'
import {
  CODECS,
  errorOf,
  fixCrc,
  plain,
  readAll,
  recordsArbitrary,
  sample,
  samples,
  where,
  withRecords,
} from './sample-batches.js'

describe('splitBatches', () => {
  const first = encodeBatch(samples(2))
  const second = encodeBatch(samples(3), { baseOffset: 2 })
  const both = Buffer.concat([first, second])

  it('leaves out a last batch cut at any byte when a fetch allows it', () => {
    for (let length = 0; length <= both.length; length += 1) {
      const headers = splitBatches(both.subarray(0, length), where, { allowPartialLast: true })
      const whole = (length >= first.length ? 1 : 0) + (length === both.length ? 1 : 0)
      expect(headers.length).toBe(whole)
    }
  })

  it('calls it corrupt when a producer sends it', () => {
    for (let length = 1; length < both.length; length += 1) {
      if (length === first.length) continue
      const error = errorOf(() => splitBatches(both.subarray(0, length), where))
      expect(error).toMatchObject({ code: 'CORRUPT_BATCH', kafkaError: 'CORRUPT_MESSAGE' })
    }
    expect(splitBatches(Buffer.alloc(0), where)).toEqual([])
  })

  it('does not go around in circles for a length of nothing', () => {
    const batch = Buffer.from(first)
    batch.writeInt32BE(-12, FIELD.batchLength)
    expect(errorOf(() => splitBatches(batch, where, { allowPartialLast: true })).code).toBe(
      'CORRUPT_BATCH',
    )
  })
})

describe('verifyBatch', () => {
  it('detects any flipped bit from the CRC on', () => {
    const batch = encodeBatch(samples(2), { compression: 'lz4' })
    for (let at = FIELD.crc; at < batch.length; at += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const damaged = Buffer.from(batch)
        damaged[at]! ^= 1 << bit
        const error = errorOf(() => verifyBatch(damaged, readBatchHeader(damaged, 0, where), where))
        // A flip in the attributes may name an unknown codec before the CRC is looked at.
        if (at !== FIELD.attributes + 1) expect(error.code).toBe('CORRUPT_BATCH')
        expect(error.message).toContain('events-3')
      }
    }
  })

  it('may be tried again only when the bytes were damaged', () => {
    const batch = encodeBatch(samples(2))
    batch[batch.length - 1]! ^= 1
    const damaged = errorOf(() => verifyBatch(batch, readBatchHeader(batch, 0, where), where))
    expect(damaged).toMatchObject({ retriable: true, kafkaError: 'CORRUPT_MESSAGE' })
    batch.writeInt32BE(-1, FIELD.recordCount)
    fixCrc(batch)
    const wrong = errorOf(() => verifyBatch(batch, readBatchHeader(batch, 0, where), where))
    expect(wrong).toMatchObject({ retriable: false, kafkaError: 'INVALID_RECORD' })
  })

  it('accepts the offset gaps of compaction, not more records than offsets', () => {
    const batch = encodeBatch(samples(2))
    batch.writeInt32BE(9, FIELD.lastOffsetDelta)
    verifyBatch(fixCrc(batch), readBatchHeader(batch, 0, where), where)
    expect(readAll(batch).map((record) => record.offset)).toEqual([0, 1])
    batch.writeInt32BE(0, FIELD.lastOffsetDelta)
    fixCrc(batch)
    expect(errorOf(() => verifyBatch(batch, readBatchHeader(batch, 0, where), where)).code).toBe(
      'CORRUPT_BATCH',
    )
  })
})

describe('validateProducedBatch', () => {
  const validate = (batch: Buffer, maxBytes = 1_000_000) =>
    errorOf(() =>
      validateProducedBatch(batch, readBatchHeader(batch, 0, where), where, { maxBytes }),
    )

  it('refuses a batch over the limit, with the limit', () => {
    const batch = encodeBatch(samples(10))
    const error = validate(batch, batch.length - 1)
    expect(error).toMatchObject({ code: 'RECORD_TOO_LARGE', kafkaError: 'MESSAGE_TOO_LARGE' })
    expect(error.message).toContain(`${batch.length - 1}`)
  })

  it('refuses what LogValidator refuses', () => {
    const gap = encodeBatch(samples(2))
    gap.writeInt32BE(2, FIELD.lastOffsetDelta)
    const empty = withRecords(encodeBatch(samples(1)), 0, Buffer.alloc(0))
    const cases: readonly [string, Buffer][] = [
      ['base offset', encodeBatch(samples(1), { baseOffset: 5 })],
      ['over 3 offsets', fixCrc(gap)],
      ['0 records', empty],
      ['control', encodeBatch(samples(1), { isControl: true })],
      ['sequence', encodeBatch(samples(1), { producerId: 4n })],
    ]
    for (const [what, batch] of cases) {
      const error = validate(batch)
      expect(error).toMatchObject({ code: 'CORRUPT_BATCH', kafkaError: 'INVALID_RECORD' })
      expect(error.message).toContain(what)
    }
  })

  it('refuses records that repeat or skip an offset', () => {
    const two = encodeBatch(samples(2)).subarray(61)
    const first = two.subarray(0, two[0]! / 2 + 1)
    const repeated = withRecords(encodeBatch(samples(1)), 2, Buffer.concat([first, first]))
    expect(validate(repeated).message).toContain('out of order')
    const skipped = withRecords(encodeBatch(samples(1)), 1, two.subarray(first.length))
    expect(validate(skipped).message).toContain('out of order')
  })
})

describe('BatchCursor', () => {
  const batch = encodeBatch(samples(10), { baseOffset: 100 })
  const header = readBatchHeader(batch, 0, where)

  it.each(CODECS)('begins at an offset inside the batch (%s)', (compression) => {
    fc.assert(
      fc.property(recordsArbitrary, fc.integer({ min: -2, max: 45 }), (records, skip) => {
        const bytes = encodeBatch(records, { compression, baseOffset: 100 })
        const options = { fromOffset: 100 + skip }
        const cursor = new BatchCursor(bytes, readBatchHeader(bytes, 0, where), where, options)
        const read: ConsumerRecord[] = []
        cursor.take(1000, read)
        const all = readAll(bytes).filter((record) => record.offset >= 100 + skip)
        expect(plain(read)).toEqual(plain(all))
      }),
      { numRuns: 30 },
    )
  })

  it('gives as many as asked for, and goes on after them', () => {
    const cursor = new BatchCursor(batch, header, where, { fromOffset: 102 })
    const into: ConsumerRecord[] = []
    expect(cursor.take(3, into)).toBe(3)
    expect(cursor.next()?.offset).toBe(105)
    expect(cursor.take(0, into)).toBe(0)
    expect(cursor.take(100, into)).toBe(4)
    expect(into.map((record) => record.offset)).toEqual([102, 103, 104, 106, 107, 108, 109])
    expect(cursor.take(1, into)).toBe(0)
    expect(cursor.next()).toBeUndefined()
    expect([cursor.baseOffset, cursor.lastOffset]).toEqual([100, 109])
  })

  it('reads nothing of a batch that compaction has emptied', () => {
    for (const compression of CODECS) {
      const source = encodeBatch(samples(5), { compression, baseOffset: 100 })
      const empty = withRecords(source, 0, Buffer.alloc(0))
      empty.writeInt32BE(4, FIELD.lastOffsetDelta)
      const cursor = new BatchCursor(fixCrc(empty), readBatchHeader(empty, 0, where), where)
      expect(cursor.next()).toBeUndefined()
      expect(cursor.lastOffset).toBe(104)
    }
  })

  it('checks the CRC at the first record, unless told not to', () => {
    const damaged = Buffer.from(batch)
    damaged[damaged.length - 5]! ^= 1
    const cursor = new BatchCursor(damaged, header, where)
    expect(errorOf(() => cursor.next()).code).toBe('CORRUPT_BATCH')
    expect(errorOf(() => cursor.next()).code).toBe('CORRUPT_BATCH')
    const unchecked = new BatchCursor(damaged, header, where, { checkCrc: false })
    expect(unchecked.take(100, [])).toBe(10)
  })

  it('names the offset after which a batch breaks, every time again', () => {
    const broken = Buffer.from(batch)
    // The last record's length.
    const at = broken.lastIndexOf(Buffer.from('key-9')) - 5
    broken[at]! += 2
    fixCrc(broken)
    const cursor = new BatchCursor(broken, readBatchHeader(broken, 0, where), where)
    const into: ConsumerRecord[] = []
    expect(errorOf(() => cursor.take(100, into)).message).toContain('after offset 108')
    expect(into.length).toBe(9)
    expect(errorOf(() => cursor.next()).message).toContain('after offset 108')
  })

  it('stops at the decompression limit it was given', () => {
    for (const compression of CODECS) {
      const bytes = encodeBatch(samples(100), { compression })
      const limited = new BatchCursor(bytes, readBatchHeader(bytes, 0, where), where, {
        maxDecompressedBytes: 1000,
      })
      if (compression === 'none') expect(limited.next()?.offset).toBe(0)
      else expect(errorOf(() => limited.next()).message).toContain('1000 bytes allowed')
    }
  })
})

describe('a fetched record', () => {
  const source = [
    sample({
      key: Buffer.from('k'),
      value: Buffer.from('v'),
      headers: [
        ['h', Buffer.from('1')],
        ['h', null],
      ],
    }),
    sample({ timestampMs: 1_700_000_000_001 }),
  ]

  it('views the response it came in; its copy does not', () => {
    const batch = encodeBatch(source)
    const records = readAll(batch)
    const before = plain(records.map((record) => record.copy()))
    const copies = records.map((record) => record.copy())
    expect(records[0]!.value!.buffer).toBe(batch.buffer)
    expect(records[0]!.value).toBe(records[0]!.value)
    expect(copies[0]!.value!.buffer.byteLength).toBeLessThan(20)
    batch.fill(0xff)
    expect(records[0]!.value![0]).toBe(0xff)
    expect(plain(copies)).toEqual(before)
    expect(plain(copies.map((record) => record.copy()))).toEqual(before)
    expect(copies[1]).toMatchObject({ key: null, value: null, headers: [] })
  })

  it('copies any record', () => {
    fc.assert(
      fc.property(recordsArbitrary, (records) => {
        const read = readAll(encodeBatch(records))
        expect(plain(read.map((record) => record.copy()))).toEqual(plain(read))
      }),
      { numRuns: 50 },
    )
  })

  it('prints with its key and value', () => {
    const [record] = readAll(encodeBatch(source))
    expect(JSON.parse(JSON.stringify(record))).toMatchObject({
      topic: 'events',
      partition: 3,
      offset: 0,
      value: { type: 'Buffer', data: [118] },
    })
  })
})

describe('readControlType', () => {
  const control = (key: Buffer | null) => {
    const batch = encodeBatch([sample({ key, value: Buffer.alloc(6) })], { isControl: true })
    return readControlType(batch, readBatchHeader(batch, 0, where))
  }

  it('tells abort and commit, and passes over what it does not know', () => {
    expect(control(Buffer.from([0, 0, 0, 0]))).toBe('abort')
    expect(control(Buffer.from([0, 0, 0, 1]))).toBe('commit')
    expect(control(Buffer.from([0, 1, 0, 1, 9, 9]))).toBe('commit')
    expect(control(Buffer.from([0, 0, 0, 2]))).toBe('unknown')
    expect(control(Buffer.from([0xff, 0xff, 0, 1]))).toBe('unknown')
    expect(control(Buffer.from([0, 0, 0]))).toBe('unknown')
    expect(control(null)).toBe('unknown')
  })

  it('does not throw for a damaged batch', () => {
    const batch = encodeBatch([sample({ key: Buffer.alloc(4) })], { isControl: true })
    const header = readBatchHeader(batch, 0, where)
    batch.fill(0xff, 61)
    expect(readControlType(batch, header)).toBe('unknown')
    expect(readControlType(batch.subarray(0, 65), header)).toBe('unknown')
  })
})
