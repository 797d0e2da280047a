import { CodecError } from './codec-limit.js'

/**
 * What the zstd frames in a buffer say of their size (RFC 8878), read without decompressing. Java
 * and librdkafka stream their frames: the content size is often absent, then the blocks bound it.
 */
export interface ZstdSize {
  /** Exact when `declared`, else an upper bound. */
  readonly bytes: number
  /** Every frame tells its content size. */
  readonly declared: boolean
}

const FRAME_MAGIC = 0xfd2fb528
const SKIPPABLE_MAGIC = 0x184d2a50
const MAX_BLOCK_BYTES = 128 * 1024
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const

const need = (bytes: Buffer, at: number, count: number): void => {
  if (bytes.length - at < count) throw new CodecError('a zstd frame is cut off')
}

export const measureZstd = (bytes: Buffer): ZstdSize => {
  let total = 0
  let declared = true
  let at = 0
  while (at < bytes.length) {
    need(bytes, at, 8)
    const magic = bytes.readUInt32LE(at)
    if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
      const length = 8 + bytes.readUInt32LE(at + 4)
      need(bytes, at, length)
      at += length
      continue
    }
    if (magic !== FRAME_MAGIC) throw new CodecError('a zstd frame has no magic number')
    const header = readFrameHeader(bytes, at + 4)
    const blocks = walkBlocks(bytes, header.end, header.maxBlock)
    if (header.contentSize === undefined) {
      declared = false
      total += blocks.bound
    } else {
      if (header.contentSize > blocks.bound) {
        throw new CodecError(
          `a zstd frame claims ${header.contentSize} bytes, its blocks hold ${blocks.bound}`,
        )
      }
      total += header.contentSize
    }
    need(bytes, blocks.end, header.checksumBytes)
    at = blocks.end + header.checksumBytes
  }
  return { bytes: total, declared }
}

interface FrameHeader {
  readonly end: number
  readonly contentSize: number | undefined
  readonly maxBlock: number
  readonly checksumBytes: 0 | 4
}

const readFrameHeader = (bytes: Buffer, start: number): FrameHeader => {
  const descriptor = bytes[start]!
  const singleSegment = (descriptor & 0x20) !== 0
  const sizeFlag = descriptor >> 6
  const sizeBytes = sizeFlag === 0 ? (singleSegment ? 1 : 0) : 1 << sizeFlag
  const windowAt = start + 1
  const sizeAt = windowAt + (singleSegment ? 0 : 1) + DICTIONARY_ID_BYTES[descriptor & 3]!
  need(bytes, sizeAt, sizeBytes)
  need(bytes, windowAt, 1)
  const contentSize = readContentSize(bytes, sizeAt, sizeBytes)
  const windowByte = bytes[windowAt]!
  const windowBase = 2 ** (10 + (windowByte >> 3))
  const windowSize = singleSegment
    ? (contentSize ?? 0)
    : windowBase + (windowBase / 8) * (windowByte & 7)
  return {
    end: sizeAt + sizeBytes,
    contentSize,
    maxBlock: Math.min(windowSize, MAX_BLOCK_BYTES),
    checksumBytes: (descriptor & 4) === 0 ? 0 : 4,
  }
}

const readContentSize = (bytes: Buffer, at: number, sizeBytes: number): number | undefined => {
  switch (sizeBytes) {
    case 0:
      return undefined
    case 1:
      return bytes[at]!
    case 2:
      return 256 + bytes.readUInt16LE(at)
    case 4:
      return bytes.readUInt32LE(at)
    default:
      return Number(bytes.readBigUInt64LE(at))
  }
}

const walkBlocks = (
  bytes: Buffer,
  start: number,
  maxBlock: number,
): { readonly end: number; readonly bound: number } => {
  let at = start
  let bound = 0
  for (;;) {
    need(bytes, at, 3)
    const header = bytes.readUIntLE(at, 3)
    at += 3
    const kind = (header >> 1) & 3
    const size = header >> 3
    if (kind === 3) throw new CodecError('a zstd block is of the reserved type')
    // Raw blocks hold their bytes, repeated ones one byte, compressed ones at most the block limit.
    const stored = kind === 1 ? 1 : size
    need(bytes, at, stored)
    at += stored
    bound += kind === 2 ? maxBlock : Math.min(size, maxBlock)
    if ((header & 1) === 1) return { end: at, bound }
  }
}
