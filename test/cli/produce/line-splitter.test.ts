import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LineSplitter } from '../../../src/cli/produce/line-splitter.js'

const split = (chunks: readonly Buffer[]): Buffer[] => {
  const splitter = new LineSplitter()
  return [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.end()]
}

describe('line splitter', () => {
  it('keeps empty lines and carriage returns, and a last line without a line end', () => {
    const lines = split([Buffer.from('a\n\nb\r\nlast')]).map(String)
    expect(lines).toEqual(['a', '', 'b\r', 'last'])
    expect(split([Buffer.from('a\n')]).map(String)).toEqual(['a'])
    expect(split([])).toEqual([])
  })

  it('gives the same lines however the bytes come in chunks', () => {
    const byte = fc.oneof(fc.constant(0x0a), fc.integer({ min: 0, max: 255 }))
    const chunks = fc.array(fc.array(byte, { maxLength: 12 }).map((bytes) => Buffer.from(bytes)))
    fc.assert(
      fc.property(chunks, (some) => {
        const whole = Buffer.concat(some)
        const lines = split(some)
        expect(lines).toEqual(split([whole]))
        const isEnded = whole.at(-1) === 0x0a
        const joined = lines.flatMap((line) => [line, Buffer.from('\n')])
        const end = isEnded ? joined.length : joined.length - 1
        expect(Buffer.concat(joined.slice(0, Math.max(0, end)))).toEqual(whole)
      }),
    )
  })
})
