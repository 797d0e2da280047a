import type { ConsumerRecord } from '../../domain/record.js'
import { UsageError } from '../failure.js'
import { unescapeBytes } from '../option-values.js'

/** The bytes that a record is shown as, pushed onto `into`: values are not decoded or copied. */
export type RecordFormat = (record: ConsumerRecord, into: Uint8Array[]) => void

const length = (bytes: Buffer | null): string => String(bytes === null ? -1 : bytes.length)

const headerText = ({ headers }: ConsumerRecord): string =>
  headers.map(([name, value]) => `${name}=${value === null ? 'NULL' : value}`).join(',')

type Part = (record: ConsumerRecord) => string | Buffer | null

/** kcat's letters. */
const letters: Readonly<Record<string, Part>> = {
  t: ({ topic }) => topic,
  p: ({ partition }) => String(partition),
  o: ({ offset }) => String(offset),
  k: ({ key }) => key,
  K: ({ key }) => length(key),
  s: ({ value }) => value,
  S: ({ value }) => length(value),
  h: headerText,
  T: ({ timestampMs }) => String(timestampMs),
}

export const formatLetters = Object.keys(letters).map((letter) => `%${letter}`)

/** Without a format: the value and a line end. */
export const DEFAULT_FORMAT = '%s\\n'

/**
 * Compiles a format such as `%p:%o %k=%s\n`. A null key or value shows as nothing, its length as
 * -1. `%%` is a percent sign. Throws UsageError for a letter that means nothing.
 */
export const recordFormat = (format: string): RecordFormat => {
  const parts: (Buffer | Part)[] = []
  const literal = (text: string): void => {
    if (text !== '') parts.push(unescapeBytes(text))
  }
  let rest = format
  for (let at = rest.indexOf('%'); at >= 0; at = rest.indexOf('%')) {
    const letter = rest[at + 1]
    literal(rest.slice(0, at))
    if (letter === '%') literal('%')
    else parts.push(letters[letter ?? ''] ?? unknownLetter(format, letter))
    rest = rest.slice(at + 2)
  }
  literal(rest)
  return (record, into) => {
    for (const part of parts) {
      const bytes = typeof part === 'function' ? part(record) : part
      if (bytes === null) continue
      into.push(typeof bytes === 'string' ? Buffer.from(bytes) : bytes)
    }
  }
}

const unknownLetter = (format: string, letter: string | undefined): never => {
  const found = letter === undefined ? 'a lone % at the end' : `%${letter}`
  throw new UsageError(
    `format '${format}' has ${found}: use ${formatLetters.join(' ')}, or %% for a percent sign`,
  )
}
