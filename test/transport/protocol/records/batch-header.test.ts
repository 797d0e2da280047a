import { crc32c } from '@node-rs/crc32'
import { describe, expect, it } from 'vitest'
import {
  FIELD,
  readBatchHeader,
  setBaseOffset,
  setLogAppendTime,
  setPartitionLeaderEpoch,
} from '../../../../src/transport/protocol/records/batch-header.js'
import { verifyBatch } from '../../../../src/transport/protocol/records/batch-reader.js'
import { encodeBatch } from '../../../../src/transport/protocol/records/batch-writer.js'
import { errorOf, fixCrc, readAll, samples, where } from './sample-batches.js'

it('uses CRC-32C, of a part of a buffer too', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
  expect(crc32c(Buffer.from('..123456789..').subarray(2, 11))).toBe(0xe3069283)
})

describe('readBatchHeader', () => {
  it('reads each field from its place in the format', () => {
    const bytes = Buffer.from(
      '00000000000004d2' + // base offset 1234
        '00000034' + // length 52
        '00000005' + // partition leader epoch
        '02' +
        'deadbeef' +
        '0039' + // gzip, log append time, transactional, control
        '00000009' + // last offset delta
        '0000018bcfe56800' + // 1700000000000
        '0000018bcfe56801' +
        '0102030405060708' + // producer id
        '7fff' +
        '0000000b' +
        '0000000a',
      'hex',
    )
    expect(readBatchHeader(Buffer.concat([Buffer.alloc(9), bytes]), 9, where)).toEqual({
      position: 9,
      sizeInBytes: 64,
      baseOffset: 1234,
      partitionLeaderEpoch: 5,
      magic: 2,
      crc: 0xdeadbeef,
      attributes: 0x39,
      compression: 'gzip',
      timestampType: 'logAppend',
      isTransactional: true,
      isControl: true,
      lastOffsetDelta: 9,
      lastOffset: 1243,
      baseTimestamp: 1_700_000_000_000,
      baseTimestampRaw: undefined,
      maxTimestamp: 1_700_000_000_001,
      maxTimestampRaw: undefined,
      producerId: 0x0102030405060708n,
      producerEpoch: 32_767,
      baseSequence: 11,
      recordCount: 10,
    })
  })

  it.each([0, 1])('names message format %i as too old', (magic) => {
    const batch = encodeBatch(samples(1))
    batch[FIELD.magic] = magic
    const error = errorOf(() => readBatchHeader(batch, 0, where))
    expect(error.code).toBe('UNSUPPORTED_MAGIC')
    expect(error.message).toMatch(/older message format/)
    expect(error.message).toContain('events-3')
    expect(error.address).toEqual(where)
  })

  it.each([3, 127, 128, 255])('calls magic byte %i corrupt', (magic) => {
    const batch = encodeBatch(samples(1))
    batch[FIELD.magic] = magic
    expect(errorOf(() => readBatchHeader(batch, 0, where)).code).toBe('CORRUPT_BATCH')
  })

  it.each([5, 6, 7])('does not know compression %i', (id) => {
    const batch = encodeBatch(samples(1))
    batch.writeInt16BE(id, FIELD.attributes)
    expect(errorOf(() => readBatchHeader(batch, 0, where)).code).toBe('UNSUPPORTED_COMPRESSION')
  })

  it('throws for offsets beyond 2^53 - 1, the last one too', () => {
    const batch = encodeBatch(samples(3))
    setBaseOffset(batch, 0, Number.MAX_SAFE_INTEGER - 2)
    expect(readBatchHeader(batch, 0, where).lastOffset).toBe(Number.MAX_SAFE_INTEGER)
    for (const offset of [2n ** 53n - 2n, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)]) {
      batch.writeBigInt64BE(offset, 0)
      const error = errorOf(() => readBatchHeader(batch, 0, where))
      expect(error.code).toBe('NUMBER_OUT_OF_RANGE')
      expect(error.message).toContain(`offset ${offset} `)
    }
  })

  it('clamps timestamps beyond 2^53 - 1 and keeps them exact beside', () => {
    const batch = encodeBatch(samples(1))
    batch.writeBigInt64BE(2n ** 63n - 1n, FIELD.maxTimestamp)
    batch.writeBigInt64BE(-(2n ** 63n), FIELD.baseTimestamp)
    expect(readBatchHeader(batch, 0, where)).toMatchObject({
      maxTimestamp: Number.MAX_SAFE_INTEGER,
      maxTimestampRaw: 2n ** 63n - 1n,
      baseTimestamp: -Number.MAX_SAFE_INTEGER,
      baseTimestampRaw: -(2n ** 63n),
    })
    const [record] = readAll(fixCrc(batch))
    expect(record).toMatchObject({
      timestampMs: -Number.MAX_SAFE_INTEGER,
      timestampRaw: -(2n ** 63n),
    })
  })

  it('says where a header is cut off, at every length', () => {
    const batch = encodeBatch(samples(1))
    for (let length = 0; length < 61; length += 1) {
      const error = errorOf(() => readBatchHeader(batch.subarray(0, length), 0, where))
      expect(error.code).toBe('CORRUPT_BATCH')
    }
    expect(errorOf(() => readBatchHeader(batch, batch.length + 5, where)).code).toBe(
      'CORRUPT_BATCH',
    )
    expect(errorOf(() => readBatchHeader(batch, -1, where)).code).toBe('CORRUPT_BATCH')
  })

  it.each([48, 0, -1, -2_147_483_648])('refuses the batch length %i', (length) => {
    const batch = encodeBatch(samples(1))
    batch.writeInt32BE(length, FIELD.batchLength)
    expect(errorOf(() => readBatchHeader(batch, 0, where)).code).toBe('CORRUPT_BATCH')
  })
})

describe('the setters of a broker', () => {
  it('place a batch in the log without touching the CRC', () => {
    const bytes = Buffer.concat([Buffer.alloc(5), encodeBatch(samples(3))])
    const before = readBatchHeader(bytes, 5, where)
    for (const offset of [0, 1, 2 ** 31, 2 ** 32, 2 ** 32 + 5, 2 ** 52 + 3]) {
      setBaseOffset(bytes, 5, offset)
      setPartitionLeaderEpoch(bytes, 5, 77)
      const header = readBatchHeader(bytes, 5, where)
      expect(header).toEqual({
        ...before,
        baseOffset: offset,
        lastOffset: offset + 2,
        partitionLeaderEpoch: 77,
      })
      verifyBatch(bytes, header, where)
    }
  })

  it('stamp a batch with the time of its append, CRC included', () => {
    const batch = encodeBatch(samples(3), { compression: 'zstd' })
    const bytes = Buffer.concat([batch, batch])
    setLogAppendTime(bytes, batch.length, 1_800_000_000_123)
    const header = readBatchHeader(bytes, batch.length, where)
    verifyBatch(bytes, header, where)
    expect(header).toMatchObject({
      timestampType: 'logAppend',
      maxTimestamp: 1_800_000_000_123,
      baseTimestamp: 1_700_000_000_000,
      compression: 'zstd',
    })
    expect(bytes.subarray(0, batch.length).equals(batch)).toBe(true)
    expect(readAll(bytes).map((record) => record.timestampMs)).toEqual([
      1_700_000_000_000, 1_700_000_000_007, 1_700_000_000_014, 1_800_000_000_123, 1_800_000_000_123,
      1_800_000_000_123,
    ])
  })
})
