import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '..')
const filesUnder = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
    .sort()

const sources = filesUnder('src')
const text = new Map(sources.map((file) => [file, readFileSync(join(root, file), 'utf8')]))

/** The folder that a rule speaks of; `connect` and `index` compose everything. */
const homeOf = (file: string): string => {
  const path = relative('src', file)
  if (path.startsWith('transport/protocol/')) return 'transport/protocol'
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : 'composition'
}

const mayImport: Record<string, readonly string[]> = {
  domain: [],
  'transport/protocol': ['domain'],
  assignors: ['domain', 'transport/protocol'],
  machines: ['domain', 'assignors'],
  runtime: ['domain'],
  transport: ['domain', 'transport/protocol', 'machines', 'runtime'],
}
const below = Object.keys(mayImport)
for (const home of ['consumer', 'producer', 'admin', 'broker']) mayImport[home] = below
mayImport.simulation = [...below, 'consumer', 'producer', 'admin', 'broker']
mayImport.inspector = ['domain', 'runtime']
const anything = [...Object.keys(mayImport), 'composition', 'cli', 'effect']
for (const home of ['composition', 'cli', 'effect']) mayImport[home] = anything

const importsOf = (file: string): string[] =>
  [...text.get(file)!.matchAll(/(?:from|import\()\s*'([^']+)'/g)].map((match) => match[1]!)

const localImports = (file: string): string[] =>
  importsOf(file)
    .filter((name) => name.startsWith('.'))
    .map((name) => join(dirname(file), name).replace(/\.js$/, '.ts'))

/** Lines of a file that hold a pattern, comments left out. */
const linesWith = (file: string, pattern: RegExp): string[] =>
  text
    .get(file)!
    .split('\n')
    .flatMap((line, index) =>
      pattern.test(line) && !/^\s*(\/\/|\/?\*)/.test(line)
        ? [`${file}:${index + 1}: ${line.trim()}`]
        : [],
    )

const offenders = (pattern: RegExp, allowed: (file: string) => boolean): string[] =>
  sources.filter((file) => !allowed(file)).flatMap((file) => linesWith(file, pattern))

describe('tidy', () => {
  it('imports only in the directions of docs/architecture.md', () => {
    const wrong = sources.flatMap((file) =>
      localImports(file)
        .filter((target) => {
          const [from, to] = [homeOf(file), homeOf(target)]
          return from !== to && !mayImport[from]?.includes(to)
        })
        .map((target) => `${file} imports ${target}`),
    )
    expect(wrong).toEqual([])
  })

  it('has no import cycle', () => {
    const done = new Set<string>()
    const cycles: string[] = []
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '))
      if (done.has(file) || path.includes(file)) return
      for (const target of runtimeImports(file)) visit(target, [...path, file])
      done.add(file)
    }
    for (const file of sources) visit(file, [])
    expect(cycles).toEqual([])
  })

  it('takes time and chance from src/runtime only', () => {
    const pattern =
      /Date\.now|new Date\(\)|Math\.random|\bsetTimeout\(|\bsetInterval\(|performance\.now/
    const isClockCall = /[cC]lock\.setTimeout\(/
    const found = offenders(pattern, (file) => homeOf(file) === 'runtime')
    expect(found.filter((line) => !isClockCall.test(line))).toEqual([])
  })

  it('touches sockets and files only where the design says', () => {
    const allowed =
      /^src\/(transport\/tcp|broker\/(server|store)|cli|inspector|simulation\/trace\/trace-file)\b/
    // The zstd codec is WASM and reads the file that its package ships.
    const wasm = 'src/transport/protocol/records/zstd-codec.ts'
    const pattern = /from 'node:(net|fs|fs\/promises|http|tls|child_process)'/
    expect(offenders(pattern, (file) => allowed.test(file) || file === wasm)).toEqual([])
  })

  it('keeps Effect out of the machines, and uses its subpaths elsewhere', () => {
    const machines = sources.filter((file) => homeOf(file) === 'machines')
    expect(machines.filter((file) => importsOf(file).some((name) => /^effect/.test(name)))).toEqual(
      [],
    )
    expect(offenders(/from 'effect'/, () => false)).toEqual([])
    expect(offenders(/\bfromPromise\b|SimulatedClock/, () => false)).toEqual([])
  })

  it('has no file over 400 lines, no line over 100 columns, and honest names', () => {
    const long = sources.filter((file) => text.get(file)!.split('\n').length > 401)
    expect(long).toEqual([])
    // The formatter breaks code at 100 columns; only a text in quotes may stick out.
    expect(offenders(/^(?!.*['`]).{101,}$/, () => false)).toEqual([])
    expect(offenders(/^.{161,}$/, () => false)).toEqual([])
    expect(sources.filter((file) => /\/(utils?|types|helpers?|common)\.ts$/.test(file))).toEqual([])
  })

  it('needs no top-level await, so that require() works', () => {
    expect(
      offenders(/^(const .* = )?await /, (file) => file === join('src', 'cli', 'main.ts')),
    ).toEqual([])
  })
})

/** Type-only imports vanish when compiled and cannot make a cycle. */
function runtimeImports(file: string): string[] {
  const imports = /^(?:import|export)(?! type)[^']*?from\s*'(\.[^']+)'/gm
  return [...text.get(file)!.matchAll(imports)]
    .map((match) => join(dirname(file), match[1]!).replace(/\.js$/, '.ts'))
    .filter((target) => text.has(target))
}
