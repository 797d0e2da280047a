import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ExampleProcess, Stage } from './example-process.js'
import { ownedBy, producedBy, recordsOf } from './group-ledger.js'

const root = resolve(import.meta.dirname, '..', '..')
const cli = join(root, 'dist', 'cli', 'main.js')
const ALL = ['events-0', 'events-1', 'events-2', 'events-3']
const SESSION_TIMEOUT_MS = 6_000
const HEARTBEAT_MS = 500

let stage: Stage
beforeEach(() => {
  if (!existsSync(cli)) throw new Error(`${cli} is missing: run npm run build first`)
  stage = new Stage(root)
})
afterEach(() => stage.clear())

const startBroker = async (): Promise<Record<string, string>> => {
  const broker = stage.start('broker', [cli, 'broker', '--port', '0', '--json'])
  await stage.until('the broker listens', () => broker.has('"listening"') || broker.hasEnded)
  expect(broker.errors.filter((line) => line.startsWith('streambus:'))).toEqual([])
  const { port } = JSON.parse(broker.lines[0]!) as { port: number }
  return {
    KAFKA_BROKERS: `127.0.0.1:${port}`,
    SESSION_TIMEOUT_MS: String(SESSION_TIMEOUT_MS),
    HEARTBEAT_INTERVAL_MS: String(HEARTBEAT_MS),
  }
}

const interrupt = async (...running: ExampleProcess[]): Promise<void> => {
  for (const { child } of running) child.kill('SIGINT')
  await stage.until('all end', () => running.every(({ hasEnded }) => hasEnded))
  expect(running.map(({ exitCode, errors }) => [exitCode, errors])).toEqual(
    running.map(() => [0, []]),
  )
}

describe('examples/consumer-group', () => {
  it('shares, survives a kill, takes the restarted member back, and leaves cleanly', async () => {
    const env = await startBroker()
    const producer = stage.example('producer', ['--rate', '100'], env)
    await stage.until('the producer produces', () => producer.has('producing 100 records/s'))
    expect(producer.lines[0]).toBe('created topic "events" with 4 partitions')

    const everyone: ExampleProcess[] = []
    const join = (id: string): ExampleProcess => {
      const member = stage.example('consumer-group', [id], env)
      everyone.push(member)
      return member
    }
    const shared = (members: readonly ExampleProcess[], shares: readonly number[]) =>
      stage.until(`shared ${shares.join('+')}`, () => {
        const owned = members.map(ownedBy)
        const counts = owned.map(({ length }) => length).sort((a, b) => b - a)
        return String(counts) === String(shares) && String(owned.flat().sort()) === String(ALL)
      })

    const first = join('consumer-1')
    await shared([first], [4])
    const second = join('consumer-2')
    await shared([first, second], [2, 2])
    const third = join('consumer-3')
    await shared([first, second, third], [2, 1, 1])

    const orphans = ownedBy(second)
    const before = recordsOf(second).length
    await stage.until('consumer-2 processes', () => recordsOf(second).length > before)
    const killedAt = performance.now()
    second.child.kill('SIGKILL')
    await shared([first, third], [2, 2])
    const handOverMs = performance.now() - killedAt
    expect(handOverMs).toBeLessThan(SESSION_TIMEOUT_MS + HEARTBEAT_MS + 2_000)
    const from = [first, third].map(({ lines }) => lines.length)
    await stage.until('the orphans are read again', () =>
      orphans.every((orphan) =>
        [first, third].some((member, index) =>
          member.lines.slice(from[index]).some((line) => line.includes(`record ${orphan} `)),
        ),
      ),
    )

    const again = join('consumer-2')
    await shared([first, again, third], [2, 1, 1])
    const leftAt = performance.now()
    await interrupt(third)
    await shared([first, again], [2, 2])
    // Much sooner than a session timeout: it said good-bye.
    expect(performance.now() - leftAt).toBeLessThan(SESSION_TIMEOUT_MS / 2)
    expect(third.has('] statistics after ')).toBe(true)
    expect(third.has('] committed before leaving')).toBe(true)
    expect(third.lines.at(-1)).toBe('[consumer-3] left the group')

    await interrupt(producer)
    const produced = producedBy(producer)
    const expected = [...produced].flatMap(([partition, count]) =>
      Array.from({ length: count }, (_, offset) => `${partition}@${offset}`),
    )
    expect(expected.length).toBeGreaterThan(100)
    await stage.until('everything is processed', () => {
      const seen = new Set(everyone.flatMap((each) => recordsOf(each)))
      return expected.every((record) => seen.has(record))
    })
    await interrupt(first, again)
    expect(first.has('] status stable; owns ')).toBe(true)
    expectRepeatsOnlyAfterKill(everyone, second)
  }, 60_000)
})

