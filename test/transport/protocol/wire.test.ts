import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WireReader } from '../../../src/transport/protocol/wire-reader.js'
import { uvarintSize, WireWriter } from '../../../src/transport/protocol/wire-writer.js'

const written = (write: (writer: WireWriter) => void): Buffer => {
  const writer = new WireWriter()
  write(writer)
  return writer.finish()
}

const hex = (write: (writer: WireWriter) => void): string => written(write).toString('hex')
const reader = (text: string): WireReader => new WireReader(Buffer.from(text, 'hex'))
const int64s = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })

describe('varints', () => {
  it.each([
    [0, '00'],
    [127, '7f'],
    [128, '8001'],
    [300, 'ac02'],
    [2 ** 31, '8080808008'],
    [2 ** 32 - 1, 'ffffffff0f'],
  ])('uvarint %i is %s', (value, bytes) => {
    expect(hex((w) => w.uvarint(value))).toBe(bytes)
    expect(reader(bytes).uvarint()).toBe(value)
    expect(uvarintSize(value)).toBe(bytes.length / 2)
  })

  // Zigzag, as in Protocol Buffers and Kafka's ByteUtils.
  it.each([
    [0, '00'],
    [-1, '01'],
    [1, '02'],
    [-64, '7f'],
    [64, '8001'],
    [2 ** 31 - 1, 'feffffff0f'],
    [-(2 ** 31), 'ffffffff0f'],
  ])('varint and varlong %i are %s', (value, bytes) => {
    expect(hex((w) => w.varint(value))).toBe(bytes)
    expect(hex((w) => w.varlong(BigInt(value)))).toBe(bytes)
    expect(reader(bytes).varint()).toBe(value)
    expect(reader(bytes).varlong()).toBe(BigInt(value))
  })

  it('come back, all of them', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(2 ** 32 - 1), int64s, (signed, unsigned, long) => {
        const bytes = written((w) => {
          w.varint(signed)
          w.uvarint(unsigned)
          w.varlong(long)
        })
        const r = new WireReader(bytes)
        expect([r.varint(), r.uvarint(), r.varlong(), r.remaining]).toEqual([
          signed,
          unsigned,
          long,
          0,
        ])
      }),
    )
  })

  it.each(['ffffffff10', 'ffffffff8f00', '8080'])('uvarint %s is refused', (bytes) => {
    expect(() => reader(bytes).uvarint()).toThrow(
      expect.objectContaining({ code: 'MALFORMED_MESSAGE' }),
    )
  })

  it.each(['ffffffffffffffffff02', 'ffffffffffffffffff8001'])('varlong %s is refused', (bytes) => {
    expect(() => reader(bytes).varlong()).toThrow('longer than 64 bits')
  })
})

