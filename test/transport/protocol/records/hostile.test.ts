import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isStreamBusError } from '../../../../src/domain/errors.js'
import type { ConsumerRecord } from '../../../../src/domain/record.js'
import {
  BatchCursor,
  readControlType,
  splitBatches,
  validateProducedBatch,
} from '../../../../src/transport/protocol/records/batch-reader.js'
import { encodeBatch } from '../../../../src/transport/protocol/records/batch-writer.js'
import { compress, decompress } from '../../../../src/transport/protocol/records/compression.js'
import {
  CODECS,
  errorOf,
  fixCrc,
  readAll,
  recordsArbitrary,
  sample,
  samples,
  where,
  withRecords,
} from './sample-batches.js'

const EXPECTED_CODES = new Set([
  'CORRUPT_BATCH',
  'UNSUPPORTED_MAGIC',
  'UNSUPPORTED_COMPRESSION',
  'NUMBER_OUT_OF_RANGE',
  'RECORD_TOO_LARGE',
])

const LIMIT = 1_000_000

/** Runs, and lets only the errors pass that hostile bytes may cause. */
const tolerate = (run: () => void): void => {
  try {
    run()
  } catch (error) {
    if (!isStreamBusError(error) || !EXPECTED_CODES.has(error.code)) throw error
  }
}

/** Everything that a reader may do with bytes from elsewhere. */
const readEverything = (bytes: Buffer, checkCrc: boolean): void => {
  for (const allowPartialLast of [true, false]) {
    tolerate(() => {
      for (const header of splitBatches(bytes, where, { allowPartialLast })) {
        tolerate(() => validateProducedBatch(bytes, header, where, { maxBytes: LIMIT }))
        readControlType(bytes, header)
        const into: ConsumerRecord[] = []
        const options = { checkCrc, maxDecompressedBytes: LIMIT }
        tolerate(() => new BatchCursor(bytes, header, where, options).take(100_000, into))
        for (const record of into) {
          // What was handed out never throws.
          const copy = record.copy()
          expect([copy.key, copy.value, copy.headers]).toEqual([
            record.key,
            record.value,
            record.headers,
          ])
        }
      }
    })
  }
}

interface Mutation {
  readonly kind: 'set' | 'cut' | 'insert' | 'int32'
  readonly at: number
  readonly value: number
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom('set', 'set', 'set', 'cut', 'insert', 'int32'),
  at: fc.nat({ max: 4000 }),
  value: fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff, 0x7fffffff)),
})

const mutate = (bytes: Buffer, { kind, at: anywhere, value }: Mutation): Buffer => {
  const at = anywhere % Math.max(bytes.length, 1)
  switch (kind) {
    case 'set':
      bytes[at] = value
      return bytes
    case 'cut':
      return bytes.subarray(0, at)
    case 'insert':
      return Buffer.concat([bytes.subarray(0, at), Buffer.from([value]), bytes.subarray(at)])
    case 'int32':
      if (bytes.length - at >= 4) bytes.writeInt32BE(value | 0, at)
      return bytes
  }
}

describe('hostile bytes cause only errors that say so', () => {
  it.each(CODECS)('in mutated batches (%s)', (compression) => {
    fc.assert(
      fc.property(
        recordsArbitrary,
        fc.array(mutation, { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        (records, mutations, repairLength) => {
          let bytes: Buffer = Buffer.from(encodeBatch(records, { compression }))
          for (const each of mutations) bytes = Buffer.from(mutate(bytes, each))
          if (repairLength && bytes.length >= 61) {
            bytes.writeInt32BE(bytes.length - 12, 8)
            bytes[16] = 2
          }
          readEverything(bytes, false)
          if (bytes.length >= 61) readEverything(fixCrc(bytes), true)
        },
      ),
      { numRuns: 250 },
    )
  })

  it('in record bytes out of nothing', () => {
    const source = encodeBatch(samples(1))
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(0, 1, 2, 3, 12, 14, 20, 0x7f, 0x80, 0xff), { maxLength: 60 }),
        fc.integer({ min: -3, max: 8 }),
        (records, count) => {
          readEverything(withRecords(source, count, Buffer.from(records)), true)
        },
      ),
      { numRuns: 1500 },
    )
  })

  it('in any bytes at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        readEverything(Buffer.from(bytes), false)
        for (const codec of CODECS) {
          tolerate(() => void decompress(codec, Buffer.from(bytes), { where, maxBytes: LIMIT }))
        }
      }),
      { numRuns: 500 },
    )
  })

  it.each(CODECS)('in mutated compressed data (%s)', (codec) => {
    const text = Buffer.from(
      samples(400)
        .map((record) => `${record.value}`)
        .join(''),
    )
    const packed = compress(codec, text)
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
        let bytes: Buffer = Buffer.from(packed)
        for (const each of mutations) bytes = Buffer.from(mutate(bytes, each))
        tolerate(() => {
          expect(decompress(codec, bytes, { where, maxBytes: LIMIT }).length).toBeLessThanOrEqual(
            LIMIT,
          )
        })
      }),
      { numRuns: 300 },
    )
  })
})

