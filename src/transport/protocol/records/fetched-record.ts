import type { ConsumerRecord, Header } from '../../../domain/record.js'
import { lastVarintEnd, readVarintAt } from './record-walker.js'

const NO_HEADERS: readonly Header[] = Object.freeze([])

/** Where the parts of a record lie; a length of -1 is a null. */
export interface RecordPlaces {
  readonly bytes: Buffer
  readonly offset: number
  readonly timestampMs: number
  readonly timestampRaw: bigint | undefined
  readonly keyAt: number
  readonly keyLength: number
  readonly valueAt: number
  readonly valueLength: number
  readonly headersAt: number
}

/**
 * A record over the buffer that its batch came in. Key and value are views made when first asked
 * for (and the same ones from then on), headers are decoded then. All positions were checked while
 * walking the batch, so none of this throws. They are getters: a spread (`{ ...record }`) leaves
 * them out, `copy()` and `toJSON()` do not.
 */
export class FetchedRecord implements ConsumerRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestampMs: number
  declare readonly timestampRaw?: bigint
  readonly #bytes: Buffer
  readonly #keyAt: number
  readonly #keyLength: number
  readonly #valueAt: number
  readonly #valueLength: number
  readonly #headersAt: number
  #key: Buffer | undefined
  #value: Buffer | undefined
  #headers: readonly Header[] | undefined

  /** Takes what the walker stands on. */
  constructor(topic: string, partition: number, places: RecordPlaces) {
    this.topic = topic
    this.partition = partition
    this.offset = places.offset
    this.timestampMs = places.timestampMs
    if (places.timestampRaw !== undefined) this.timestampRaw = places.timestampRaw
    this.#bytes = places.bytes
    this.#keyAt = places.keyAt
    this.#keyLength = places.keyLength
    this.#valueAt = places.valueAt
    this.#valueLength = places.valueLength
    this.#headersAt = places.headersAt
    this.#key = undefined
    this.#value = undefined
    this.#headers = undefined
  }

  get key(): Buffer | null {
    if (this.#keyLength < 0) return null
    this.#key ??= this.#bytes.subarray(this.#keyAt, this.#keyAt + this.#keyLength)
    return this.#key
  }

  get value(): Buffer | null {
    if (this.#valueLength < 0) return null
    this.#value ??= this.#bytes.subarray(this.#valueAt, this.#valueAt + this.#valueLength)
    return this.#value
  }

  get headers(): readonly Header[] {
    this.#headers ??= readHeaders(this.#bytes, this.#headersAt)
    return this.#headers
  }

  copy(): FetchedRecord {
    const end = headersEnd(this.#bytes, this.#headersAt)
    // Not from Node's shared pool: a small record would pin 8 KiB of it.
    const bytes = Buffer.allocUnsafeSlow(end - this.#keyAt)
    this.#bytes.copy(bytes, 0, this.#keyAt, end)
    return new FetchedRecord(this.topic, this.partition, {
      bytes,
      offset: this.offset,
      timestampMs: this.timestampMs,
      timestampRaw: this.timestampRaw,
      keyAt: 0,
      keyLength: this.#keyLength,
      valueAt: this.#valueAt - this.#keyAt,
      valueLength: this.#valueLength,
      headersAt: this.#headersAt - this.#keyAt,
    })
  }

  /** The plain record, for `JSON.stringify` and logs. */
  toJSON(): Omit<ConsumerRecord, 'copy' | 'timestampRaw'> {
    const { topic, partition, offset, key, value, headers, timestampMs } = this
    return { topic, partition, offset, key, value, headers, timestampMs }
  }

  [Symbol.for('nodejs.util.inspect.custom')](): unknown {
    return this.toJSON()
  }
}

const readHeaders = (bytes: Buffer, at: number): readonly Header[] => {
  const count = readVarintAt(bytes, at)
  if (count === 0) return NO_HEADERS
  const headers: Header[] = []
  let next = lastVarintEnd()
  for (let index = 0; index < count; index += 1) {
    const keyEnd = readVarintAt(bytes, next) + lastVarintEnd()
    const key = bytes.toString('utf8', lastVarintEnd(), keyEnd)
    const valueLength = readVarintAt(bytes, keyEnd)
    next = lastVarintEnd()
    if (valueLength < 0) {
      headers.push([key, null])
    } else {
      headers.push([key, bytes.subarray(next, next + valueLength)])
      next += valueLength
    }
  }
  return headers
}

const headersEnd = (bytes: Buffer, at: number): number => {
  const count = readVarintAt(bytes, at)
  let next = lastVarintEnd()
  for (let index = 0; index < count; index += 1) {
    const keyEnd = readVarintAt(bytes, next) + lastVarintEnd()
    const valueLength = readVarintAt(bytes, keyEnd)
    next = lastVarintEnd() + Math.max(valueLength, 0)
  }
  return next
}
