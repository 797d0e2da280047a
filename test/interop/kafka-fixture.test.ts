import { existsSync } from 'node:fs'
import { createConnection } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Kafka, startKafka } from './fixtures/kafka.js'
import {
  kcatAssignments,
  kcatOk,
  kcatRecordFormat,
  parseKcatRecord,
  parseKcatRecords,
  startKcat,
} from './fixtures/kcat.js'
import { realLines } from './fixtures/real-lines.js'
import { start, watchdogArguments } from './fixtures/spawned.js'
import { expectCompressed, storedCompression } from './fixtures/stored-compression.js'

let kafka: Kafka
let brokers: string

beforeAll(async () => {
  kafka = await startKafka({
    properties: { 'auto.create.topics.enable': true, 'num.partitions': 3 },
  })
  brokers = kafka.brokers.join(',')
})

afterAll(() => kafka?.stop())

const lines = realLines(5_000)
const input = lines.map(({ key, value }) => `${key}\t${value}\n`).join('')

const connects = (address: string): Promise<boolean> =>
  new Promise((resolve) => {
    const [host, port] = address.split(':')
    const socket = createConnection(Number(port), host)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })

describe('the Kafka and kcat fixtures', () => {
  it('starts a broker that kcat finds', async () => {
    const metadata = JSON.parse(await kcatOk(['-L', '-J', '-b', brokers]))
    expect(metadata.brokers).toEqual([{ id: 1, name: brokers }])
  })

  it('gives back what kcat produced, in order within each partition', async () => {
    await kcatOk(['-P', '-b', brokers, '-t', 'lines', '-K', '\t'], { stdin: input })
    const read = ['-C', '-b', brokers, '-t', 'lines', '-o', 'beginning', '-e', '-q']
    const records = parseKcatRecords(await kcatOk([...read, '-f', kcatRecordFormat]))
    expect(records).toHaveLength(lines.length)
    const partitionOf = new Map(records.map(({ key, partition }) => [key, partition]))
    for (const partition of new Set(partitionOf.values())) {
      const own = records.filter((record) => record.partition === partition)
      const sent = lines.filter(({ key }) => partitionOf.get(key) === partition)
      expect(own.map(({ offset }) => offset)).toEqual(own.map((_, index) => index))
      expect(own.map(({ key, value }) => ({ key, value }))).toEqual(sent)
    }
  })

  it('runs a kcat group member until it is told to leave', async () => {
    const args = ['-b', brokers, '-X', 'auto.offset.reset=earliest', '-f', kcatRecordFormat]
    const member = await startKcat([...args, '-G', 'fixture-group', 'lines'])
    await member.stdout.until((all) => all.length >= lines.length, { what: 'all records' })
    expect(kcatAssignments(member.stderr.items, 'lines').at(-1)?.toSorted()).toEqual([0, 1, 2])
    const { code } = await member.stop('SIGINT')
    expect(code).toBe(0)
    const values = member.stdout.items.map((line) => parseKcatRecord(line).value)
    expect(values.toSorted()).toEqual(lines.map(({ value }) => value).toSorted())
  })

  it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])('tells that %s was stored', async (codec) => {
    const topic = `stored-${codec}`
    const produce = ['-P', '-b', brokers, '-t', topic, '-p', '1', '-K', '\t', '-z', codec]
    await kcatOk(produce, { stdin: input })
    expectCompressed(await storedCompression(brokers, topic, 1), codec)
  })

  it("runs Kafka's own command lines", async () => {
    const { code, stdout, stderr } = await kafka.tool(
      'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand',
      ['--bootstrap-server', brokers, '--describe', '--group', 'fixture-group'],
    )
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/fixture-group\s+lines\s+0\s+(\d+)\s+\1\s+0\s/)
  })

  it('kills a node and starts it again with its data', async () => {
    const [node] = kafka.nodes
    await node?.kill()
    expect(await connects(brokers)).toBe(false)
    await node?.restart()
    const read = ['-C', '-b', brokers, '-t', 'lines', '-o', 'beginning', '-e', '-q']
    expect((await kcatOk(read)).split('\n')).toHaveLength(lines.length + 1)
  })

  it('leaves nothing behind', async () => {
    const other = await startKafka()
    expect(await connects(other.brokers[0] as string)).toBe(true)
    await other.stop()
    expect(await connects(other.brokers[0] as string)).toBe(false)
    expect(existsSync(other.logFile)).toBe(false)
  })

  it('starts three nodes as one cluster', async () => {
    const cluster = await startKafka({ nodes: 3 })
    const metadata = JSON.parse(await kcatOk(['-L', '-J', '-b', cluster.brokers[2] as string]))
    const names = metadata.brokers.map((broker: { name: string }) => broker.name)
    expect(names.toSorted()).toEqual(cluster.brokers.toSorted())
    await cluster.stop()
  })
})

describe('spawned processes', () => {
  it('do not outlive the process that started them, even when that is killed', async () => {
    // The middle process guards a sleeper as `start` does. The sleeper holds the middle's stdout
    // open, so `stop` returns only when both are dead.
    const middle = await start(process.execPath, [
      '-e',
      `const { spawn } = require('node:child_process')
       const sleeper = spawn('sleep', ['1000'], { stdio: ['ignore', 'inherit', 'inherit'] })
       const watchdog = ${JSON.stringify(watchdogArguments(0))}.map((text) =>
         text.replace('-9 0', '-9 ' + sleeper.pid))
       spawn('sh', watchdog, { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
       console.log('ready')`,
    ])
    await middle.stdout.first((line) => line === 'ready')
    expect(await middle.stop('SIGKILL')).toMatchObject({ signal: 'SIGKILL' })
  }, 10_000)

  it('say which program is missing and how to get it', async () => {
    await expect(start('streambus-no-such-program', [])).rejects.toThrow('--only-install')
  })
})
