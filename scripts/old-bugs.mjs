// Old bugs put into our own sources on purpose, to be caught by random seeds (docs/old-bugs.md):
//   npm run old-bugs -- [--only NAME]... [--sample] [--seed N] [--most N] [--enough N] [--write]
// Node 20 runs no TypeScript: the runner is compiled into .cache/old-bugs first.
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const home = join('test', 'simulation', 'old-bugs')
const compiled = join(root, '.cache', 'old-bugs', `runner.${process.pid}`)

const compile = () => {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const { status } = spawnSync(
    process.execPath,
    [tsc, '-p', join(root, home), '--outDir', compiled],
    { stdio: ['ignore', 2, 2] },
  )
  return status === 0
}

try {
  if (compile()) {
    const { main } = await import(pathToFileURL(join(compiled, home, 'run.js')).href)
    process.exitCode = await main(process.argv.slice(2), root)
  } else process.exitCode = 2
} catch (error) {
  process.stderr.write(`old-bugs: ${error.message}\n`)
  process.exitCode = 2
} finally {
  rmSync(compiled, { recursive: true, force: true })
}
