import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FrameReader } from '../../../src/transport/tcp/frame-reader.js'
import { chunked, cuts } from '../fixtures/chunks.js'

const framed = (payload: Uint8Array): Buffer => {
  const size = Buffer.alloc(4)
  size.writeInt32BE(payload.length)
  return Buffer.concat([size, payload])
}

const collect = (maxBytes = 1 << 20) => {
  const frames: Buffer[] = []
  const bad: number[] = []
  const reader = new FrameReader(maxBytes, {
    onFrame: (frame) => frames.push(frame) > 0,
    onBadSize: (size) => bad.push(size),
  })
  return { frames, bad, reader }
}

describe('frame reader', () => {
  test('one byte at a time', () => {
    const { frames, reader } = collect()
    const payloads = [Buffer.from('first'), Buffer.alloc(0), Buffer.from('third')]
    for (const byte of Buffer.concat(payloads.map(framed))) reader.push(Buffer.from([byte]))
    expect(frames).toEqual(payloads)
  })

  test('property: any chunking gives the same frames', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }),
        cuts,
        (payloads, where) => {
          const { frames, bad, reader } = collect()
          for (const chunk of chunked(Buffer.concat(payloads.map(framed)), where)) {
            reader.push(chunk)
          }
          expect(frames.map((frame) => [...frame])).toEqual(payloads.map((each) => [...each]))
          expect(bad).toEqual([])
        },
      ),
    )
  })

  test('a size below zero or above the limit ends the reading', () => {
    for (const size of [-1, -2_147_483_648, 1001, 0x7fff_ffff]) {
      const { frames, bad, reader } = collect(1000)
      const head = Buffer.alloc(4)
      head.writeInt32BE(size)
      reader.push(Buffer.concat([framed(Buffer.from('fine')), head, Buffer.from('junk')]))
      reader.push(framed(Buffer.from('never seen')))
      expect(frames.map(String)).toEqual(['fine'])
      expect(bad).toEqual([size])
    }
  })

  test('a frame of exactly the limit is fine', () => {
    const { frames, bad, reader } = collect(1000)
    reader.push(framed(Buffer.alloc(1000)))
    expect([frames.length, bad.length]).toEqual([1, 0])
  })

  test('a listener may end the reading between two frames of a chunk', () => {
    const seen: string[] = []
    const reader = new FrameReader(1000, {
      onFrame: (frame) => seen.push(String(frame)) < 1,
      onBadSize: () => {},
    })
    reader.push(Buffer.concat([framed(Buffer.from('a')), framed(Buffer.from('b'))]))
    expect(seen).toEqual(['a'])
  })

  test('a chunk that arrives while a frame is being handled comes after the rest', () => {
    const seen: string[] = []
    const reader = new FrameReader(1000, {
      onFrame: (frame) => {
        if (seen.push(String(frame)) === 1) reader.push(framed(Buffer.from('c')))
        return true
      },
      onBadSize: () => {},
    })
    reader.push(Buffer.concat([framed(Buffer.from('a')), framed(Buffer.from('b'))]))
    expect(seen).toEqual(['a', 'b', 'c'])
  })

  test('a large frame shares its chunk, a small one does not pin it', () => {
    const { frames, reader } = collect()
    const large = Buffer.concat([framed(Buffer.alloc(60_000)), framed(Buffer.from('small'))])
    const chunk = Buffer.from(large.buffer.slice(large.byteOffset, large.byteOffset + large.length))
    reader.push(chunk)
    expect(frames[0]!.buffer).toBe(chunk.buffer)
    expect(frames[1]!.buffer.byteLength).toBe(5)
  })

  test('a frame over several chunks is one buffer of its own size', () => {
    const { frames, reader } = collect()
    const bytes = framed(Buffer.alloc(100_000, 7))
    reader.push(bytes.subarray(0, 65_536))
    reader.push(bytes.subarray(65_536))
    expect(frames[0]).toEqual(Buffer.alloc(100_000, 7))
    expect(frames[0]!.buffer.byteLength).toBe(100_000)
  })
})
