import { describe, expect, it } from 'vitest'
import { recordFormat } from '../../../src/cli/consume/record-format.js'
import { jsonFormat } from '../../../src/cli/consume/record-json.js'
import type { ConsumerRecord } from '../../../src/domain/record.js'

const record = (given: Partial<ConsumerRecord> = {}): ConsumerRecord => {
  const made: ConsumerRecord = {
    topic: 'events',
    partition: 3,
    offset: 42,
    key: Buffer.from('clé'),
    value: Buffer.from('hello'),
    headers: [
      ['trace', Buffer.from('abc')],
      ['empty', null],
    ],
    timestampMs: 1_700_000_000_123,
    copy: () => made,
    ...given,
  }
  return made
}

const shown = (format: string, given: Partial<ConsumerRecord> = {}): Buffer => {
  const chunks: Uint8Array[] = []
  recordFormat(format)(record(given), chunks)
  return Buffer.concat(chunks)
}

describe('record format', () => {
  it.each([
    ['%s\\n', 'hello\n'],
    ['%t %p %o', 'events 3 42'],
    ['%k=%s', 'clé=hello'],
    ['%K %S', '4 5'],
    ['%T', '1700000000123'],
    ['%h', 'trace=abc,empty=NULL'],
    ['100%% %s%%', '100% hello%'],
    ['a\\tb\\r\\n\\\\n\\x41', 'a\tb\r\n\\nA'],
    ['ü%sü', 'ühelloü'],
    ['no letters', 'no letters'],
    ['', ''],
  ])('%j', (format, expected) => {
    expect(shown(format).toString()).toBe(expected)
  })

  it('shows a null key or value as nothing, and its length as -1', () => {
    expect(shown('[%k|%s|%K|%S]', { key: null, value: null }).toString()).toBe('[||-1|-1]')
  })

  it('does not decode: any bytes pass, also \\xHH in the format', () => {
    const value = Buffer.from([0xff, 0x00, 0xc3, 0x28])
    expect(shown('\\xfe%s', { value })).toEqual(Buffer.concat([Buffer.from([0xfe]), value]))
  })

  it('names a letter that means nothing', () => {
    expect(() => recordFormat('%s %q')).toThrow("format '%s %q' has %q: use %t %p")
    expect(() => recordFormat('50%')).toThrow('a lone % at the end')
  })
})

describe('record as JSON', () => {
  const json = (given: Partial<ConsumerRecord>): unknown => {
    const chunks: Uint8Array[] = []
    jsonFormat(record(given), chunks)
    return JSON.parse(Buffer.concat(chunks).toString())
  }

  it('keeps null apart from empty, and what is not UTF-8 as base64', () => {
    const value = Buffer.from([0xff, 0x01])
    expect(json({ key: Buffer.alloc(0), value })).toEqual({
      topic: 'events',
      partition: 3,
      offset: 42,
      timestampMs: 1_700_000_000_123,
      key: '',
      valueBase64: '/wE=',
      headers: [
        { name: 'trace', value: 'abc' },
        { name: 'empty', value: null },
      ],
    })
    expect(json({ key: null })).toMatchObject({ key: null, value: 'hello' })
  })
})