describe('numbers', () => {
  it('int64 comes back as number and as bigint', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), int64s, (offset, long) => {
        const bytes = written((w) => {
          w.offset(offset)
          w.int64(long)
        })
        expect(bytes.readBigInt64BE(0)).toBe(BigInt(offset))
        const r = new WireReader(bytes)
        expect([r.offset(), r.int64()]).toEqual([offset, long])
      }),
    )
  })

  it('an int64 is a number exactly if it is a safe one', () => {
    const near = fc
      .tuple(fc.constantFrom(2n ** 53n, -(2n ** 53n)), fc.bigInt(-3n, 3n))
      .map(([edge, step]) => edge + step)
    fc.assert(
      fc.property(fc.oneof(near, int64s), (value) => {
        const bytes = written((w) => w.int64(value))
        const read = () => new WireReader(bytes).offset()
        if (Number.isSafeInteger(Number(value))) expect(read()).toBe(Number(value))
        else expect(read).toThrow(expect.objectContaining({ code: 'NUMBER_OUT_OF_RANGE' }))
      }),
    )
  })

  it('a float64 comes back', () => {
    fc.assert(
      fc.property(fc.double(), (value) => {
        expect(new WireReader(written((w) => w.float64(value))).float64()).toBe(value)
      }),
    )
  })

  const refused: readonly (readonly [string, (w: WireWriter) => void, string])[] = [
    ['int8 128', (w) => w.int8(128), 'NUMBER_OUT_OF_RANGE'],
    ['int16 -32769', (w) => w.int16(-32_769), 'NUMBER_OUT_OF_RANGE'],
    ['int32 2^31', (w) => w.int32(2 ** 31), 'NUMBER_OUT_OF_RANGE'],
    ['int32 0.5', (w) => w.int32(0.5), 'NUMBER_OUT_OF_RANGE'],
    ['int32 NaN', (w) => w.int32(Number.NaN), 'NUMBER_OUT_OF_RANGE'],
    ['uvarint -1', (w) => w.uvarint(-1), 'NUMBER_OUT_OF_RANGE'],
    ['int64 2^63', (w) => w.int64(2n ** 63n), 'NUMBER_OUT_OF_RANGE'],
    ['offset 2^53', (w) => w.offset(2 ** 53), 'NUMBER_OUT_OF_RANGE'],
    ['a long string', (w) => w.string('x'.repeat(32_768)), 'INVALID_ARGUMENT'],
    ['a long compact string', (w) => w.compactString('é'.repeat(16_384)), 'INVALID_ARGUMENT'],
    ['a uuid of 21 characters', (w) => w.uuid('A'.repeat(21)), 'INVALID_ARGUMENT'],
    ['a uuid in base64', (w) => w.uuid(`${'A'.repeat(21)}+`), 'INVALID_ARGUMENT'],
    ['a missing string', (w) => w.string(undefined as unknown as string), 'INVALID_ARGUMENT'],
    ['a bigint as int32', (w) => w.int32(1n as unknown as number), 'NUMBER_OUT_OF_RANGE'],
    ['a string as int64', (w) => w.int64('1' as unknown as bigint), 'INVALID_ARGUMENT'],
    ['a string as bytes', (w) => w.byteString('1' as unknown as Buffer), 'INVALID_ARGUMENT'],
    ['1 as bool', (w) => w.bool(1 as unknown as boolean), 'INVALID_ARGUMENT'],
  ]

  it.each(refused)('%s is not written', (_what, write, code) => {
    expect(() => written(write)).toThrow(expect.objectContaining({ code }))
  })
})

describe('growing and referencing', () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array)),
    fc.integer({ min: 1000, max: 40_000 }).map((size) => Buffer.alloc(size, size)),
  )

  it('writes pieces of any size, nested or not, in their order', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(piece, fc.boolean()), { maxLength: 12 }), (pieces) => {
        const write = (w: WireWriter) => {
          for (const [bytes, nested] of pieces) {
            if (nested) w.sized(() => w.sized(() => w.raw(bytes)))
            else w.byteString(bytes)
          }
          w.int32(-7)
        }
        const whole = written(write)
        const r = new WireReader(whole)
        for (const [bytes, nested] of pieces) {
          if (nested) expect(r.uvarint()).toBe(bytes.length + uvarintSize(bytes.length))
          const back = nested ? r.raw(r.uvarint()) : r.byteString()
          expect(back?.equals(bytes)).toBe(true)
        }
        expect([r.int32(), r.remaining]).toEqual([-7, 0])
        const parts = new WireWriter()
        write(parts)
        expect(parts.length).toBe(whole.length)
        expect(Buffer.concat(parts.finishParts()).equals(whole)).toBe(true)
      }),
      { numRuns: 50 },
    )
  })

  it('the parts stay as they are while the next message is written', () => {
    const first = new WireWriter()
    first.int32(1)
    const parts = first.finishParts()
    const second = new WireWriter()
    second.int32(2)
    second.finish()
    expect(Buffer.concat(parts).toString('hex')).toBe('00000001')
  })
})
