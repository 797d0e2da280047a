// Mutation testing of the charts (docs/mutation-testing.md):
//   npm run mutation -- [--machine NAME] [--only ID] [--sample N --seed S] [--write]
// Node 20 runs no TypeScript: the checks are compiled into .cache/mutation, once per content.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

const sources = ['src', 'test']
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) =>
      join(folder, file),
    ),
  )
  .filter((file) => /\.(ts|json)$/.test(file))
  .sort()

/** Where the compiled checks are. Several terminals may compile at once: the rename decides. */
const compiled = () => {
  const hash = createHash('sha256')
  for (const file of [...sources, 'tsconfig.json']) {
    hash.update(`${file}\0`).update(readFileSync(join(root, file)))
  }
  const cache = join(root, '.cache', 'mutation')
  const folder = join(cache, hash.digest('hex').slice(0, 16))
  if (existsSync(folder)) return folder
  const partial = `${folder}.${process.pid}`
  mkdirSync(cache, { recursive: true })
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const project = join(root, 'test', 'mutation')
  const { status } = spawnSync(process.execPath, [tsc, '-p', project, '--outDir', partial], {
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

const run = join(compiled(), 'test', 'mutation', 'run.js')
const { main } = await import(pathToFileURL(run).href)
try {
  process.exitCode = await main(process.argv.slice(2), join(root, 'docs', 'mutation-testing.md'))
} catch (error) {
  process.stderr.write(`mutation: ${error.message}\n`)
  process.exitCode = 2
}
