import { describe, expect, test } from 'vitest'
import { parseBootstrapList } from '../../../src/transport/cluster/bootstrap-list.js'

describe('bootstrap list', () => {
  test('host and port, default port, IPv6 in brackets, spaces, duplicates', () => {
    expect(
      parseBootstrapList([
        'localhost:9093',
        ' kafka.example.com ',
        '[::1]:9094',
        '[2001:db8::2]',
        '[fe80::1%eth0]:9095',
        'kafka.example.com:9092',
      ]),
    ).toEqual([
      { host: 'localhost', port: 9093 },
      { host: 'kafka.example.com', port: 9092 },
      { host: '::1', port: 9094 },
      { host: '2001:db8::2', port: 9092 },
      { host: 'fe80::1%eth0', port: 9095 },
    ])
  })

  const bad: readonly (readonly [unknown, RegExp])[] = [
    ['', /is empty: write host:port/],
    ['   ', /is empty/],
    [':9092', /write host:port/],
    ['kafka://localhost:9092', /without a scheme/],
    ['a:1,b:2', /each broker as an item of its own/],
    ['::1', /IPv6 address in brackets/],
    ['2001:db8::2:9092', /IPv6 address in brackets/],
    ['localhost:', /a number from 1 to 65535/],
    ['localhost:0', /a number from 1 to 65535/],
    ['localhost:65536', /a number from 1 to 65535/],
    ['localhost:http', /a number from 1 to 65535/],
    ['localhost:-1', /a number from 1 to 65535/],
    ['[::1]:x', /a number from 1 to 65535/],
    ['[not-ipv6]:9092', /write host:port/],
    ['local host:9092', /write host:port/],
    [9092, /must be a string, got number/],
    [null, /must be a string/],
  ]
  for (const [text, why] of bad) {
    test(`refuses ${JSON.stringify(text)} and names the item`, () => {
      const parse = () => parseBootstrapList(['fine:1', text as string])
      expect(parse).toThrow(why)
      expect(parse).toThrow(/^brokers\[1\] /)
      expect(parse).toThrow(expect.objectContaining({ code: 'INVALID_CONFIG' }))
    })
  }

  test('refuses no brokers', () => {
    expect(() => parseBootstrapList([])).toThrow(/^brokers must name at least one/)
    expect(() => parseBootstrapList('localhost:9092' as unknown as string[])).toThrow(/^brokers /)
  })
})
