// Runs an example in this very process, so that Ctrl+C reaches it once and its exit code is ours:
//   npm run example -- NAME [ARGUMENTS]     without a name: lists them
// Node 20 runs no TypeScript: the examples are compiled into .cache/examples, once per content.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const examples = join(root, 'examples')

const sources = readdirSync(examples, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.(ts|json)$/.test(file))
  .sort()

/** `producer/main.ts` is called `producer`, `patterns/batches.ts` `patterns/batches`. */
const nameOf = (file) => file.replace(/(\/main)?\.ts$/, '')
const names = new Map(
  sources.filter((file) => file.endsWith('.ts')).map((file) => [nameOf(file), file]),
)

const list = () => {
  const width = Math.max(...[...names.keys()].map((name) => name.length))
  const lines = [...names].map(([name, file]) => {
    const [firstLine] = readFileSync(join(examples, file), 'utf8').split('\n')
    return `  ${name.padEnd(width)}  ${firstLine.replace(/^\/\/ /, '')}`
  })
  return `Usage: npm run example -- NAME [ARGUMENTS]\n\n${lines.join('\n')}\n`
}

/** Where the compiled examples are. Several terminals may compile at once: the rename decides. */
const compiled = () => {
  const hash = createHash('sha256')
  for (const file of [...sources, '../tsconfig.json']) {
    hash.update(`${file}\0`).update(readFileSync(join(examples, file)))
  }
  const cache = join(root, '.cache', 'examples')
  const folder = join(cache, hash.digest('hex').slice(0, 16))
  if (existsSync(folder)) return folder
  const partial = `${folder}.${process.pid}`
  mkdirSync(cache, { recursive: true })
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const { status } = spawnSync(process.execPath, [tsc, '-p', examples, '--outDir', partial], {
    stdio: ['ignore', 2, 2],
  })
  if (status !== 0) {
    rmSync(partial, { recursive: true, force: true })
    process.exit(1)
  }
  try {
    renameSync(partial, folder)
  } catch (error) {
    rmSync(partial, { recursive: true, force: true })
    if (!existsSync(folder)) throw error
  }
  return folder
}

const [name, ...args] = process.argv.slice(2)
if (name === undefined || name === '--help') {
  process.stdout.write(list())
} else if (!names.has(name)) {
  process.stderr.write(`example: there is none called "${name}"\n\n${list()}`)
  process.exitCode = 2
} else {
  const file = resolve(compiled(), names.get(name).replace(/\.ts$/, '.js'))
  process.argv = [process.execPath, file, ...args]
  try {
    await import(pathToFileURL(file).href)
  } catch (error) {
    // An expected failure is one line, as everywhere in StreamBus; a bug keeps its stack trace.
    const code = error?.code
    process.stderr.write(code ? `example: ${error.message} (${code})\n` : `${error?.stack}\n`)
    // What the example left open must not keep its terminal.
    process.exit(1)
  }
}
