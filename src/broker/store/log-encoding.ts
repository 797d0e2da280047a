import { assert } from '../../domain/errors.js'
import type { LogKey, Table } from './store.js'

/**
 * How tables and logs are laid out on disk. All keys are binary and compare as bytes.
 *
 *   table entry   key: table (1 byte), key as UTF-8        value: JSON as UTF-8
 *   log entry     key: topic uuid (16), partition (4), last offset (8), big endian
 *                 value: base offset (8), latest timestamp (8), both IEEE doubles, big endian;
 *                        then the record batch as it is on the wire
 *
 * Keyed by the last offset, "the batch that holds this offset" is one seek. `latest timestamp` is
 * the largest of the log up to and with this batch: it never falls, so a search by time is a
 * bisection, and its first match is also the first batch whose own timestamp is large enough.
 */
export const formatVersion = 1

// The byte of a table is part of the format: never renumber, only add.
const tableBytes: Readonly<Record<Table, number>> = {
  broker: 1,
  topics: 2,
  groups: 3,
  offsets: 4,
  producers: 5,
}

export function tableKey(table: Table, key: string): Buffer {
  const encoded = Buffer.allocUnsafe(1 + Buffer.byteLength(key))
  encoded[0] = tableBytes[table]
  encoded.write(key, 1)
  return encoded
}

export const keyOfTable = (encoded: Uint8Array): string => Buffer.from(encoded).toString('utf8', 1)

/** The first key after all that start with `prefix`. UTF-8 has no byte 0xff, so none overflows. */
export function afterPrefix(prefix: Buffer): Buffer {
  const end = Buffer.from(prefix)
  const last = end.length - 1
  end[last] = end[last]! + 1
  return end
}

export function topicBytes(topicId: string): Buffer {
  const bytes = Buffer.from(topicId, 'base64url')
  assert(bytes.length === 16, `'${topicId}' is not a topic id (base64url of 16 bytes)`)
  return bytes
}

export const topicIdOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')

export function logKey({ topicId, partition }: LogKey, lastOffset: number): Buffer {
  const key = Buffer.allocUnsafe(28)
  topicBytes(topicId).copy(key)
  key.writeUInt32BE(partition, 16)
  key.writeUInt32BE(Math.floor(lastOffset / 2 ** 32), 20)
  key.writeUInt32BE(lastOffset % 2 ** 32, 24)
  return key
}

/** Before any batch of the log, and after none of the log before it. */
export const logBegin = (log: LogKey): Buffer => logKey(log, 0).subarray(0, 20)

/** After any batch of the log: no offset reaches 2^53. */
export const logEnd = (log: LogKey): Buffer => logKey(log, 2 ** 53)

export const lastOffsetOf = (key: Buffer): number =>
  key.readUInt32BE(20) * 2 ** 32 + key.readUInt32BE(24)

const prefixBytes = 16

export function logValue(baseOffset: number, latestTimestamp: number, batch: Buffer): Buffer {
  const value = Buffer.allocUnsafe(prefixBytes + batch.length)
  value.writeDoubleBE(baseOffset, 0)
  value.writeDoubleBE(latestTimestamp, 8)
  batch.copy(value, prefixBytes)
  return value
}

export const baseOffsetOf = (value: Buffer): number => value.readDoubleBE(0)
export const latestTimestampOf = (value: Buffer): number => value.readDoubleBE(8)
export const batchOf = (value: Buffer): Buffer => value.subarray(prefixBytes)
