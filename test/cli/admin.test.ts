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
  broker = await startBroker('--topic', 'events:2', '--topic', 'other')
  at = ['-b', broker.address]
  const produce = (partition: string, stdin: string) =>
    cliOk(['produce', 'events', '-p', partition, ...at], { stdin })
  await produce('0', '0\n1\n2\n3\n')
  await produce('1', '0\n1\n')
  await ok('consume', 'events', '-G', 'readers', '-e')
})
afterAll(() => broker.process.stop())

const ok = (...args: readonly string[]): Promise<string> => cliOk([...args, ...at])

const fails = async (expectedCode: number, ...args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await cli([...args, ...at])
  expect({ code, stdout }).toEqual({ code: expectedCode, stdout: '' })
  return oneErrorLine(stderr)
}

describe.concurrent('streambus topic', () => {
  it('creates, lists, describes and deletes', async () => {
    expect(await ok('topic', 'create', 'made:3')).toBe('created topic made\n')
    expect(await ok('topic', 'list')).toMatch(/^TOPIC +PARTITIONS\n(.*\n)*made +3\n/)
    expect(await ok('topic', 'describe', 'made')).toBe(
      [
        'PARTITION  LEADER  REPLICAS  EARLIEST  LATEST\n',
        '        0       1  1                0       0\n',
        '        1       1  1                0       0\n',
        '        2       1  1                0       0\n',
      ].join(''),
    )
    expect(await fails(1, 'topic', 'create', 'made')).toMatch(/made.*\(TOPIC_EXISTS\)$/)
    expect(await ok('topic', 'create', 'made', '--if-not-exists')).toContain('already')
    expect(await ok('topic', 'delete', 'made')).toBe('deleted topic made\n')
    expect(await fails(3, 'topic', 'describe', 'made')).toMatch(/made.*\(UNKNOWN_TOPIC\)$/)
  })

  it('speaks JSON', async () => {
    const args = ['--partitions', '2', '--replication-factor', '1', '--json']
    const config = ['--config', 'max.message.bytes=5000']
    const made = await ok('topic', 'create', 'json', ...args, ...config)
    expect(jsonLines(made)).toEqual([{ topic: 'json', created: true }])
    const listed = jsonLines(await ok('topic', 'list', '--json'))
    expect(listed).toContainEqual(expect.objectContaining({ topic: 'json', partitions: 2 }))
    expect(jsonLines(await ok('topic', 'describe', 'events', '--json'))).toMatchObject([
      { topic: 'events', partition: 0, leader: 1, earliestOffset: 0, latestOffset: 4 },
      { topic: 'events', partition: 1, leader: 1, earliestOffset: 0, latestOffset: 2 },
    ])
    const deleted = jsonLines(await ok('topic', 'delete', 'json', '--json'))
    expect(deleted).toEqual([{ topic: 'json', deleted: true }])
  })

  it('refuses what cannot be, in one line', async () => {
    expect(await fails(3, 'topic', 'delete', 'nothing')).toMatch(/nothing.*\(UNKNOWN_TOPIC\)$/)
    expect(await fails(2, 'topic', 'create', 'a:2', '--partitions', '3')).toContain('contradict')
    expect(await fails(2, 'topic', 'create', 'a', '--config', 'x')).toContain('KEY=VALUE')
    expect(await fails(2, 'topic', 'create', 'a', '--config', 'nonsense=1')).toContain('nonsense')
    expect(await fails(2, 'topic', 'create', 'a', '--replication-factor', '3')).toContain('replica')
    expect(await fails(2, 'topic', 'create', 'no/slash')).toContain('no/slash')
  })
})

