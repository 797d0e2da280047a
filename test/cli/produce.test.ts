import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  cli,
  cliOk,
  jsonLines,
  oneErrorLine,
  type RunningBroker,
  startBroker,
  startCli,
} from './fixtures/cli.js'

let broker: RunningBroker
let at: string[]

beforeAll(async () => {
  const topics = ['bulk:4', 'keys:4', 'one:3', 'bytes', 'big', 'codecs', 'typed', 'acks']
  broker = await startBroker(...topics.flatMap((topic) => ['--topic', topic]))
  at = ['-b', broker.address]
})
afterAll(() => broker.process.stop())

const read = (topic: string, ...args: readonly string[]): Promise<string> =>
  cliOk(['consume', topic, '-e', ...at, ...args])

describe('streambus produce of a large file', () => {
  it('writes 100,000 lines in well under 5 s, each once, in order within its partition', async () => {
    const text = 'of the size that lines in logs have, about a hundred bytes, more or less so'
    const lines = Array.from({ length: 100_000 }, (_, n) => `${String(n).padStart(6, '0')} ${text}`)
    const stdin = `${lines.join('\n')}\n`
    const { code, stderr } = await cli(['produce', 'bulk', ...at], { stdin, timeoutMs: 5_000 })
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'streambus: topic bulk: 100000 lines acknowledged\n',
    })
    const found = (await read('bulk', '-f', '%p %s\\n')).trimEnd().split('\n')
    expect(found.map((line) => line.slice(2)).toSorted()).toEqual(lines)
    for (const partition of ['0', '1', '2', '3']) {
      const own = found.filter((line) => line.startsWith(partition))
      expect(own).toEqual(own.toSorted())
    }
  })
})

describe.concurrent('streambus produce', () => {
  it('splits keys, keeps empty lines, and sends lines of one key to one partition', async () => {
    const stdin = 'ann:1\nbob:2:3\nann:4\nno key\n\n:empty\nlast:without line end'
    await cliOk(['produce', 'keys', '-K', ':', ...at], { stdin })
    const found = (await read('keys', '-f', '%p|%K|%k|%s\\n')).trimEnd().split('\n')
    const [first, second] = found.filter((line) => line.includes('|ann|'))
    expect([first?.slice(1), second?.slice(1)]).toEqual(['|3|ann|1', '|3|ann|4'])
    expect(first?.[0]).toBe(second?.[0])
    expect(found.map((line) => line.slice(2)).toSorted()).toEqual(
      ['-1|||'.slice(0, 4), '-1||no key', '0||empty', '3|ann|1', '3|ann|4', '3|bob|2:3']
        .concat('4|last|without line end')
        .toSorted(),
    )
  })

  it('writes to one partition with -p, and refuses one that is not there', async () => {
    await cliOk(['produce', 'one', '-p', '2', ...at], { stdin: 'a\nb\n' })
    expect(await read('one', '-f', '%p%s ')).toBe('2a 2b ')
    const { code, stderr } = await cli(['produce', 'one', '-p', '7', ...at], { stdin: 'a\n' })
    expect(code).toBe(2)
    expect(oneErrorLine(stderr)).toMatch(/line 1: .*one.*7.*\(INVALID_ARGUMENT\)/)
  })

  it('keeps bytes that are no text', async () => {
    const bytes = Buffer.from([0xff, 0xfe, 0x00, 0x0d, 0x09, 0xc3, 0x28, 0x0a])
    await cliOk(['produce', 'bytes', '-K', '\\t', ...at], { stdin: bytes })
    expect(jsonLines(await read('bytes', '--json'))).toMatchObject([
      { keyBase64: '//4ADQ==', valueBase64: 'wyg=' },
    ])
  })

  it('compresses with each codec', async () => {
    for (const codec of ['gzip', 'snappy', 'lz4', 'zstd']) {
      await cliOk(['produce', 'codecs', '-z', codec, ...at], { stdin: `${codec}\n`.repeat(50) })
    }
    const expected = ['gzip', 'snappy', 'lz4', 'zstd'].map((codec) => `${codec}\n`.repeat(50))
    expect(await read('codecs')).toBe(expected.join(''))
  })

  it('tells the account as JSON on stdout', async () => {
    const args = ['produce', 'acks', ...at, '--json', '--acks']
    const [leader, nobody] = await Promise.all(
      ['1', '0'].map((acks) => cliOk([...args, acks], { stdin: 'a\nb\n' })),
    )
    const expected = { event: 'produced', topic: 'acks', acknowledged: 2, failed: 0 }
    expect(jsonLines(leader!)).toEqual([expected])
    expect(jsonLines(nobody!)).toEqual([expected])
  })
})

describe.concurrent('a line that cannot be written', () => {
  it('is named with its number when it is too large, and the others are accounted for', async () => {
    const stdin = `one\ntwo\n${'x'.repeat(1_200_000)}\nfour\n`
    const { code, stderr } = await cli(['produce', 'big', ...at], { stdin })
    expect(code).toBe(1)
    const line = oneErrorLine(stderr)
    const match =
      /^streambus: line 3: .*big.* \((\d+) lines acknowledged, 1 failed, no line after \d+ sent\) \(RECORD_TOO_LARGE\)$/
    expect(line).toMatch(match)
    const acknowledged = Number(match.exec(line)?.[1])
    expect((await read('big')).trimEnd().split('\n')).toHaveLength(acknowledged)
  })

  it('is not read for ever when the input has no line ends', async () => {
    const stdin = Buffer.alloc(20 * 1024 * 1024, 'x')
    const { code, stderr } = await cli(['produce', 'big', ...at], { stdin })
    expect(code).toBe(1)
    expect(oneErrorLine(stderr)).toContain('line 1 is longer than')
  })

  it('ends with 3 when the topic does not exist, although stdin stays open', async () => {
    const producing = await startCli(['produce', 'nothing', ...at])
    producing.stdin.write('x\n')
    expect((await producing.exited).code).toBe(3)
    expect(oneErrorLine(producing.stderr.items.join('\n'))).toMatch(/line 1: .*\(UNKNOWN_TOPIC\)$/)
  })
})

describe.concurrent('an interrupted produce', () => {
  it('at Ctrl+C waits for what was sent, tells the account and ends with 130', async () => {
    const producing = await startCli(['produce', 'typed', ...at])
    producing.stdin.write('first\nsecond\nnot ended')
    const reading = await cliOk(['consume', 'typed', '-c', '2', ...at])
    expect(reading).toBe('first\nsecond\n')
    expect((await producing.stop('SIGINT')).code).toBe(130)
    expect(producing.stderr.items).toEqual(['streambus: topic typed: 2 lines acknowledged'])
  })

  it('tries again for --timeout when the broker is gone, then ends with 4', async () => {
    const gone = await startBroker('--topic', 'events')
    const there = ['-b', gone.address]
    const producing = await startCli(['produce', 'events', '--timeout', '1500', ...there])
    producing.stdin.write('first\n')
    await cliOk(['consume', 'events', '-c', '1', ...there])
    await gone.process.stop('SIGKILL')
    producing.stdin.write('second\n')
    expect((await producing.exited).code).toBe(4)
    expect(oneErrorLine(producing.stderr.items.join('\n'))).toMatch(
      /line 2: .*1 lines acknowledged, 1 failed.*\((BROKER_UNREACHABLE|REQUEST_TIMED_OUT)\)$/,
    )
  })
})