describe('small lies, exhaustively', () => {
  /** A record of one byte each: length, attributes, time, offset, key, value, header count. */
  const record = [12, 0, 0, 0, 1, 1, 0]
  const batchOf = (bytes: readonly number[], count = 1) =>
    withRecords(encodeBatch(samples(1)), count, Buffer.from(bytes))
  const codeOf = (bytes: readonly number[], count = 1) =>
    errorOf(() => readAll(batchOf(bytes, count))).code

  it('a null record of seven bytes is the smallest', () => {
    expect(readAll(batchOf(record))).toMatchObject([{ offset: 0, key: null, value: null }])
  })

  it('every other value of a length or count is corrupt', () => {
    for (const place of [0, 3, 4, 5, 6]) {
      for (let value = 0; value < 256; value += 1) {
        // A length of zero is an empty key or value, as long as a null one.
        if (value === record[place] || (value === 0 && (place === 4 || place === 5))) continue
        const bytes = [...record]
        bytes[place] = value
        expect(codeOf(bytes)).toBe('CORRUPT_BATCH')
      }
    }
  })

  it('counts that lie', () => {
    for (const count of [-2_147_483_648, -1, 0, 2, 1000, 2_147_483_647]) {
      expect(codeOf(record, count)).toBe('CORRUPT_BATCH')
    }
  })

  it('bytes after the last field of a record, or after the last record', () => {
    expect(codeOf([14, ...record.slice(1), 0])).toBe('CORRUPT_BATCH')
    expect(codeOf([...record, 0])).toBe('CORRUPT_BATCH')
    expect(codeOf([...record, 12, 0, 0, 2, 1, 1, 0], 1)).toBe('CORRUPT_BATCH')
  })

  it('lengths of varints that never end, or end in the next batch', () => {
    const endless = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]
    for (let place = 0; place < 7; place += 1) {
      if (place === 1) continue
      expect(codeOf([...record.slice(0, place), ...endless])).toBe('CORRUPT_BATCH')
      const follower = encodeBatch(samples(3), { baseOffset: 1 })
      const bytes = Buffer.concat([batchOf([...record.slice(0, place), 0x80]), follower])
      expect(errorOf(() => readAll(bytes)).code).toBe('CORRUPT_BATCH')
    }
  })

  it('varints longer than needed are read, as Java reads them', () => {
    const long = [26, 0, 0x80, 0, 0x80, 0x80, 0, 0x81, 0, 0x81, 0x80, 0, 0x80, 0]
    expect(readAll(batchOf(long))).toMatchObject([{ offset: 0, key: null, value: null }])
    const [first] = readAll(batchOf(long))
    expect(first?.copy().headers).toEqual([])
  })

  it('time deltas of every length, wrapped like an int64', () => {
    for (let bits = 0n; bits < 63n; bits += 1n) {
      for (const delta of [2n ** bits - 1n, 2n ** bits, -(2n ** bits)]) {
        let zigzag = BigInt.asUintN(64, (delta << 1n) ^ (delta >> 63n))
        const varlong: number[] = []
        for (; zigzag >= 0x80n; zigzag >>= 7n) varlong.push(Number(zigzag & 0x7fn) | 0x80)
        varlong.push(Number(zigzag))
        const body = [0, ...varlong, 0, 1, 1, 0]
        const source = encodeBatch([sample({ timestampMs: Number.MAX_SAFE_INTEGER })])
        const batch = withRecords(source, 1, Buffer.from([body.length * 2, ...body]))
        const exact = BigInt.asIntN(64, BigInt(Number.MAX_SAFE_INTEGER) + delta)
        const [read] = readAll(batch)
        const isSafe = exact >= -(2n ** 53n - 1n) && exact <= 2n ** 53n - 1n
        expect(read?.timestampRaw).toBe(isSafe ? undefined : exact)
        if (isSafe) expect(read?.timestampMs).toBe(Number(exact))
        else expect(Math.abs(read!.timestampMs)).toBe(Number.MAX_SAFE_INTEGER)
      }
    }
  })
})
