import fc from 'fast-check'
import { isStreamBusError, type StreamBusError } from '../../../../src/domain/errors.js'
import type { CompressionName, ConsumerRecord } from '../../../../src/domain/record.js'
import { computeCrc, FIELD } from '../../../../src/transport/protocol/records/batch-header.js'
import {
  BatchCursor,
  splitBatches,
} from '../../../../src/transport/protocol/records/batch-reader.js'
import type { EncodableRecord } from '../../../../src/transport/protocol/records/batch-writer.js'

export const where = { topic: 'events', partition: 3 }

export const CODECS: readonly CompressionName[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

/** A record with what is given. */
export const sample = (fields: Partial<EncodableRecord> = {}): EncodableRecord => ({
  key: null,
  value: null,
  headers: [],
  timestampMs: 1_700_000_000_000,
  ...fields,
})

export const samples = (count: number): EncodableRecord[] =>
  Array.from({ length: count }, (_, index) =>
    sample({
      key: Buffer.from(`key-${index}`),
      value: Buffer.from(`value number ${index} of a batch`),
      timestampMs: 1_700_000_000_000 + index * 7,
    }),
  )

const bytesArbitrary: fc.Arbitrary<Buffer | null> = fc.option(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
)

const headerKey = fc.oneof(
  fc.constantFrom('a', 'trace', ''),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
)

const timestamp = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 }) },
  fc.maxSafeInteger(),
  fc.constantFrom(0, -1, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER, 2 ** 48, -(2 ** 48)),
)

export const recordArbitrary: fc.Arbitrary<EncodableRecord> = fc.record({
  key: bytesArbitrary,
  value: bytesArbitrary,
  headers: fc.array(fc.tuple(headerKey, bytesArbitrary), { maxLength: 4 }),
  timestampMs: timestamp,
})

export const recordsArbitrary = fc.array(recordArbitrary, { minLength: 1, maxLength: 40 })

/** All records of all batches in `bytes`. */
export const readAll = (bytes: Buffer): ConsumerRecord[] => {
  const records: ConsumerRecord[] = []
  for (const header of splitBatches(bytes, where)) {
    new BatchCursor(bytes, header, where).take(Number.POSITIVE_INFINITY, records)
  }
  return records
}

/** What was encoded, in the shape of what is decoded. */
export const expected = (records: readonly EncodableRecord[], baseOffset: number): unknown[] =>
  records.map((record, index) => ({
    ...where,
    offset: baseOffset + index,
    key: record.key,
    value: record.value,
    headers: record.headers,
    timestampMs: record.timestampMs,
  }))

export const plain = (records: readonly ConsumerRecord[]): unknown[] =>
  records.map(({ topic, partition, offset, key, value, headers, timestampMs }) => ({
    topic,
    partition,
    offset,
    key,
    value,
    headers,
    timestampMs,
  }))

/** Makes the CRC of a changed batch right again, so that what lies behind it is reached. */
export const fixCrc = (batch: Buffer): Buffer => {
  batch.writeUInt32BE(computeCrc(batch, 0, batch.length), FIELD.crc)
  return batch
}

/** A batch around hand-made record bytes. */
export const withRecords = (batch: Buffer, recordCount: number, records: Buffer): Buffer => {
  const whole = Buffer.concat([batch.subarray(0, 61), records])
  whole.writeInt32BE(whole.length - 12, FIELD.batchLength)
  whole.writeInt32BE(recordCount, FIELD.recordCount)
  whole.writeInt32BE(Math.max(recordCount - 1, 0), FIELD.lastOffsetDelta)
  return fixCrc(whole)
}

/** The StreamBusError that `run` throws; any other outcome fails the test. */
export const errorOf = (run: () => unknown): StreamBusError => {
  try {
    run()
  } catch (error) {
    if (isStreamBusError(error)) return error
    throw error
  }
  throw new Error('expected a StreamBusError, nothing was thrown')
}
