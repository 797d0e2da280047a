import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cli, cliOk, jsonLines, oneErrorLine, startBroker, startCli } from './fixtures/cli.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'streambus-cli-broker-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.concurrent('streambus broker', () => {
  it('with --json says on one line where it listens, and stops at Ctrl+C with 130', async () => {
    const { process, port } = await startBroker()
    expect((await process.stop('SIGINT')).code).toBe(130)
    expect(jsonLines(process.stdout.items.join('\n'))).toEqual([
      { event: 'listening', host: '127.0.0.1', port, data: null },
    ])
  })

  it('without --json says so for people, logs plain lines, and stops at SIGTERM with 0', async () => {
    const broker = await startCli(['broker', '--port', '0', '--topic', 'events:3'])
    const line = await broker.stdout.first(() => true)
    expect(line).toMatch(
      /^StreamBus broker at 127\.0\.0\.1:\d+, data in memory\. Ctrl\+C stops it\.$/,
    )
    await broker.stderr.first((each) => /^[\d:.]+ info {2}listening on 127/.test(each))
    expect((await broker.stop('SIGTERM')).code).toBe(0)
  })

  it('logs JSON lines under --log json, nothing of level info under --log-level warn', async () => {
    const talking = await startBroker('--log', 'json')
    const line = await talking.process.stderr.first((each) => each.includes('listening'))
    expect(JSON.parse(line)).toMatchObject({ level: 'info', port: talking.port })
    const quiet = await startBroker('--log-level', 'warn')
    await Promise.all([talking.process.stop(), quiet.process.stop()])
    expect(quiet.process.stderr.items).toEqual([])
  })

  it('creates topics, keeps data, and has them after kill -9', async () => {
    const data = join(folder, 'kept')
    const args = ['--data', data, '--topic', 'events:2', '--topic', 'single']
    const first = await startBroker(...args)
    await cliOk(['produce', 'events', '-b', first.address], { stdin: 'kept\n' })
    await first.process.stop('SIGKILL')
    const second = await startBroker(...args)
    const read = await cliOk(['consume', 'events', '-e', '-b', second.address])
    expect(read).toBe('kept\n')
    expect(await cliOk(['topic', 'list', '-b', second.address])).toBe(
      'TOPIC   PARTITIONS\nevents           2\nsingle           1\n',
    )
    expect((await second.process.stop()).code).toBe(0)

    const { code, stderr } = await cli([
      'broker',
      '--port',
      '0',
      '--data',
      data,
      '--topic',
      'events:3',
    ])
    expect(code).toBe(2)
    expect(oneErrorLine(stderr)).toContain('topics.events: it exists with 2 partitions, not 3')
  })

  it('creates topics that clients ask for only when told to', async () => {
    const [strict, eager] = await Promise.all([startBroker(), startBroker('--auto-create-topics')])
    const produce = (address: string) => cli(['produce', 'new', '-b', address], { stdin: 'x\n' })
    expect((await produce(strict.address)).code).toBe(3)
    expect((await produce(eager.address)).code).toBe(0)
    await Promise.all([strict.process.stop(), eager.process.stop()])
  })

  it('tells each rebalance with its cause', async () => {
    const { process, address } = await startBroker('--topic', 'events:2')
    await cliOk(['consume', 'events', '-G', 'readers', '-e', '-b', address])
    await process.stderr.first((line) =>
      / info {2}group readers generation 1, .*member joined/.test(line),
    )
    await process.stderr.first((line) => /group readers generation 2, .*member left/.test(line))
    await process.stop()
  })
})

describe.concurrent('a broker that cannot start', () => {
  it('says in one line that the port is in use', async () => {
    const { process, port } = await startBroker()
    const { code, stdout, stderr } = await cli(['broker', '--port', String(port), '--json'])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(oneErrorLine(stderr)).toMatch(
      new RegExp(`127.0.0.1:${port} is in use.*\\(PORT_IN_USE\\)`),
    )
    await process.stop()
  })

  it('says in one line who locked the data directory', async () => {
    const data = join(folder, 'locked')
    const { process } = await startBroker('--data', data)
    const { code, stderr } = await cli(['broker', '--port', '0', '--data', data])
    expect(code).toBe(1)
    expect(oneErrorLine(stderr)).toMatch(new RegExp(`${process.pid}.*\\(DATA_DIR_LOCKED\\)`))
    await process.stop()
  })

  it('says in one line that the data directory cannot be written', async () => {
    const file = join(folder, 'a-file')
    writeFileSync(file, '')
    const data = join(file, 'data')
    const { code, stderr } = await cli(['broker', '--port', '0', '--data', data])
    expect(code).toBe(1)
    expect(oneErrorLine(stderr)).toMatch(new RegExp(`${data}.*\\(STORE_FAILED\\)`))
  })
})
