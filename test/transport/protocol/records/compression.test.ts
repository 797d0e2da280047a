import { createRequire } from 'node:module'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CompressionName } from '../../../../src/domain/record.js'
import { compress, decompress } from '../../../../src/transport/protocol/records/compression.js'
import { measureZstd } from '../../../../src/transport/protocol/records/zstd-frames.js'
import { CODECS, errorOf, where } from './sample-batches.js'

const require = createRequire(import.meta.url)
const unpack = (codec: CompressionName, bytes: Buffer, maxBytes = 10_000_000) =>
  decompress(codec, bytes, { where, maxBytes })

/** What the fixtures below hold: made with the command-line tools of zstd 1.5.4 and lz4 1.9.4. */
const STREAMED = Buffer.from(
  Array.from({ length: 60 }, (_, index) => `record ${index} of a stream;`).join(''),
)
/** `zstd < text`: no content size, a checksum. */
const ZSTD_STREAM = Buffer.from(
  'KLUv/QRY/QQA8gQOErCpA9n+0EWeVIWV2JRSLMfoVP///79t27bdtm3bkiRJktu2bSMGIbjLFYk5aVHKFIIKqCMh46' +
    'Q8ILCj0gGyfPcxn3z3sZ989zGffPexT3z3sU9+97FPfPexT77zsU+++7FPvvOxT777mE+++9hPvvsYP/nmOy8f6+4T' +
    'br/b8jHtPsn2OywfX/eZVWFooY9maKGPZrSgr1AWXXsHEzNJow==',
  'base64',
)

it.each(CODECS)('round-trips any bytes (%s)', (codec) => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 2000 }),
      fc.integer({ min: 1, max: 90 }),
      (part, times) => {
        const bytes = Buffer.concat(Array.from({ length: times }, () => Buffer.from(part)))
        expect(unpack(codec, compress(codec, bytes)).equals(bytes)).toBe(true)
        expect(unpack(codec, compress(codec, bytes), Math.max(bytes.length, 1)).length).toBe(
          bytes.length,
        )
      },
    ),
    { numRuns: 60 },
  )
})

describe('bombs', () => {
  const SIZE = 40_000_000
  const zeros = Buffer.alloc(SIZE)

  it.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)('are stopped at the limit (%s)', (codec) => {
    const bomb = compress(codec, zeros)
    const error = errorOf(() => unpack(codec, bomb, 1_000_000))
    expect(error.code).toBe('CORRUPT_BATCH')
    expect(error.message).toContain('more than the 1000000 bytes allowed')
    expect(error.message).toContain(codec)
    expect(errorOf(() => unpack(codec, bomb, SIZE - 1)).code).toBe('CORRUPT_BATCH')
    expect(unpack(codec, bomb, SIZE).length).toBe(SIZE)
  })

  it.each(['snappy', 'lz4', 'zstd'] as const)(
    'cost no memory where the size is told (%s)',
    (codec) => {
      const bomb = compress(codec, zeros)
      const before = process.memoryUsage()
      for (let run = 0; run < 20; run += 1) errorOf(() => unpack(codec, bomb, SIZE - 1))
      const after = process.memoryUsage()
      expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(SIZE)
      expect(after.rss - before.rss).toBeLessThan(SIZE)
    },
  )

  it('of gzip members and zstd streams that tell no size stop as they grow', () => {
    const members = Buffer.concat([gzipSync(zeros), gzipSync(Buffer.from('small'))])
    expect(errorOf(() => unpack('gzip', members, 1_000_000)).message).toContain('1000000 bytes')
    // One frame without content size: 400 repeated blocks of 128 KiB.
    const blocks = Array.from({ length: 400 }, (_, index) => {
      const header = (131_072 << 3) | 2 | (index === 399 ? 1 : 0)
      return Buffer.from([header & 0xff, (header >> 8) & 0xff, header >> 16, 0x61])
    })
    const frame = Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58]), ...blocks])
    expect(measureZstd(frame)).toEqual({ bytes: 52_428_800, declared: false })
    expect(errorOf(() => unpack('zstd', frame, 30_000_000)).message).toContain('30000000 bytes')
    expect(unpack('zstd', frame, 60_000_000).equals(Buffer.alloc(52_428_800, 'a'))).toBe(true)
    expect(unpack('zstd', compress('zstd', STREAMED)).equals(STREAMED)).toBe(true)
  })

  it('are refused by their word before a byte of them is decompressed', () => {
    // 300,000 bytes declared, three compressed blocks of nonsense: decoding would fail otherwise.
    const blocks = Buffer.from('140000ffff140000ffff150000ffff', 'hex')
    const frame = Buffer.concat([Buffer.from('28b52ffda0e0930400', 'hex'), blocks])
    expect(measureZstd(frame)).toEqual({ bytes: 300_000, declared: true })
    expect(errorOf(() => unpack('zstd', frame, 299_999)).message).toContain('299999 bytes allowed')
    expect(errorOf(() => unpack('zstd', frame, 300_000)).message).toContain('zstd error')
  })

  it('that only claim to be large are refused as false', () => {
    const claims = Buffer.from('ffffffff0f', 'hex')
    expect(errorOf(() => unpack('snappy', claims, 2 ** 33)).message).toContain('claim to hold')
    const frame = Buffer.from('28b52ffde000000000100000000300006161', 'hex')
    expect(errorOf(() => unpack('zstd', frame, 2 ** 40)).message).toContain('claims')
  })
})

