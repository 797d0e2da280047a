import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '..')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly exports: Readonly<Record<string, { readonly types: string; readonly default: string }>>
  readonly dependencies: Readonly<Record<string, string>>
}
const entries = Object.entries(manifest.exports).filter(([, target]) => typeof target === 'object')

const run = async (script: string, kind: 'commonjs' | 'module'): Promise<string> => {
  const args = [`--input-type=${kind}`, '--eval', script]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root })
  return stdout.trim()
}

// The built package, as its users get it: `npm test` builds first.
describe('the package', () => {
  it.each(entries)('%s has its code and its declarations', (_, target) => {
    expect(existsSync(join(root, target.default))).toBe(true)
    expect(existsSync(join(root, target.types))).toBe(true)
  })

  it.each(entries)('%s can be imported and required', async (subpath) => {
    const name = join('streambus', subpath).replaceAll('\\', '/')
    const print = (value: string): string => `console.log(Object.keys(${value}).sort().join())`
    const imported = await run(`import * as it from '${name}'; ${print('it')}`, 'module')
    const required = await run(print(`require('${name}')`), 'commonjs')
    expect(imported).not.toBe('')
    expect(required.replace('__esModule,', '')).toBe(imported)
  })

  it('needs no dependency that it does not declare', async () => {
    const files = await run(
      `import { readdirSync, readFileSync } from 'node:fs'
       const names = new Set()
       for (const name of readdirSync('dist', { recursive: true })) {
         if (!name.endsWith('.js')) continue
         const text = readFileSync('dist/' + name, 'utf8')
         for (const [, from] of text.matchAll(/from '([^.][^']*)'/g)) names.add(from)
       }
       console.log(JSON.stringify([...names]))`,
      'module',
    )
    const outside = (JSON.parse(files) as string[])
      .filter((name) => !name.startsWith('node:'))
      .map((name) => (name.startsWith('@') ? name.split('/', 2).join('/') : name.split('/')[0]!))
    const declared = new Set([...Object.keys(manifest.dependencies), 'streambus'])
    expect(outside.filter((name) => !declared.has(name))).toEqual([])
  })
})
