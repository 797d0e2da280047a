import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { simulate } from '../../src/simulation/index.js'
import { cli, cliOk, jsonLines, oneErrorLine } from './fixtures/cli.js'

const folder = mkdtempSync(join(tmpdir(), 'streambus-replay-'))
const trace = join(folder, 'trace.jsonl')
let lines: readonly string[]

beforeAll(async () => {
  const small = ['--members', '2', '--partitions', '2', '--faults', 'process']
  await cliOk(['simulate', '--runs', '1', '--seed', '2', ...small, '--trace', trace])
  lines = readFileSync(trace, 'utf8').trimEnd().split('\n')
})
afterAll(() => rmSync(folder, { recursive: true }))

const fileOf = (name: string, ...content: readonly string[]): string => {
  const file = join(folder, name)
  writeFileSync(file, content.join('\n'))
  return file
}

const fails = async (expectedCode: number, ...args: readonly string[]): Promise<string> => {
  const { code, stderr } = await cli(['replay', ...args])
  expect(code).toBe(expectedCode)
  return oneErrorLine(stderr)
}

describe('streambus replay', () => {
  it('tells the scene, the script and what happened, and that it happened again', async () => {
    const story = (await cliOk(['replay', trace])).split('\n')
    expect(story[0]).toMatch(/^seed 2: 2 members \(.*\), 2 partitions of \d topics?, /)
    expect(story[1]).toMatch(/^ 1\. at 0\.\d\d s: /)
    expect(story).toContainEqual(expect.stringMatching(/^ +\d+ +0\.000 s {2}world: phase safety$/))
    expect(story).toContainEqual(
      expect.stringMatching(
        / member-\d\.\d: syncing\.applying -> stable on assignPartitions: called/,
      ),
    )
    expect(story).toContainEqual(
      expect.stringMatching(/ world: fault: (member|the broker) .*(killed|stopped)/),
    )
    expect(story.at(-2)).toBe(`${lines.length - 1} frames, the same as recorded`)
    expect(story.join('\n')).not.toContain(' send ')
    const more = await cliOk(['replay', trace, '--messages'])
    expect(more).toMatch(/ network: send JoinGroup request \S+, to broker/)
    expect(more).toMatch(/ network: receive JoinGroup response \S+, from broker/)
  })

  it('stops where it is told to, and says how things stand there', async () => {
    const stable = lines.findIndex((line) => line.includes('"states":"stable"')) - 1
    const story = await cliOk(['replay', trace, '--until', String(stable)])
    const [told = '', standing = ''] = story.split(`\nafter frame ${stable}:\n`)
    expect(told).not.toMatch(new RegExp(`^ *${stable + 1} `, 'm'))
    expect(told).toMatch(new RegExp(`^ *${stable} `, 'm'))
    expect(standing).toMatch(/^ {2}member-\d\.\d is stable$/m)
    expect(standing).toMatch(/^ {2}member-\d\.\d holds topic-\d-\d/m)
  })

  it('speaks JSON', async () => {
    const told = jsonLines(await cliOk(['replay', trace, '--json', '--until', '9']))
    expect(told.slice(0, 10)).toEqual(lines.slice(1, 11).map((line) => JSON.parse(line)))
    expect(told.slice(10)).toEqual([{ frames: lines.length - 1, isSame: true, violations: [] }])
  })

  it('says that the run is another one now', async () => {
    const [header = '', ...frames] = lines
    const at = frames.findIndex((line) => line.includes('"fact":"assign"'))
    const changed = frames.with(at, frames[at]!.replace(/"generation":\d+/, '"generation":77'))
    const same = fileOf('changed.jsonl', header, ...changed, '')
    expect(await fails(1, same)).toBe(
      `streambus: ${same}: frame ${at} is another one than recorded: the code has changed, ` +
        'the charts have not (TRACE_DIFFERS)',
    )
    const other = header.replace(/"machineHash":"\w+"/, '"machineHash":"0"')
    expect(await fails(1, fileOf('charts.jsonl', other, ...changed, ''))).toContain(
      'the charts have changed (TRACE_DIFFERS)',
    )
    const short = fileOf('short.jsonl', ...lines.slice(0, 51))
    expect(await fails(1, short)).toBe(
      `streambus: ${short}: it ends before frame 50 of ${frames.length}: it was cut short (TRACE_DIFFERS)`,
    )
  })

  it('tells a trace with a handler of its own as it was recorded', async () => {
    const golden = join(import.meta.dirname, '..', 'simulation', 'golden', '4.jsonl')
    const { code, stdout, stderr } = await cli(['replay', golden])
    expect(code).toBe(0)
    expect(stdout).toMatch(/ world: phase end\n$/)
    expect(stderr).toMatch(/^streambus: told as recorded: only its own handler can run it again/)
  })

  it('judges a trace with a handler of its own by what was recorded', async () => {
    const slow = await simulate({
      seed: 1,
      members: 1,
      partitions: 1,
      faults: [],
      consumer: { maxPollIntervalMs: 10_000 },
      handler: (_, { sleep }) => sleep(60_000),
    })
    const file = join(folder, 'slow.jsonl')
    writeFileSync(file, slow.trace())
    const { code, stdout } = await cli(['replay', file])
    expect(code).toBe(5)
    expect(stdout).toMatch(/\nhandler returns in time: .* \(frame \d+\)\n/)
  })

  it('refuses what is no trace, in one line that says where', async () => {
    const missing = join(folder, 'missing.jsonl')
    expect(await fails(3, missing)).toBe(
      `streambus: cannot read the trace ${missing}: ENOENT (TRACE_NOT_FOUND)`,
    )
    const [header = '', first = '', second = ''] = lines
    const damaged = fileOf('damaged.jsonl', header, first, second.slice(0, 30))
    expect(await fails(2, damaged)).toBe(
      `streambus: ${damaged}, line 3: no JSON object: ${second.slice(0, 30)} (INVALID_TRACE)`,
    )
    const gap = fileOf('gap.jsonl', header, second)
    expect(await fails(2, gap)).toContain(`${gap}, line 2: frame 0 is needed, found {"seq":1`)
    const empty = fileOf('empty.jsonl', '')
    expect(await fails(2, empty)).toContain(`${empty}, line 1: no JSON object: the line is empty`)
    const later = fileOf('later.jsonl', header.replace('"v":1', '"v":2'))
    expect(await fails(2, later)).toContain(
      'line 1: a header of version 1 is needed, found version 2',
    )
    const members = header.replace(/"members":\[.*\],"steps"/, '"members":3,"steps"')
    expect(await fails(2, fileOf('members.jsonl', members))).toMatch(/members.*\(INVALID_TRACE\)/)
    const plan = fileOf('plan.jsonl', header.replace(/"transport":"\w+"/, '"transport":"pigeon"'))
    expect(await fails(2, plan)).toContain('line 1: plan: transport: Expected "typed" | "bytes"')
    expect(await fails(2, trace, '--until', 'x')).toContain('Expected a whole number')
    expect(await fails(2)).toContain("missing required argument 'file'")
  })
})