describe('snappy', () => {
  const { compressSync } = require('snappy') as { compressSync(bytes: Buffer): Buffer }
  const text = Buffer.alloc(100_000, 'snappy as Java writes it; ')

  it('is written in xerial chunks of 32 KiB', () => {
    const packed = compress('snappy', text)
    expect(packed.subarray(0, 16).toString('hex')).toBe('82534e41505059000000000100000001')
    let chunks = 0
    for (let at = 16; at < packed.length; at += 4 + packed.readInt32BE(at)) chunks += 1
    expect(chunks).toBe(4)
  })

  it('is read bare (librdkafka), concatenated, and with foreign versions', () => {
    expect(unpack('snappy', compressSync(text)).equals(text)).toBe(true)
    expect(unpack('snappy', compressSync(Buffer.alloc(0))).length).toBe(0)
    const packed = compress('snappy', text)
    packed.writeInt32BE(9, 8)
    const twice = unpack('snappy', Buffer.concat([packed, packed]))
    expect(twice.equals(Buffer.concat([text, text]))).toBe(true)
  })

  it.each([-1, 1_000_000, 2_147_483_647])('refuses a chunk length of %i', (length) => {
    const packed = compress('snappy', text)
    packed.writeInt32BE(length, 16)
    expect(errorOf(() => unpack('snappy', packed)).code).toBe('CORRUPT_BATCH')
  })
})

describe('lz4', () => {
  const small = Buffer.from('lz4 frames '.repeat(20))

  it('writes frames that Java reads: version 1, independent blocks, no dictionary', () => {
    const packed = compress('lz4', Buffer.alloc(300_000, 'abc'))
    expect(packed.readUInt32LE(0)).toBe(0x184d2204)
    expect(packed[4]! & 0b1110_0011).toBe(0b0110_0000)
  })

  it('reads concatenated and skippable frames, block and content checksums', () => {
    const packed = compress('lz4', small)
    const skippable = Buffer.from('532a4d1803000000aabbcc', 'hex')
    const all = Buffer.concat([skippable, packed, skippable, packed])
    expect(unpack('lz4', all).equals(Buffer.concat([small, small]))).toBe(true)
    // `lz4 -BD -BX --content-size` of a file holding `hello`: a stored block with every checksum.
    const stored = Buffer.from(
      '04224d187c400500000000000000030500008068656c6c6ff97700fb00000000f97700fb',
      'hex',
    )
    expect(unpack('lz4', stored).toString()).toBe('hello')
  })

  it('reads blocks linked over more than their window', () => {
    const { linked, text } = linkedFrame()
    expect(unpack('lz4', linked).equals(text)).toBe(true)
  })

  it('refuses what is cut off, at every byte', () => {
    const packed = compress('lz4', small)
    for (let length = 1; length < packed.length; length += 1) {
      expect(errorOf(() => unpack('lz4', packed.subarray(0, length))).code).toBe('CORRUPT_BATCH')
    }
  })

  it.each([
    ['a dictionary', 4, 0x61],
    ['version 2', 4, 0xa0],
    ['a block size of 16 KiB', 5, 0x30],
    ['another magic', 0, 0x05],
  ])('refuses %s', (_what, at, byte) => {
    const packed = compress('lz4', small)
    packed[at] = byte
    expect(errorOf(() => unpack('lz4', packed)).code).toBe('CORRUPT_BATCH')
  })

  /**
   * A frame of three blocks: 64 KiB stored, then matches that reach back into earlier blocks. The
   * last match of the second block comes from the first one's beginning, at the window's edge.
   */
  const linkedFrame = (): { linked: Buffer; text: Buffer } => {
    const first = Buffer.from(
      Array.from({ length: 65_536 }, (_, index) => (index * 7 + (index >> 8)) & 0xff),
    )
    const stored = Buffer.alloc(4)
    stored.writeUInt32LE((0x8000_0000 | first.length) >>> 0)
    // One match of 4 bytes at distance 65535, then 5 literals; twice.
    const block = Buffer.from([0x00, 0xff, 0xff, 0x50, 1, 2, 3, 4, 5])
    const size = Buffer.from([block.length, 0, 0, 0])
    const linked = Buffer.concat([
      Buffer.from('04224d184040c0', 'hex'),
      ...[stored, first, size, block, size, block],
      Buffer.alloc(4),
    ])
    const literals = Buffer.from([1, 2, 3, 4, 5])
    const text = Buffer.concat([
      ...[first, first.subarray(1, 5), literals],
      ...[first.subarray(10, 14), literals],
    ])
    return { linked, text }
  }
})

