import { StreamBusError } from '../domain/errors.js'
import type { ProducerRecord } from '../domain/record.js'
import type { EncodableRecord } from '../transport/protocol/records/batch-writer.js'

type Bytes = Buffer | string | null | undefined

const NO_HEADERS: EncodableRecord['headers'] = []

/**
 * The record as it will be written; strings become UTF-8. Buffers are not copied: they belong to
 * the producer until the send has settled. Errors: INVALID_ARGUMENT naming the field.
 */
export const prepareRecord = (
  topic: string,
  record: ProducerRecord,
  nowMs: number,
): EncodableRecord => {
  if (typeof record !== 'object' || record === null) {
    throw invalid(topic, 'record', `a record is an object such as { key, value }, not ${record}`)
  }
  const { timestampMs = nowMs } = record
  if (!Number.isSafeInteger(timestampMs) || timestampMs < 0) {
    throw invalid(topic, 'timestampMs', 'give whole milliseconds since the epoch')
  }
  return {
    key: bytesOf(topic, 'key', record.key),
    value: bytesOf(topic, 'value', record.value),
    headers: record.headers === undefined ? NO_HEADERS : headersOf(topic, record.headers),
    timestampMs,
  }
}

const bytesOf = (topic: string, field: string, given: Bytes): Buffer | null => {
  if (given === null || given === undefined) return null
  if (typeof given === 'string') return Buffer.from(given, 'utf8')
  if (Buffer.isBuffer(given)) return given
  const other: unknown = given
  if (other instanceof Uint8Array) {
    return Buffer.from(other.buffer, other.byteOffset, other.byteLength)
  }
  const what = Array.isArray(other) ? 'an array' : typeof other
  throw invalid(topic, field, `give a string, a Buffer or null, not ${what}`)
}

const headersOf = (
  topic: string,
  given: NonNullable<ProducerRecord['headers']>,
): EncodableRecord['headers'] => {
  if (typeof given !== 'object' || given === null) {
    throw invalid(topic, 'headers', 'give a list of [key, value], or an object')
  }
  const entries: readonly (readonly [string, Bytes])[] = Array.isArray(given)
    ? given
    : Object.entries(given)
  return entries.map((entry): readonly [string, Buffer | null] => {
    if (!Array.isArray(entry) || entry.length !== 2 || typeof entry[0] !== 'string') {
      throw invalid(topic, 'headers', 'each header is [key, value], the key a string')
    }
    return [entry[0], bytesOf(topic, `headers.${entry[0]}`, entry[1])]
  })
}

const invalid = (topic: string, field: string, problem: string): StreamBusError =>
  new StreamBusError('INVALID_ARGUMENT', `send to topic ${topic}: ${field}: ${problem}`, {
    topic,
    field,
  })
