import { constants, gunzipSync, gzipSync } from 'node:zlib'
import { isStreamBusError, StreamBusError } from '../../../domain/errors.js'
import type { CompressionName } from '../../../domain/record.js'
import type { TopicPartition } from '../../../domain/topic-partition.js'
import { corruptBatch } from './batch-errors.js'
import { CodecError, overLimit } from './codec-limit.js'
import { lz4Compress, lz4Decompress } from './lz4-codec.js'
import { snappyCompress, snappyDecompress } from './snappy-codec.js'
import { zstdCompress, zstdDecompress } from './zstd-codec.js'

/** What the records of one batch may grow to: 128 MiB. */
export const DEFAULT_MAX_DECOMPRESSED_BYTES = 128 * 1024 * 1024

export interface DecompressOptions {
  /** Default `DEFAULT_MAX_DECOMPRESSED_BYTES`. */
  readonly maxBytes?: number
  readonly where: TopicPartition
}

/** Levels that Kafka allows (CompressionType), zstd's cut to what its WebAssembly build allows. */
const LEVELS: Partial<Record<CompressionName, { readonly min: number; readonly max: number }>> = {
  gzip: { min: 1, max: 9 },
  zstd: { min: 1, max: 22 },
}
const DEFAULT_ZSTD_LEVEL = 3

/**
 * Compresses synchronously. `level` is for gzip (1 to 9, default zlib's 6) and zstd (1 to 22,
 * default 3); snappy has none, and lz4's library only its fastest.
 *
 * Errors: INVALID_ARGUMENT for a level out of range, UNSUPPORTED_COMPRESSION for an unknown codec
 * or one whose package does not load.
 */
export const compress = (name: CompressionName, bytes: Buffer, level?: number): Buffer => {
  checkLevel(name, level)
  switch (name) {
    case 'none':
      return bytes
    case 'gzip':
      return gzipSync(bytes, { level: level ?? constants.Z_DEFAULT_COMPRESSION })
    case 'snappy':
      return snappyCompress(bytes)
    case 'lz4':
      return lz4Compress(bytes)
    case 'zstd':
      return zstdCompress(bytes, level ?? DEFAULT_ZSTD_LEVEL)
    default:
      throw unknownCodec(name)
  }
}

/**
 * Decompresses synchronously, and never to more than `maxBytes`: a format that tells the size is
 * refused before anything is allocated, the others while they grow.
 *
 * Errors: CORRUPT_BATCH for damaged or too large contents, UNSUPPORTED_COMPRESSION as above.
 */
export const decompress = (
  name: CompressionName,
  bytes: Buffer,
  options: DecompressOptions,
): Buffer => {
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_DECOMPRESSED_BYTES
  try {
    switch (name) {
      case 'none':
        if (bytes.length > maxBytes) throw overLimit(maxBytes)
        return bytes
      case 'gzip':
        return gzipDecompress(bytes, maxBytes)
      case 'snappy':
        return snappyDecompress(bytes, maxBytes)
      case 'lz4':
        return lz4Decompress(bytes, maxBytes)
      case 'zstd':
        return zstdDecompress(bytes, maxBytes)
      default:
        throw unknownCodec(name)
    }
  } catch (error) {
    if (isStreamBusError(error)) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw corruptBatch(options.where, `its ${name} data cannot be read: ${reason}`, {
      cause: error,
    })
  }
}

const gzipDecompress = (bytes: Buffer, maxBytes: number): Buffer => {
  // The last four bytes tell the size of the last member (modulo 2^32).
  if (bytes.length >= 18 && bytes.readUInt32LE(bytes.length - 4) > maxBytes) {
    throw overLimit(maxBytes)
  }
  try {
    // A limit of 0 is not allowed by zlib.
    return gunzipSync(bytes, { maxOutputLength: Math.max(maxBytes, 1), chunkSize: 64 * 1024 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw overLimit(maxBytes)
    throw new CodecError((error as Error).message)
  }
}

const checkLevel = (name: CompressionName, level: number | undefined): void => {
  const range = LEVELS[name]
  if (level === undefined || range === undefined) return
  if (Number.isInteger(level) && level >= range.min && level <= range.max) return
  throw new StreamBusError(
    'INVALID_ARGUMENT',
    `compression level ${level} is not one of ${name}'s; give a whole number from ` +
      `${range.min} to ${range.max}`,
    { field: 'level' },
  )
}

const unknownCodec = (name: never): StreamBusError =>
  new StreamBusError(
    'UNSUPPORTED_COMPRESSION',
    `unknown compression ${JSON.stringify(name)}; use none, gzip, snappy, lz4 or zstd`,
    { kafkaError: 'UNSUPPORTED_COMPRESSION_TYPE' },
  )
