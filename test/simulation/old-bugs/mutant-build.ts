import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Mutant, patched } from './mutant.js'

/** Unused names are no fault of a mutant: what it takes away may have been their only use. */
const compilerOptions = {
  rootDir: 'src',
  outDir: 'dist',
  declaration: false,
  sourceMap: false,
  inlineSources: false,
  noUnusedLocals: false,
  noUnusedParameters: false,
}

/**
 * Copies the sources, puts the mutant in (none: as they are), compiles them, and returns the folder
 * of the compiled ones. Throws if a patch does not fit or the mutant has a type error.
 */
export const buildMutant = async (
  root: string,
  folder: string,
  mutant: Mutant | undefined,
): Promise<string> => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  cpSync(join(root, 'src'), join(folder, 'src'), { recursive: true })
  for (const patch of mutant?.patches ?? []) {
    const file = join(folder, 'src', patch.file)
    writeFileSync(file, patched(readFileSync(file, 'utf8'), patch))
  }
  const project = { extends: join(root, 'tsconfig.json'), compilerOptions, include: ['src'] }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(project))
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  await output([tsc, '-p', folder])
  return join(folder, 'dist')
}

/** What a Node process prints; rejects if it fails or takes longer than `limitMs`. */
export const output = (args: readonly string[], limitMs = 120_000): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { timeout: limitMs, killSignal: 'SIGKILL' })
    let out = ''
    let said = ''
    child.stdout.on('data', (data) => {
      out += data
    })
    child.stderr.on('data', (data) => {
      said += data
    })
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (code === 0) resolve(out)
      else reject(new Error(`${signal ?? `exit ${code}`}: ${(said + out).slice(0, 2_000)}`))
    })
  })