describe('zstd', () => {
  it('reads streamed frames, which do not tell their size', () => {
    expect(measureZstd(ZSTD_STREAM).declared).toBe(false)
    expect(unpack('zstd', ZSTD_STREAM).equals(STREAMED)).toBe(true)
    expect(unpack('zstd', ZSTD_STREAM, STREAMED.length).equals(STREAMED)).toBe(true)
    expect(errorOf(() => unpack('zstd', ZSTD_STREAM, STREAMED.length - 1)).code).toBe(
      'CORRUPT_BATCH',
    )
  })

  it('reads several frames one after the other, and skippable ones', () => {
    const declared = compress('zstd', STREAMED)
    const skippable = Buffer.from('502a4d1803000000aabbcc', 'hex')
    const all = Buffer.concat([declared, ZSTD_STREAM, skippable, declared])
    expect(unpack('zstd', all).equals(Buffer.concat([STREAMED, STREAMED, STREAMED]))).toBe(true)
    expect(measureZstd(declared)).toEqual({ bytes: STREAMED.length, declared: true })
  })

  it('detects damage by its own checksum', () => {
    const damaged = Buffer.from(ZSTD_STREAM)
    damaged[damaged.length - 1]! ^= 1
    expect(errorOf(() => unpack('zstd', damaged)).code).toBe('CORRUPT_BATCH')
  })

  it('works on after errors and after growing', () => {
    for (let run = 0; run < 5; run += 1) {
      errorOf(() => unpack('zstd', ZSTD_STREAM.subarray(0, 50 + run)))
      expect(unpack('zstd', ZSTD_STREAM).equals(STREAMED)).toBe(true)
    }
    const large = Buffer.alloc(70_000_000, 'x')
    expect(unpack('zstd', compress('zstd', large), large.length).length).toBe(large.length)
    expect(unpack('zstd', ZSTD_STREAM).equals(STREAMED)).toBe(true)
  })
})

describe('levels and names', () => {
  it('pass through, and are refused out of range', () => {
    const text = Buffer.alloc(50_000, 'a level of compression ')
    expect(unpack('gzip', compress('gzip', text, 1)).equals(text)).toBe(true)
    expect(unpack('zstd', compress('zstd', text, 19)).equals(text)).toBe(true)
    for (const [codec, level] of [
      ['gzip', 0],
      ['gzip', 10],
      ['zstd', 23],
      ['zstd', 1.5],
    ] as const) {
      expect(errorOf(() => compress(codec, text, level)).code).toBe('INVALID_ARGUMENT')
    }
  })

  it('an unknown codec is named with what may be used', () => {
    const brotli = 'brotli' as CompressionName
    for (const run of [
      () => compress(brotli, Buffer.alloc(1)),
      () => unpack(brotli, Buffer.alloc(1)),
    ]) {
      const error = errorOf(run)
      expect(error.code).toBe('UNSUPPORTED_COMPRESSION')
      expect(error.message).toMatch(/brotli.*gzip, snappy, lz4 or zstd/)
    }
  })
})
