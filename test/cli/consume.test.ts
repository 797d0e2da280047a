import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Spawned } from '../interop/fixtures/spawned.js'
import { run } from '../interop/fixtures/spawned.js'
import { Watched } from '../interop/fixtures/watched.js'
import {
  cli,
  cliOk,
  jsonLines,
  mainFile,
  oneErrorLine,
  type RunningBroker,
  startBroker,
  startCli,
} from './fixtures/cli.js'

let broker: RunningBroker
let at: string[]

beforeAll(async () => {
  const topics = [
    'letters:2',
    'numbers',
    'live',
    'shared:4',
    'piped:2',
    'stalled',
    'kept',
    'empty:2',
    'held:2',
  ]
  broker = await startBroker(...topics.flatMap((topic) => ['--topic', topic]))
  at = ['-b', broker.address]
  await produce('letters', 'a\nb\nc\n', '-p', '0')
  await produce('letters', 'key=value\n', '-p', '1', '-K', '=')
  await produce('numbers', '0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n')
})
afterAll(() => broker.process.stop())

const produce = (topic: string, stdin: string, ...args: readonly string[]): Promise<string> =>
  cliOk(['produce', topic, ...at, ...args], { stdin })

const consume = (topic: string, ...args: readonly string[]): Promise<string> =>
  cliOk(['consume', topic, ...at, ...args])

/** What a group has not committed, read by joining it. */
const uncommitted = (topic: string, group: string): Promise<string> =>
  consume(topic, '-G', group, '-e')

/** With a heartbeat each second, so that rebalances are noticed soon. */
const session = ['--session-timeout', '3000']

const startMember = async (topic: string, group: string, ...args: readonly string[]) => {
  const member = await startCli(['consume', topic, '-G', group, ...at, ...session, ...args])
  await member.stderr.first((line) => / assigned /.test(line), { what: `${group} to be joined` })
  return member
}

/** Its last rebalance gave it so many partitions. */
const assignedTo = async (member: Spawned, partitions: number): Promise<void> => {
  const isSo = (lines: readonly string[]): boolean => {
    const last = lines.findLast((line) => /: (assigned|revoked|lost) /.test(line)) ?? ''
    return /: assigned ([^;]+)/.exec(last)?.[1]?.split(', ').length === partitions
  }
  await member.stderr.until(isSo, { what: `${partitions} partitions` })
}

