import { CodecError, overLimit } from './codec-limit.js'
import { lazyModule } from './codec-module.js'

/**
 * Snappy as Kafka writes it. Java frames raw snappy blocks in the way of xerial's snappy-java:
 * magic, version and lowest compatible version (int32), then chunks of a length (int32) and a
 * block. librdkafka sends one bare block. Both are read; Java's way is written.
 */
interface SnappyModule {
  compressSync(input: Uint8Array, options: SnappyOptions): Buffer
  uncompressSync(input: Uint8Array, options: SnappyOptions): string | Buffer
}

/** Copying the result out is eight times faster than wrapping the library's memory. */
const OPTIONS = { asBuffer: true, copyOutputData: true } as const
type SnappyOptions = typeof OPTIONS

const snappyModule = lazyModule(
  'snappy',
  'snappy',
  (require) => require('snappy') as unknown as SnappyModule,
)

const MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const STREAM_HEADER_BYTES = 16
/** snappy-java's default block size. */
const CHUNK_BYTES = 32 * 1024
/** A copy of 64 bytes costs 3: no block grows more than that. */
const MAX_GROWTH = 22

const streamHeader = Buffer.concat([MAGIC, Buffer.from([0, 0, 0, 1, 0, 0, 0, 1])])

export const snappyCompress = (bytes: Buffer): Buffer => {
  const snappy = snappyModule()
  const parts: Buffer[] = [streamHeader]
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    const block = snappy.compressSync(bytes.subarray(at, at + CHUNK_BYTES), OPTIONS)
    const length = Buffer.allocUnsafe(4)
    length.writeInt32BE(block.length)
    parts.push(length, block)
  }
  return Buffer.concat(parts)
}

export const snappyDecompress = (bytes: Buffer, maxBytes: number): Buffer => {
  if (!isStreamHeader(bytes, 0)) return uncompressBlock(bytes, maxBytes)
  const blocks = splitChunks(bytes)
  let total = 0
  for (const block of blocks) total += declaredLength(block)
  if (total > maxBytes) throw overLimit(maxBytes)
  const output = Buffer.allocUnsafe(total)
  let at = 0
  for (const block of blocks) at += uncompressBlock(block, maxBytes).copy(output, at)
  return output
}

const isStreamHeader = (bytes: Buffer, at: number): boolean =>
  bytes.length - at >= STREAM_HEADER_BYTES && MAGIC.compare(bytes, at, at + MAGIC.length) === 0

/** Streams may be concatenated: snappy-java skips further stream headers, and so do we. */
const splitChunks = (bytes: Buffer): Buffer[] => {
  const blocks: Buffer[] = []
  let at = STREAM_HEADER_BYTES
  while (at < bytes.length) {
    if (isStreamHeader(bytes, at)) {
      at += STREAM_HEADER_BYTES
      continue
    }
    if (bytes.length - at < 4) throw new CodecError('a snappy chunk is cut off')
    const length = bytes.readInt32BE(at)
    at += 4
    if (length < 0 || length > bytes.length - at) {
      throw new CodecError(`a snappy chunk claims ${length} bytes of the ${bytes.length - at} left`)
    }
    blocks.push(bytes.subarray(at, at + length))
    at += length
  }
  return blocks
}

/** The size that a block declares in front, refused when the block is too short to hold it. */
const declaredLength = (block: Buffer): number => {
  let value = 0
  let scale = 1
  for (let at = 0; at < 5; at += 1) {
    const byte = block[at]
    if (byte === undefined) break
    value += (byte & 0x7f) * scale
    if (byte < 0x80) {
      if (value <= block.length * MAX_GROWTH) return value
      throw new CodecError(`${block.length} bytes of snappy claim to hold ${value}`)
    }
    scale *= 128
  }
  throw new CodecError('a snappy block does not begin with its size')
}

const uncompressBlock = (block: Buffer, maxBytes: number): Buffer => {
  if (declaredLength(block) > maxBytes) throw overLimit(maxBytes)
  return snappyModule().uncompressSync(block, OPTIONS) as Buffer
}
