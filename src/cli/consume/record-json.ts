import { isUtf8 } from 'node:buffer'
import type { ConsumerRecord } from '../../domain/record.js'
import type { RecordFormat } from './record-format.js'

/** What is no UTF-8 comes as `keyBase64` or `valueBase64`: JSON would garble its bytes. */
const textOf = (name: string, bytes: Buffer | null): Record<string, string | null> => {
  if (bytes === null) return { [name]: null }
  return isUtf8(bytes)
    ? { [name]: bytes.toString() }
    : { [`${name}Base64`]: bytes.toString('base64') }
}

const jsonOf = (record: ConsumerRecord): string => {
  const { topic, partition, offset, timestampMs, key, value, headers } = record
  return JSON.stringify({
    topic,
    partition,
    offset,
    timestampMs,
    ...textOf('key', key),
    ...textOf('value', value),
    headers: headers.map(([name, bytes]) => ({ name, ...textOf('value', bytes) })),
  })
}

/** One object a line: topic, partition, offset, timestampMs, key, value, headers. */
export const jsonFormat: RecordFormat = (record, into) => {
  into.push(Buffer.from(`${jsonOf(record)}\n`))
}