describe.concurrent('streambus consume, without a group', () => {
  it('prints what there is in all partitions and stops at the end with -e', async () => {
    const lines = (await consume('letters', '-e')).trimEnd().split('\n')
    expect(lines.toSorted()).toEqual(['a', 'b', 'c', 'value'])
    expect(await consume('empty', '-e')).toBe('')
  })

  it('reads one partition with -p, from -o, -c records', async () => {
    expect(await consume('letters', '-p', '0', '-e')).toBe('a\nb\nc\n')
    expect(await consume('numbers', '-o', '7', '-e')).toBe('7\n8\n9\n')
    expect(await consume('numbers', '-o', '7', '-c', '2')).toBe('7\n8\n')
    expect(await consume('numbers', '-o', 'end', '-e')).toBe('')
    expect(await consume('numbers', '-o', '10', '-e')).toBe('')
  })

  it('prints kcat formats, and JSON', async () => {
    const format = '%t/%p@%o %k(%K)=%s(%S)\\t%h%%\\n'
    expect(await consume('letters', '-p', '1', '-e', '-f', format)).toBe(
      'letters/1@0 key(3)=value(5)\t%\n',
    )
    const [record] = jsonLines(await consume('letters', '-p', '1', '-e', '--json'))
    const { timestampMs, ...rest } = record!
    expect(timestampMs).toBeGreaterThan(1_700_000_000_000)
    const where = { topic: 'letters', partition: 1, offset: 0 }
    expect(rest).toEqual({ ...where, key: 'key', value: 'value', headers: [] })
  })

  it('prints what comes while it waits, and ends at Ctrl+C with 130', async () => {
    const reading = await startCli(['consume', 'live', ...at])
    await produce('live', 'one\ntwo\n')
    await reading.stdout.first((line) => line === 'two')
    await produce('live', 'three\n')
    await reading.stdout.first((line) => line === 'three')
    expect((await reading.stop('SIGINT')).code).toBe(130)
    expect(reading.stdout.items).toEqual(['one', 'two', 'three'])
    expect(reading.stderr.items).toEqual([])
  })

  it('ends with 143 at SIGTERM', async () => {
    const reading = await startCli(['consume', 'numbers', ...at])
    await reading.stdout.first((line) => line === '9')
    expect((await reading.stop('SIGTERM')).code).toBe(143)
  })

  it('ends with 3 for a topic or partition that is not there', async () => {
    for (const args of [['nothing'], ['nothing', '-p', '0'], ['letters', '-p', '2']]) {
      const { code, stderr } = await cli(['consume', ...args, ...at])
      expect(code).toBe(3)
      expect(oneErrorLine(stderr)).toMatch(/(nothing|partitions 0 to 1, not 2).*\(UNKNOWN_TOPIC\)$/)
    }
  })

  it('ends with 1 at an offset that is not there, said once', async () => {
    const { code, stderr } = await cli(['consume', 'numbers', '-o', '5000', ...at])
    expect(code).toBe(1)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(oneErrorLine(stderr)).toMatch(/numbers-0: offset 5000 .*\(OFFSET_OUT_OF_RANGE\)$/)
  })

  it('ends with 4 when nothing came within --timeout', async () => {
    const { code, stdout, stderr } = await cli(['consume', 'numbers', '--timeout', '700', ...at])
    expect({ code, last: stdout.slice(-4) }).toEqual({ code: 4, last: '8\n9\n' })
    expect(oneErrorLine(stderr)).toContain('no record came within 700 ms')
  })

  it('with --timeout says that the broker is gone', async () => {
    const gone = await startBroker('--topic', 'events')
    const there = ['-b', gone.address]
    await cliOk(['produce', 'events', ...there], { stdin: 'x\n' })
    const reading = await startCli(['consume', 'events', '--timeout', '1500', ...there])
    await reading.stdout.first((line) => line === 'x')
    await gone.process.stop('SIGKILL')
    expect((await reading.exited).code).toBe(4)
    expect(oneErrorLine(reading.stderr.items.join('\n'))).toContain(gone.address)
  })
})