/** Only what the killed member had printed and not committed is printed again, and that once. */
const expectRepeatsOnlyAfterKill = (
  everyone: readonly ExampleProcess[],
  killed: ExampleProcess,
): void => {
  const committed = new Set(recordsOf(killed, killed.lines.findLastIndex(isCommit)))
  const survivors = everyone
    .filter((member) => member !== killed)
    .flatMap((each) => recordsOf(each))
  const seen = new Set(committed)
  const repeated = survivors.filter((record) => seen.size === seen.add(record).size)
  expect(repeated).toEqual([])
}

const isCommit = (line: string): boolean => line.includes('] committed ')

describe('the other examples', () => {
  it('simple-consumer reads one partition from its beginning', async () => {
    const env = await startBroker()
    const producer = stage.example('producer', ['--rate', '1000', '--count', '500'], env)
    await stage.until('the producer ends by itself', () => producer.hasEnded)
    const count = producedBy(producer).get('events-0') ?? 0
    expect(count).toBeGreaterThan(0)
    const reader = stage.example('simple-consumer', ['events', '0'], env)
    await stage.until('all are printed', () => reader.has(`${count - 1}  user-`))
    await interrupt(reader)
    expect(reader.lines.at(-1)).toBe(`read ${count} records`)
    expect(reader.lines.filter((line) => /^\d+ {2}user-\d+ {2}\{/.test(line))).toHaveLength(count)

    const lost = stage.example('simple-consumer', ['nowhere', '0'], env)
    await stage.until('an unknown topic ends it', () => lost.hasEnded)
    expect(lost.exitCode).toBe(1)
    expect(lost.errors).toHaveLength(1)
    expect(lost.errors[0]).toMatch(/^example: .*nowhere.*\(UNKNOWN_TOPIC\)$/)
  })

  it.each([
    [
      'retry-dead-letter',
      [
        /^orders-\d@\d: attempt 1: the bank did not answer; again in 50 ms$/,
        /^orders-\d@\d: to orders\.dead-letter after attempt 3: the bank refused -5$/,
        /^billed 3, dead-lettered 2$/,
        /^dead letter key=bob value=not JSON at all error="not an order" attempts="1" origin="orders-\d@\d"$/,
        /^dead letter key=carol .* error="the bank refused -5" attempts="3" origin="orders-\d@\d"$/,
      ],
    ],
    [
      'batches',
      [/^processed 5000 records with \d+ writes and \d+ commits$/, /^ {2}\/docs\/api {2}1000$/],
    ],
    [
      'state-per-partition',
      [
        /^counter-1 alone counted 1000 purchases$/,
        /^counter-1: purchases-\d saved at [1-9]\d*$/,
        /^counter-2: purchases-\d loaded at [1-9]\d*$/,
        /^counter-1 and counter-2 together counted 2000$/,
      ],
    ],
  ])('patterns/%s shows its pattern and ends by itself', async (name, expected) => {
    const pattern = stage.example(`patterns/${name}`)
    await stage.until('it ends', () => pattern.hasEnded)
    expect([pattern.exitCode, pattern.errors]).toEqual([0, []])
    for (const line of expected) {
      expect(pattern.lines).toContainEqual(expect.stringMatching(line))
    }
  })

  it('are listed without a name, and an unknown name is a usage error', async () => {
    const list = stage.start('list', ['scripts/example.mjs'])
    const unknown = stage.example('nope')
    await stage.until('both end', () => list.hasEnded && unknown.hasEnded)
    expect(list.exitCode).toBe(0)
    const names = list.lines.slice(2).map((line) => line.trim().split(' ')[0])
    expect(names).toEqual([
      'consumer-group',
      'patterns/batches',
      'patterns/retry-dead-letter',
      'patterns/state-per-partition',
      'producer',
      'simple-consumer',
      'simulation/bank-balance',
      'simulation/property',
      'simulation/slow-handler',
    ])
    expect(unknown.exitCode).toBe(2)
    expect(unknown.errors[0]).toBe('example: there is none called "nope"')
  })
})
