import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { cli, cliOk, jsonLines, oneErrorLine, startCli } from './fixtures/cli.js'

const folder = mkdtempSync(join(tmpdir(), 'streambus-simulate-'))
afterAll(() => rmSync(folder, { recursive: true }))

const small = ['--members', '1', '--partitions', '1', '--faults', 'none']
const planted = pathToFileURL(join(import.meta.dirname, 'fixtures', 'planted-rule.mjs')).href
const broken = { cwd: folder, env: { NODE_OPTIONS: `--import ${planted}` } }

const usageError = async (...args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await cli(['simulate', ...args])
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  return oneErrorLine(stderr)
}

describe('streambus simulate', () => {
  it('runs seeds and says how much happened', async () => {
    const { code, stdout, stderr } = await cli(['simulate', '--runs', '3', ...small])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const [runs, events, median, coverage, ...rest] = stdout.trimEnd().split('\n')
    expect(runs).toMatch(/^3 runs in \d+\.\d s \(\d+\.\d\/s\), 0 with violations$/)
    expect(events).toMatch(/^[\d,]+ events \([\d,]+\/s\), \d+ rebalances, 0\.\d+ simulated hours$/)
    expect(median).toMatch(
      /^median run: 1 members, 1 partitions, \d\.\d minutes, 0 faults, \d+ reb/,
    )
    expect(coverage).toMatch(
      /^gone through: \d+ of \d+ \(state, event\) pairs.*, \d+ of \d+ things/,
    )
    expect(rest).toEqual([])
  })

  it('ends with one JSON line of fixed keys', async () => {
    const lines = jsonLines(await cliOk(['simulate', '--runs', '2', '--json', ...small]))
    expect(lines).toHaveLength(1)
    expect(Object.keys(lines[0]!)).toEqual([
      'runs',
      'violations',
      'events',
      'rebalances',
      'simulatedHours',
      'seconds',
    ])
    expect(lines[0]).toMatchObject({ runs: 2, violations: 0 })
    const again = jsonLines(await cliOk(['simulate', '--runs', '2', '--json', ...small]))
    const { seconds: _, ...same } = lines[0]!
    expect(again[0]).toMatchObject(same)
  })

  it('draws as it is told', async () => {
    const trace = join(folder, 'sub', 'told.jsonl')
    const narrowed = ['--members', '2', '--partitions', '5', '--faults', 'process, clock']
    await cliOk(['simulate', '--runs', '1', '--seed', '7', ...narrowed, '--trace', trace])
    const [header] = jsonLines<{ seed: number; plan: Record<string, unknown> }>(
      readFileSync(trace, 'utf8'),
    )
    const { members, partitions, steps } = header!.plan as Record<string, { do: string }[]>
    expect([header!.seed, members!.length]).toEqual([7, 2])
    expect((partitions as unknown as number[]).reduce((sum, count) => sum + count)).toBe(5)
    const faults = new Set(steps!.map((step) => step.do))
    for (const other of ['cut', 'breakStore', 'block', 'moveCoordinator', 'answer']) {
      expect(faults).not.toContain(other)
    }
  })

  it('shrinks and tells what broke a rule, and ends with 5', async () => {
    const args = ['simulate', '--runs', '2', '--seed', '4', '--members', '2', '--faults', 'process']
    const { code, stdout, stderr } = await cli(args, broken)
    expect(code).toBe(5)
    expect(stderr).toBe(
      'streambus: seed 4 broke a rule; shrinking its script\n' +
        'streambus: a rule was broken in 2 of 2 runs (VIOLATED)\n',
    )
    expect(stdout).toMatch(
      /^seed 4 broke a rule:\n {2}nobody joins: member-\d\.\d has joined \(frame \d+\)\n/,
    )
    expect(stdout).toMatch(
      /shrunk from \d+ steps to 1 in \d+ runs:\n {3}1\. at .*: member \d starts\n/,
    )
    const at = join('.streambus', 'traces', '4.jsonl')
    expect(stdout).toContain(`trace: ${at}\nreplay: npx --no-install streambus replay ${at}\n`)
    expect(stdout).toContain('1 more seed broke a rule\n')
    expect(stdout).toMatch(/\n2 runs in .* 2 with violations\n/)

    const replayed = await cli(['replay', at], broken)
    expect([replayed.code, oneErrorLine(replayed.stderr)]).toEqual([
      5,
      'streambus: a rule was broken in the run (VIOLATED)',
    ])
    expect(replayed.stdout).toMatch(/nobody joins: member-\d\.\d has joined \(frame \d+\)\n/)
    // Without the planted rule the same run is well.
    expect((await cli(['replay', at], { cwd: folder })).code).toBe(0)
  })

  it('tells of it as JSON, too', async () => {
    const { code, stdout } = await cli(['simulate', '--runs', '1', '--json', ...small], broken)
    const [failure, totals, ...rest] = jsonLines(stdout)
    expect([code, rest]).toEqual([5, []])
    expect(failure).toMatchObject({
      seed: 1,
      traceFile: join('.streambus', 'traces', '1.jsonl'),
      violations: [{ rule: 'nobody joins' }],
      steps: [{ do: 'start', member: 0 }],
    })
    expect(totals).toMatchObject({ runs: 1, violations: 1 })
    expect(existsSync(join(folder, '.streambus', 'traces', '1.jsonl'))).toBe(true)
  })

  it('tells of it where its trace cannot be written, too', async () => {
    const cwd = join(folder, 'unwritable')
    mkdirSync(cwd)
    writeFileSync(join(cwd, '.streambus'), 'a file, where a folder is needed')
    const { code, stdout } = await cli(['simulate', '--runs', '1', ...small], { ...broken, cwd })
    expect(code).toBe(5)
    expect(stdout).toMatch(/^seed 1 broke a rule:\n {2}nobody joins: /)
    expect(stdout).toMatch(/\ntrace: none, cannot write the trace .*1\.jsonl: E[A-Z]+\n/)
  })

  it('shows how far it is, stops at Ctrl+C, says what ran so far, and ends with 130', async () => {
    const running = await startCli(['simulate', '--runs', '1000000', '--workers', '1', ...small])
    const progress = await running.stderr.first(() => true, { what: 'the progress line' })
    expect(progress).toMatch(
      /^\d+ of 1000000 runs, \d+\.\d runs\/s, 0 with violations, \d+ s left$/,
    )
    const { code } = await running.stop('SIGINT')
    expect(code).toBe(130)
    const [runs = '', ...rest] = running.stdout.items
    expect(runs).toMatch(/^[\d,]+ runs in \d+\.\d s \(\d+\.\d\/s\), 0 with violations$/)
    expect(Number(/^[\d,]+/.exec(runs)![0].replace(',', ''))).toBeGreaterThanOrEqual(5)
    expect(rest).toHaveLength(3)
    expect(running.stderr.items.filter((line) => !line.includes(' runs/s, '))).toEqual([])
  })

  it('refuses what cannot be, in one line', async () => {
    expect(await usageError('--runs', '0')).toContain('Expected a whole number of at least 1')
    expect(await usageError('--runs', '2', '--trace', 'x')).toContain('add --runs 1 (asked for 2)')
    expect(await usageError('--seed', '-1')).toContain('Expected a whole number')
    const seed = `${Number.MAX_SAFE_INTEGER}`
    expect(await usageError('--seed', seed, '--runs', '3')).toContain('too large for 3 runs')
    expect(await usageError('--members', '9')).toContain('Expected a whole number 1 to 8')
    expect(await usageError('--partitions', '65')).toContain('Expected a whole number 1 to 64')
    expect(await usageError('--faults', 'network,fire')).toContain(
      "'fire' is none of network, process, clock, store, scheduling, coordinator, protocol",
    )
    expect(await usageError('--workers', '0')).toContain('Expected a whole number 1 to 64')
    const { code, stderr } = await cli(['simulate', '--runs', '1', ...small, '--trace', folder])
    expect([code, oneErrorLine(stderr)]).toEqual([
      1,
      `streambus: cannot write the trace ${folder}: EISDIR (EISDIR)`,
    ])
  })
})
