import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import {
  splitBatches,
  verifyBatch,
} from '../../../../src/transport/protocol/records/batch-reader.js'
import { encodeBatch } from '../../../../src/transport/protocol/records/batch-writer.js'
import { plain, readAll, sample, where } from './sample-batches.js'

/** kafkajs 2.2.4's own encoder and decoder of record batches: internal, hence by path. */
interface KafkajsRecord {
  readonly offset: string
  readonly timestamp: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Record<string, Buffer | Buffer[]>
}
interface KafkajsBatch {
  readonly firstOffset: string
  readonly lastOffsetDelta: number
  readonly maxTimestamp: string
  readonly producerId: string
  readonly records: readonly KafkajsRecord[]
}

const require = createRequire(import.meta.url)
const internal = (path: string): unknown => require(`kafkajs/src/protocol/${path}`)
const { RecordBatch } = internal('recordBatch/v0') as {
  RecordBatch(options: object): Promise<{ readonly buffer: Buffer }>
}
const KafkajsRecord = internal('recordBatch/record/v0') as (options: object) => unknown
const decodeBatch = internal('recordBatch/v0/decoder') as (
  decoder: unknown,
) => Promise<KafkajsBatch>
const Decoder = internal('decoder') as new (buffer: Buffer) => unknown
const Long = require('kafkajs/src/utils/long') as { fromValue(value: string | number): unknown }
const GZIP = 1

const TIME = 1_700_000_000_000
const rows = Array.from({ length: 50 }, (_, index) => ({
  key: index % 3 === 0 ? null : Buffer.from(`key-${index}`),
  value: index % 5 === 0 ? null : Buffer.from(`value ${index}`.repeat(index)),
  timestampMs: TIME + ((index * 7919) % 100) - (index % 2 === 0 ? 0 : 100_000_000),
}))

describe('kafkajs', () => {
  it.each([
    ['none', 0],
    ['gzip', GZIP],
  ] as const)('encodes batches that we read (%s)', async (name, compression) => {
    const { buffer } = await RecordBatch({
      compression,
      firstOffset: Long.fromValue(1000),
      firstTimestamp: rows[0]!.timestampMs,
      maxTimestamp: TIME + 99,
      lastOffsetDelta: rows.length - 1,
      records: rows.map((row, index) =>
        KafkajsRecord({
          offsetDelta: index,
          timestampDelta: row.timestampMs - rows[0]!.timestampMs,
          key: row.key,
          value: row.value,
          headers: { a: ['1', '2'], b: String(index) },
        }),
      ),
    })
    const [header] = splitBatches(buffer, where)
    verifyBatch(buffer, header!, where)
    expect(header).toMatchObject({
      compression: name,
      baseOffset: 1000,
      lastOffset: 1049,
      recordCount: 50,
      maxTimestamp: TIME + 99,
    })
    expect(plain(readAll(buffer))).toEqual(
      rows.map((row, index) => ({
        ...where,
        ...row,
        offset: 1000 + index,
        headers: [
          ['a', Buffer.from('1')],
          ['a', Buffer.from('2')],
          ['b', Buffer.from(String(index))],
        ],
      })),
    )
  })

  it.each(['none', 'gzip'] as const)(
    'reads the batches that we encode (%s)',
    async (compression) => {
      const records = rows.map((row) =>
        sample({
          ...row,
          headers: [
            ['a', Buffer.from('1')],
            ['a', Buffer.from('2')],
            ['b', Buffer.from('ü')],
          ],
        }),
      )
      const bytes = encodeBatch(records, { compression, baseOffset: 1000, producerId: 2n ** 60n })
      const batch = await decodeBatch(new Decoder(bytes))
      expect(batch).toMatchObject({
        firstOffset: '1000',
        lastOffsetDelta: 49,
        maxTimestamp: String(Math.max(...rows.map((row) => row.timestampMs))),
        producerId: String(2n ** 60n),
      })
      expect(
        batch.records.map(({ offset, timestamp, key, value, headers }) => ({
          ...{ offset, timestamp, key, value, headers },
        })),
      ).toEqual(
        rows.map((row, index) => ({
          offset: String(1000 + index),
          timestamp: String(row.timestampMs),
          key: row.key,
          value: row.value,
          headers: { a: [Buffer.from('1'), Buffer.from('2')], b: Buffer.from('ü') },
        })),
      )
    },
  )
})
