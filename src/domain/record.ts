/** Header keys may repeat; order is kept. A header's value may be null. */
export type Header = readonly [key: string, value: Buffer | null]

export interface ProducerRecord {
  readonly key?: Buffer | string | null
  readonly value?: Buffer | string | null
  readonly headers?:
    | readonly (readonly [string, Buffer | string | null])[]
    | Record<string, Buffer | string | null>
  readonly partition?: number
  /** Milliseconds since the epoch. Default: now. */
  readonly timestampMs?: number
}

export interface ConsumerRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** A view over the fetch response; `copy()` when it is kept for long. */
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly Header[]
  readonly timestampMs: number
  /** Present only when the broker's int64 is beyond 2^53 and `timestampMs` was clamped. */
  readonly timestampRaw?: bigint
  /** The same record with its own memory, no longer pinning the response it came in. */
  copy(): ConsumerRecord
}

export type CompressionName = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
