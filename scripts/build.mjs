// Builds dist/ from src/. Quiet unless something is wrong, so that `npm start` shows the demo only.
// What is built already is left alone, and a new build replaces the old one in one step: several
// terminals may build at once while processes run from dist/.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'

const hash = createHash('sha256')
const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => `src/${file}`)
  .sort()
for (const file of [...sources, 'tsconfig.json', 'package.json', 'package-lock.json']) {
  hash.update(`${file}\0`).update(readFileSync(file))
}
const stamp = hash.digest('hex')
const stampIn = (folder) => `${folder}/.built-from`
const isBuilt = () => existsSync(stampIn('dist')) && readFileSync(stampIn('dist'), 'utf8') === stamp

if (!isBuilt()) {
  mkdirSync('.cache', { recursive: true })
  const partial = `.cache/dist.${process.pid}`
  const tsc = spawnSync(
    process.execPath,
    ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json', '--outDir', partial],
    { stdio: 'inherit' },
  )
  if (tsc.status !== 0) {
    rmSync(partial, { recursive: true, force: true })
    process.exit(tsc.status ?? 1)
  }
  chmodSync(`${partial}/cli/main.js`, 0o755)
  writeFileSync(stampIn(partial), stamp)
  const old = `${partial}.old`
  try {
    if (existsSync('dist')) renameSync('dist', old)
    renameSync(partial, 'dist')
  } catch (error) {
    // Another terminal was faster: what it built serves if it was built from the same sources.
    if (!isBuilt()) throw error
  }
  for (const folder of [partial, old]) rmSync(folder, { recursive: true, force: true })
}