describe.concurrent('streambus consume -G', () => {
  it('commits what it wrote: the next member goes on behind it', async () => {
    const stdin = Array.from({ length: 40 }, (_, n) => `${n}\n`)
    await produce('kept', stdin.join(''))
    expect(await consume('kept', '-G', 'counted', '-c', '15')).toBe(stdin.slice(0, 15).join(''))
    expect(await uncommitted('kept', 'counted')).toBe(stdin.slice(15).join(''))
    expect(await uncommitted('kept', 'counted')).toBe('')
  })

  it('shares partitions, tells rebalances, and commits and leaves at Ctrl+C', async () => {
    const first = await startMember('shared', 'sharers')
    await assignedTo(first, 4)
    const second = await startMember('shared', 'sharers', '--json')
    await Promise.all([assignedTo(first, 2), assignedTo(second, 2)])
    expect(first.stderr.items.some((line) => line.includes(': revoked shared-0, '))).toBe(true)
    const lines = Array.from({ length: 200 }, (_, n) => `${n}`)
    await produce('shared', lines.map((line) => `${line}:${line}\n`).join(''), '-K', ':')
    const values = new Watched<string>('values of both members')
    first.stdout.follow((line) => values.push(line))
    second.stdout.follow((line) => values.push(String(jsonLines(line)[0]?.value)))
    await values.until((all) => all.length >= lines.length)
    expect(values.items.toSorted()).toEqual(lines.toSorted())

    expect((await first.stop('SIGINT')).code).toBe(130)
    expect(first.stderr.items.at(-1)).toMatch(/: revoked .*this member leaves/)
    await assignedTo(second, 4)
    expect((await second.stop('SIGINT')).code).toBe(130)
    expect(await uncommitted('shared', 'sharers')).toBe('')
  })

  it('without a partition says so', async () => {
    const first = await startMember('numbers', 'crowd', '--strategy', 'cooperative-sticky')
    const second = await startMember('numbers', 'crowd', '--strategy', 'cooperative-sticky')
    await second.stderr.first((line) => line.includes('more members than partitions'))
    await Promise.all([first.stop('SIGINT'), second.stop('SIGINT')])
  })

  it('ends quietly when its reader goes, having left the group', async () => {
    await produce('piped', 'a line of some length\n'.repeat(50_000))
    const consuming = `"${process.execPath}" "${mainFile()}" consume piped -G heads ${at.join(' ')}`
    const shell = `(${consuming}; echo "exit $?" >&2) | head -n 2`
    const { stdout, stderr } = await run('sh', ['-c', shell], { timeoutMs: 15_000 })
    expect(stdout).toBe('a line of some length\n'.repeat(2))
    expect(stderr.trimEnd().split('\n').at(-1)).toBe('exit 0')
    expect(stderr).not.toContain('EPIPE')
    await broker.process.stderr.first((line) => /group heads .*member left/.test(line))
  })

  it('at Ctrl+C while nobody reads its output has committed nothing that it did not write', async () => {
    await produce('stalled', 'a line of some length\n'.repeat(50_000))
    const args = [mainFile(), 'consume', 'stalled', '-G', 'stalled', ...at]
    const member = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] })
    await once(member.stdout, 'readable')
    // In the very step of the exit: after it Node throws away what nobody reads.
    const written = new Promise<Buffer>((resolve) => {
      member.once('exit', () => resolve(buffer(member.stdout)))
    })
    member.kill('SIGINT')
    const [code] = await once(member, 'exit')
    expect(code).toBe(130)
    const [lag] = jsonLines(await cliOk(['group', 'lag', 'stalled', ...at, '--json']))
    const committed = lag?.committedOffset ?? 0
    expect(committed).toBeLessThan(50_000)
    expect(committed).toBeLessThanOrEqual((await written).length / 'a line of some length\n'.length)
  })

  it('takes over from a member that was killed, after its session', async () => {
    const short = ['--session-timeout', '1000']
    const heir = await startMember('held', 'heirs', ...short)
    const dying = await startMember('held', 'heirs', ...short)
    await assignedTo(heir, 1)
    await dying.stop('SIGKILL')
    await assignedTo(heir, 2)
    await broker.process.stderr.first((line) => /group heirs .*session timed out/.test(line))
    await heir.stop('SIGINT')
  })

  it('ends with 2 for a strategy or session timeout that makes no sense', async () => {
    const member = ['consume', 'numbers', '-G', 'wrong', ...at]
    const strategy = await cli([...member, '--strategy', 'fair'])
    expect(strategy.code).toBe(2)
    expect(oneErrorLine(strategy.stderr)).toMatch(/fair.*\(INVALID_CONFIG\)$/)
  })

  it('at Ctrl+C ends with 130 although the broker is gone, at once with a second one', async () => {
    const gone = await startBroker('--topic', 'events')
    const member = await startCli(['consume', 'events', '-G', 'g', '-b', gone.address])
    await member.stderr.first((line) => line.includes('assigned'))
    await gone.process.stop('SIGKILL')
    await member.stderr.first((line) => line.includes('warn'))
    member.signal('SIGINT')
    const again = setInterval(() => member.signal('SIGINT'), 50)
    expect((await member.exited).code).toBe(130)
    clearInterval(again)
  })
})
