import { CodecError, overLimit } from './codec-limit.js'
import { lazyModule } from './codec-module.js'

/**
 * The LZ4 frame format (lz4_Frame_format.md), which Kafka uses since magic 2. Frames are walked
 * here and only their blocks are given to the library: its own frame reader has no limit, stops
 * after the first frame, and is eight times slower. So the exact size is known before any of it is
 * allocated. The frame's checksums are not verified (Java verifies some): the batch has its CRC.
 */
interface Lz4Module {
  compressFrameSync(data: Buffer): Buffer
  /** `data`: the uncompressed size (uint32, little-endian), then the block. */
  uncompressSync(data: Buffer, dictionary?: Buffer): Buffer
}

const lz4Module = lazyModule(
  'lz4',
  'lz4-napi',
  (require) => require('lz4-napi') as unknown as Lz4Module,
)

const FRAME_MAGIC = 0x184d2204
const SKIPPABLE_MAGIC = 0x184d2a50
const UNCOMPRESSED_BIT = 0x8000_0000
/** How far back a block may refer to those before it. */
const WINDOW_BYTES = 64 * 1024

interface Block {
  readonly bytes: Buffer
  readonly isCompressed: boolean
  readonly outputBytes: number
  /** True when it may refer to the output of the blocks before it in its frame. */
  readonly isLinked: boolean
}

export const lz4Compress = (bytes: Buffer): Buffer => lz4Module().compressFrameSync(bytes)

export const lz4Decompress = (bytes: Buffer, maxBytes: number): Buffer => {
  const blocks: Block[] = []
  let at = 0
  while (at < bytes.length) {
    const skip = skippableLength(bytes, at)
    at = skip === 0 ? walkFrame(bytes, at, blocks) : at + skip
  }
  let total = 0
  for (const block of blocks) total += block.outputBytes
  if (total > maxBytes) throw overLimit(maxBytes)
  const output = Buffer.allocUnsafe(total)
  let written = 0
  let frameStart = 0
  for (const block of blocks) {
    if (!block.isLinked) frameStart = written
    const windowStart = Math.max(frameStart, written - WINDOW_BYTES)
    const plain = block.isCompressed
      ? uncompressBlock(block, output.subarray(windowStart, written))
      : block.bytes
    if (plain.length !== block.outputBytes) throw new CodecError('an lz4 block is damaged')
    written += plain.copy(output, written)
  }
  return output
}

const uncompressBlock = (block: Block, window: Buffer): Buffer => {
  const input = Buffer.allocUnsafe(4 + block.bytes.length)
  input.writeUInt32LE(block.outputBytes)
  block.bytes.copy(input, 4)
  const { uncompressSync } = lz4Module()
  return window.length === 0 ? uncompressSync(input) : uncompressSync(input, window)
}

const need = (bytes: Buffer, at: number, count: number): void => {
  if (bytes.length - at < count) throw new CodecError('an lz4 frame is cut off')
}

/** Bytes of the skippable frame at `at`, or 0 when another kind of frame is there. */
const skippableLength = (bytes: Buffer, at: number): number => {
  need(bytes, at, 4)
  const magic = bytes.readUInt32LE(at)
  if ((magic & 0xfffffff0) >>> 0 !== SKIPPABLE_MAGIC) return 0
  need(bytes, at, 8)
  const length = 8 + bytes.readUInt32LE(at + 4)
  need(bytes, at, length)
  return length
}

/** Appends the blocks of the frame at `start` and returns where it ends. */
const walkFrame = (bytes: Buffer, start: number, blocks: Block[]): number => {
  need(bytes, start, 7)
  if (bytes.readUInt32LE(start) !== FRAME_MAGIC) {
    throw new CodecError('an lz4 frame does not begin with its magic number')
  }
  const flags = bytes[start + 4]!
  const sizeId = (bytes[start + 5]! >> 4) & 7
  // Version 1, no dictionary, a block size of 64 KiB (4) to 4 MiB (7).
  if (flags >> 6 !== 1 || (flags & 0x01) !== 0 || sizeId < 4) {
    throw new CodecError('an lz4 frame has an unsupported descriptor')
  }
  const maxBlock = 1 << (8 + 2 * sizeId)
  const areLinked = (flags & 0x20) === 0
  const checksumBytes = (flags & 0x10) === 0 ? 0 : 4
  const first = blocks.length
  let at = start + 7 + ((flags & 0x08) === 0 ? 0 : 8)
  for (;;) {
    need(bytes, at, 4)
    const word = bytes.readUInt32LE(at)
    at += 4
    if (word === 0) break
    const size = word % UNCOMPRESSED_BIT
    need(bytes, at, size + checksumBytes)
    const isCompressed = word < UNCOMPRESSED_BIT
    const outputBytes = isCompressed ? blockOutput(bytes, at, at + size) : size
    if (outputBytes > maxBlock) {
      throw new CodecError(`an lz4 block of ${outputBytes} bytes exceeds ${maxBlock}`)
    }
    const isLinked = areLinked && blocks.length > first
    blocks.push({ bytes: bytes.subarray(at, at + size), isCompressed, outputBytes, isLinked })
    at += size + checksumBytes
  }
  const contentChecksum = (flags & 0x04) === 0 ? 0 : 4
  need(bytes, at, contentChecksum)
  return at + contentChecksum
}

/** Adds up the sequences of one block without copying anything. */
const blockOutput = (bytes: Buffer, start: number, end: number): number => {
  let at = start
  let output = 0
  while (at < end) {
    const token = bytes[at]!
    at += 1
    let literals = token >> 4
    if (literals === 15) {
      let more = 255
      while (more === 255 && at < end) {
        more = bytes[at]!
        literals += more
        at += 1
      }
    }
    at += literals
    output += literals
    // The last sequence ends after its literals.
    if (at >= end) break
    at += 2
    let match = (token & 15) + 4
    if (match === 19) {
      let more = 255
      while (more === 255 && at < end) {
        more = bytes[at]!
        match += more
        at += 1
      }
    }
    output += match
  }
  return output
}
