import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { cli, cliOk, oneErrorLine } from './fixtures/cli.js'

const usageError = async (...args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await cli(args)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  return oneErrorLine(stderr)
}

describe.concurrent('streambus', () => {
  it('prints its help without a command, and with --help', async () => {
    const help = await cliOk([])
    expect(help).toMatch(/^Usage: streambus /)
    for (const command of [
      'broker',
      'topic',
      'produce',
      'consume',
      'group',
      'simulate',
      'replay',
    ]) {
      expect(help).toMatch(new RegExp(`^  ${command} `, 'm'))
    }
    expect(await cliOk(['--help'])).toBe(help)
    expect(help).not.toMatch(/inspect|assign/)
  })

  it('prints the help of each command, with examples and the global options', async () => {
    const commands = [
      'broker',
      'produce',
      'consume',
      'topic create',
      'group reset-offsets',
      'simulate',
      'replay',
    ]
    const helps = await Promise.all(
      commands.map((command) => cliOk([...command.split(' '), '--help'])),
    )
    for (const [at, help] of helps.entries()) {
      expect(help).toContain(`Usage: streambus ${commands[at]}`)
      expect(help).toContain('--brokers')
      expect(help).toContain(`$ streambus ${commands[at]}`)
    }
  })

  it('prints its version', async () => {
    const { version } = createRequire(import.meta.url)('streambus/package.json')
    expect(await cliOk(['--version'])).toBe(`${version}\n`)
  })
})

describe.concurrent('a wrong command line', () => {
  it.each([
    [['consme'], "unknown command 'consme' (Did you mean consume?)"],
    [['consume', 'events', '--brokrs', 'x'], "unknown option '--brokrs' (Did you mean --brokers?)"],
    [['consume'], "missing required argument 'topic'"],
    [['consume', 'events', 'more'], 'too many arguments'],
    [['consume', 'events', '-c', 'many'], 'Expected a whole number of at least 1'],
    [['consume', 'events', '-p', '-1'], 'Expected a whole number'],
    [['broker', '--port', '70000'], 'Expected a whole number 0 to 65535'],
    [['broker', '--topic', 'a:b:c'], 'Expected NAME or NAME:PARTITIONS'],
    [['broker', '--topic', 'a:2', '--topic', 'a:3'], '--topic a is given with 2 and 3 partitions'],
    [['broker', '--advertise', 'nowhere'], "advertise must be HOST:PORT, not 'nowhere'"],
    [['broker', '--fsync'], 'fsync needs a dataDir'],
    [['produce', 'events', '-z', 'rar'], 'Allowed choices are none, gzip, snappy, lz4, zstd'],
    [['produce', 'events', '-K', ''], '-K: the delimiter must not be empty'],
    [['consume', 'events', '-G', 'g', '-p', '1'], '-G and -p exclude each other'],
    [['consume', 'events', '-G', 'g', '-o', '5'], 'group reset-offsets'],
    [['consume', 'events', '-o', 'middle'], 'expected beginning, end or an offset'],
    [['consume', 'events', '--strategy', 'range'], '--strategy needs -G'],
    [['consume', 'events', '--json', '-f', '%s'], '--json and -f exclude each other'],
    [['consume', 'events', '-f', '%q'], 'has %q: use %t'],
    [['consume', 'events', '--timeout', '0'], 'Expected a whole number'],
    [['topic'], 'name a command'],
    [['topic', 'list', '-b', 'localhost:port'], 'localhost:port'],
  ])('streambus %j says: %s', async (args, expected) => {
    expect(await usageError(...args)).toContain(expected)
  })

  it('names a wrong $LOG_LEVEL', async () => {
    const { code, stderr } = await cli(['broker'], { env: { LOG_LEVEL: 'loud' } })
    expect(code).toBe(2)
    expect(oneErrorLine(stderr)).toContain("$LOG_LEVEL is 'loud': choose one of debug, info")
  })

  it('is told as JSON under --log json', async () => {
    const { code, stderr } = await cli(['--log', 'json', 'consume'])
    expect(code).toBe(2)
    expect(JSON.parse(stderr)).toMatchObject({ level: 'error', code: 'USAGE' })
  })
})

describe.concurrent('no broker there', () => {
  it.each([
    ['consume', 'events'],
    ['produce', 'events'],
    ['topic', 'list'],
    ['group', 'list'],
  ])('%s %s ends with 4, names the address and what to do', async (...args) => {
    const { code, stderr } = await cli([...args, '-b', '127.0.0.1:1', '--timeout', '300'])
    expect(code).toBe(4)
    expect(oneErrorLine(stderr)).toMatch(
      /127\.0\.0\.1:1: connection refused; .*npx --no-install streambus broker \(BROKER_UNREACH/,
    )
  })

  it('takes the brokers from the environment, and -b before it', async () => {
    const args = ['topic', 'list', '--timeout', '200']
    const unreachable = async (env: NodeJS.ProcessEnv, ...more: string[]): Promise<string> => {
      const { code, stderr } = await cli([...more, ...args], { env })
      expect(code).toBe(4)
      return oneErrorLine(stderr)
    }
    const kafka = { KAFKA_BROKERS: '127.0.0.1:1' }
    expect(await unreachable(kafka)).toContain('127.0.0.1:1:')
    const both = { ...kafka, STREAMBUS_BROKERS: '127.0.0.1:2, 127.0.0.1:3' }
    expect(await unreachable(both)).toMatch(/127\.0\.0\.1:2:.*127\.0\.0\.1:3:/)
    expect(await unreachable(both, '--brokers', '127.0.0.1:4')).toContain('127.0.0.1:4:')
  })
})
