import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectExactly, expectSameValues } from './fixtures/expected-order.js'
import {
  kcatAssignments,
  kcatOk,
  kcatRecordFormat,
  parseKcatRecord,
  parseKcatRecords,
  startKcat,
} from './fixtures/kcat.js'
import { type RealLine, realLines } from './fixtures/real-lines.js'
import type { Spawned } from './fixtures/spawned.js'
import { expectCompressed, storedCompression } from './fixtures/stored-compression.js'
import { cliOk, type StreamBusBroker, startStreamBusBroker } from './fixtures/streambus.js'

const lines = realLines(100_000)
const directory = mkdtempSync(join(tmpdir(), 'streambus-kcat-'))
const file = join(directory, 'lines.txt')
const asInput = (some: readonly RealLine[]): string =>
  some.map(({ key, value }) => `${key}\t${value}\n`).join('')

let broker: StreamBusBroker

beforeAll(async () => {
  writeFileSync(file, asInput(lines))
  broker = await startStreamBusBroker(['--data', join(directory, 'data')])
})

afterAll(async () => {
  await broker?.stop()
  rmSync(directory, { recursive: true, force: true })
})

const createTopic = (name: string, partitions: number) =>
  cliOk(['topic', 'create', `${name}:${partitions}`, '-b', broker.address])

const produceFile = (topic: string) =>
  kcatOk(['-P', '-b', broker.address, '-t', topic, '-K', '\t', '-l', file])

const readAll = async (topic: string) => {
  const from = ['-C', '-b', broker.address, '-t', topic, '-o', 'beginning', '-e', '-q']
  return parseKcatRecords(await kcatOk([...from, '-f', kcatRecordFormat]))
}

const startMember = (group: string, topic: string): Promise<Spawned> => {
  const settings = ['-X', 'auto.offset.reset=earliest', '-X', 'session.timeout.ms=6000']
  const format = ['-f', kcatRecordFormat]
  return startKcat(['-b', broker.address, ...settings, ...format, '-G', group, topic])
}

const assignedTo = (member: Spawned, topic: string): number[] =>
  kcatAssignments(member.stderr.items, topic).at(-1)?.toSorted() ?? []

const awaitAssigned = (member: Spawned, topic: string, count: number) =>
  member.stderr.until(() => assignedTo(member, topic).length === count, {
    what: `${count} assigned partitions`,
  })

const recordsOf = (member: Spawned) => member.stdout.items.map(parseKcatRecord)

describe('kcat against our broker', () => {
  it('finds the broker and the topic', async () => {
    await createTopic('metadata', 4)
    const { brokers, topics } = JSON.parse(await kcatOk(['-L', '-J', '-b', broker.address]))
    expect(brokers.map((each: { name: string }) => each.name)).toEqual([broker.address])
    const topic = topics.find((each: { topic: string }) => each.topic === 'metadata')
    expect(topic.partitions).toHaveLength(4)
  })

  it('reads back a real file of 100,000 lines as it produced it', async () => {
    await createTopic('file', 4)
    await produceFile('file')
    expectExactly(await readAll('file'), lines, 4)
  })

  it('reads the same file in a group, leaves, and goes on from its commit', async () => {
    const member = await startMember('readers', 'file')
    await member.stdout.until((all) => all.length >= lines.length, { what: 'all records' })
    expect(assignedTo(member, 'file')).toEqual([0, 1, 2, 3])
    expect((await member.stop('SIGINT')).code).toBe(0)
    expectExactly(recordsOf(member), lines, 4)

    const more = realLines(100_500).slice(100_000)
    await kcatOk(['-P', '-b', broker.address, '-t', 'file', '-K', '\t'], { stdin: asInput(more) })
    const next = await startMember('readers', 'file')
    await next.stdout.until((all) => all.length >= more.length, { what: 'the new records' })
    await next.stop('SIGINT')
    expectSameValues(recordsOf(next), more)
  })

  it('shares a topic between two members, and hands over when one leaves', async () => {
    await createTopic('shared', 4)
    const first = await startMember('pair', 'shared')
    await awaitAssigned(first, 'shared', 4)
    const second = await startMember('pair', 'shared')
    await Promise.all([awaitAssigned(first, 'shared', 2), awaitAssigned(second, 'shared', 2)])
    expect([...assignedTo(first, 'shared'), ...assignedTo(second, 'shared')].toSorted()).toEqual([
      0, 1, 2, 3,
    ])

    await produceFile('shared')
    const total = () => first.stdout.items.length + second.stdout.items.length
    const everything = { what: 'every line at one of the two', timeoutMs: 60_000 }
    await Promise.race([
      first.stdout.until(() => total() >= lines.length, everything),
      second.stdout.until(() => total() >= lines.length, everything),
    ])
    expectExactly([...recordsOf(first), ...recordsOf(second)], lines, 4)
    for (const member of [first, second]) {
      const own = new Set(assignedTo(member, 'shared'))
      expect(recordsOf(member).every(({ partition }) => own.has(partition))).toBe(true)
    }

    await second.stop('SIGINT')
    await awaitAssigned(first, 'shared', 4)
    await first.stop('SIGINT')
  })

  it('takes over from a member that was killed, after its session', async () => {
    await createTopic('orphaned', 4)
    const [first, second] = [
      await startMember('kill', 'orphaned'),
      await startMember('kill', 'orphaned'),
    ]
    await Promise.all([awaitAssigned(first, 'orphaned', 2), awaitAssigned(second, 'orphaned', 2)])
    await second.stop('SIGKILL')
    await awaitAssigned(first, 'orphaned', 4)
    await first.stop('SIGINT')
  })

  it.each(['gzip', 'snappy', 'lz4', 'zstd'])('keeps %s batches compressed', async (codec) => {
    const topic = `compressed-${codec}`
    const some = lines.slice(0, 20_000)
    await createTopic(topic, 1)
    await kcatOk(['-P', '-b', broker.address, '-t', topic, '-K', '\t', '-z', codec], {
      stdin: asInput(some),
    })
    expectCompressed(await storedCompression(broker.address, topic, 0), codec)
    expectExactly(await readAll(topic), some)
  })

  it('keeps null keys, empty values and null values apart', async () => {
    await createTopic('nulls', 1)
    const produce = ['-P', '-b', broker.address, '-t', 'nulls', '-K', '\t']
    await kcatOk([...produce, '-Z'], { stdin: 'k\tv\nno key\n\tempty key\nnull value\t\n' })
    const from = ['-C', '-b', broker.address, '-t', 'nulls', '-o', 'beginning', '-e', '-q', '-J']
    const records = (await kcatOk(from))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(records.map(({ key, payload }) => [key, payload])).toEqual([
      ['k', 'v'],
      [null, 'no key'],
      [null, 'empty key'],
      ['null value', null],
    ])
  })

  it('keeps headers and timestamps', async () => {
    await createTopic('headers', 1)
    const produce = ['-P', '-b', broker.address, '-t', 'headers', '-H', 'a=1', '-H', 'a=2']
    await kcatOk(produce, { stdin: 'value\n' })
    const from = ['-C', '-b', broker.address, '-t', 'headers', '-o', 'beginning', '-e', '-q', '-J']
    const record = JSON.parse(await kcatOk(from))
    expect(record).toMatchObject({
      headers: ['a', '1', 'a', '2'],
      tstype: 'create',
      payload: 'value',
    })
    const at = `s@${record.ts}`
    const found = await kcatOk(['-Q', '-b', broker.address, '-t', `headers:0:${record.ts}`])
    expect(found.trim(), at).toBe('headers [0] offset 0')
  })
})