describe.concurrent('streambus group', () => {
  it('lists and describes', async () => {
    expect(await ok('group', 'list')).toMatch(
      /^GROUP +STATE +TYPE\n(.*\n)*readers +Empty +consumer\n/,
    )
    expect(await ok('group', 'describe', 'readers')).toBe(
      `group readers: Empty, 0 members, coordinator ${broker.address}\n`,
    )
    const member = await startCli(['consume', 'events', '-G', 'described', ...at])
    await member.stderr.first((line) => line.includes('assigned'))
    expect(await ok('group', 'describe', 'described')).toMatch(
      /^group described: Stable, 1 member, strategy range, .*\nMEMBER +CLIENT +HOST +PARTITIONS\nstreambus-cli-\S+ +streambus-cli +\/127.0.0.1 +events-0,events-1\n$/,
    )
    const [group] = jsonLines(await ok('group', 'describe', 'described', '--json'))
    expect(group).toMatchObject({ groupId: 'described', state: 'Stable', protocol: 'range' })
    const reset = ['group', 'reset-offsets', 'described', '--topic', 'events', '--to', 'end']
    expect(await fails(1, ...reset)).toMatch(/has members.*\(GROUP_NOT_EMPTY\)$/)
    expect((await member.stop('SIGINT')).code).toBe(130)
    expect(jsonLines(await ok('group', 'list', '--json'))).toContainEqual({
      groupId: 'described',
      state: 'Empty',
      protocolType: 'consumer',
    })
  })

  it('shows lag', async () => {
    expect(await ok('group', 'lag', 'readers')).toBe(
      [
        'TOPIC   PARTITION  COMMITTED  LOG-START  LOG-END  LAG\n',
        'events          0          4          0        4    0\n',
        'events          1          2          0        2    0\n',
      ].join(''),
    )
  })

  it('resets offsets', async () => {
    const group = ['-G', 'moved', '-e', ...at]
    await cliOk(['consume', 'events', ...group])
    const reset = ['group', 'reset-offsets', 'moved', '--topic', 'events', '--to']
    const dry = await cli([...reset, 'beginning', '--dry-run', ...at])
    expect(dry.stdout).toBe(
      [
        'TOPIC   PARTITION  BEFORE  AFTER\n',
        'events          0       4      0\n',
        'events          1       2      0\n',
      ].join(''),
    )
    expect(dry.stderr).toBe('streambus: dry run: nothing was changed\n')
    // What stands under `before` is what the command before it committed, or the dry run did not.
    const changes = async (...args: readonly string[]): Promise<unknown> =>
      jsonLines(await ok(...args, '--json')).map(({ topic, partition, before, after }) => [
        ...[`${topic}-${partition}`, before, after],
      ])
    expect(await changes(...reset, 'beginning')).toEqual([
      ['events-0', 4, 0],
      ['events-1', 2, 0],
    ])
    expect(await changes(...reset.with(4, 'events:0'), '3')).toEqual([['events-0', 0, 3]])
    expect(await changes(...reset, '2020-01-31T00:00:00Z')).toEqual([
      ['events-0', 3, 0],
      ['events-1', 0, 0],
    ])
    expect(await changes(...reset, '2200-01-31', '--topic', 'other')).toEqual([
      ['events-0', 0, 4],
      ['events-1', 0, 2],
      ['other-0', null, 0],
    ])
    expect(await fails(2, ...reset, '5000')).toContain(
      'is outside events-0, which goes from 0 to 4',
    )
    const lag = jsonLines(await ok('group', 'lag', 'moved', '--json'))
    expect(lag).toContainEqual({
      topic: 'events',
      partition: 0,
      committedOffset: 4,
      logStartOffset: 0,
      logEndOffset: 4,
      committedLag: 0,
    })
    expect(lag).toHaveLength(3)
  })

  it('refuses what cannot be, in one line', async () => {
    expect(await fails(3, 'group', 'describe', 'nobody')).toMatch(/nobody.*\(UNKNOWN_GROUP\)$/)
    expect(await fails(3, 'group', 'lag', 'nobody')).toMatch(/nobody.*\(UNKNOWN_GROUP\)$/)
    const reset = (group: string, topic: string, to: string) => [
      ...['group', 'reset-offsets', group, '--topic', topic],
      ...['--to', to],
    ]
    expect(await fails(3, ...reset('nobody', 'events', 'end'))).toContain('(UNKNOWN_GROUP)')
    expect(await fails(3, ...reset('readers', 'nothing', 'end'))).toContain('(UNKNOWN_TOPIC)')
    expect(await fails(3, ...reset('readers', 'events:2', 'end'))).toContain('not 2')
    expect(await fails(2, ...reset('readers', 'events', 'middle'))).toContain('Expected beginning')
    expect(await fails(2, ...reset('readers', 'events', '2026-13-99'))).toContain('Expected')
    expect(await fails(2, 'group', 'reset-offsets', 'readers', '--to', 'end')).toContain('--topic')
  })
})
