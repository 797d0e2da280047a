// Runs the test suite under Node 24 (the npm package `node`), whatever Node runs this script:
//   node scripts/newer-node.mjs                                    all of it
//   node scripts/newer-node.mjs test/simulation/golden.test.ts     some of it
// The golden traces are in it: written under Node 20, they have to come out the same, byte for byte.
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'

const directory = resolve('.cache/node24')
mkdirSync(directory, { recursive: true })

const run = (command, args, options = {}) => {
  const result = spawnSync(command, args, { stdio: 'inherit', ...options })
  if (result.status !== 0) process.exit(result.status ?? 1)
}

run('npm', [
  'install',
  '--prefix',
  directory,
  '--no-save',
  '--no-audit',
  '--no-fund',
  '--no-package-lock',
  'node@24',
])
const node = join(directory, 'node_modules/node/bin/node')
run(node, ['--version'])
run(node, ['node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2)], {
  env: { ...process.env, PATH: `${join(directory, 'node_modules/node/bin')}:${process.env.PATH}` },
})
