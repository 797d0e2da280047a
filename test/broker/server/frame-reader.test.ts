import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameReader } from '../../../src/broker/server/frame-reader.js'

const framed = (frame: Buffer): Buffer => {
  const size = Buffer.alloc(4)
  size.writeInt32BE(frame.length)
  return Buffer.concat([size, frame])
}

const reader = (): FrameReader => new FrameReader({ least: 1, most: 100 * 1024 * 1024 })

describe('FrameReader', () => {
  it('gives the same frames however the bytes are cut, and never writes into one again', () => {
    const frames = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 12 })
    const cuts = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 30 })
    const takes = fc.infiniteStream(fc.boolean())
    fc.assert(
      fc.property(frames, cuts, takes, (wanted, sizes, take) => {
        const stream = Buffer.concat(wanted.map((frame) => framed(Buffer.from(frame))))
        const frameReader = reader()
        const found: Buffer[] = []
        const drain = (): void => {
          for (let frame = frameReader.next(); frame !== undefined; frame = frameReader.next()) {
            if (!Buffer.isBuffer(frame)) throw new Error('a good size was refused')
            found.push(frame)
          }
        }
        for (let at = 0, i = 0; at < stream.length; i++) {
          const end = Math.min(stream.length, at + sizes[i % sizes.length]!)
          // Each chunk has its own memory, as a socket gives it.
          frameReader.push(Buffer.from(stream.subarray(at, end)))
          at = end
          if (take.next().value) drain()
        }
        drain()
        expect(frameReader.pendingBytes).toBe(0)
        expect(found.map((frame) => frame.toString('hex'))).toEqual(
          wanted.map((frame) => Buffer.from(frame).toString('hex')),
        )
      }),
    )
  })

  it.each([-1, 0, 7, 1001, 0x7fff_ffff, -0x8000_0000])('refuses size %i at once', (size) => {
    const frameReader = new FrameReader({ least: 8, most: 1000 })
    const bytes = Buffer.alloc(6)
    bytes.writeInt32BE(size)
    frameReader.push(bytes)
    expect(frameReader.next()).toMatchObject({ size, start: bytes })
  })

  it('holds no more than twice what has arrived, whatever size is claimed', () => {
    const frameReader = reader()
    const size = Buffer.alloc(4)
    size.writeInt32BE(100 * 1024 * 1024)
    const before = process.memoryUsage().arrayBuffers
    frameReader.push(size)
    for (let i = 0; i < 64; i++) {
      frameReader.push(Buffer.alloc(1024))
      expect(frameReader.next()).toBeUndefined()
    }
    expect(frameReader.pendingBytes).toBe(4 + 64 * 1024)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * 1024 * 1024)
  })

  it('a frame that came in one chunk is a view of it', () => {
    const chunk = framed(Buffer.from('whole'))
    const frameReader = reader()
    frameReader.push(chunk)
    const frame = frameReader.next() as Buffer
    expect(frame.buffer).toBe(chunk.buffer)
    expect(frame.toString()).toBe('whole')
  })
})
