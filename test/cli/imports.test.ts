import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const folder = join(import.meta.dirname, '..', '..', 'src', 'cli')

/** The demo is loaded by its own command. */
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
  (name) => name.endsWith('.ts') && !name.startsWith('demo'),
)

const light =
  /^(node:|commander$|\.\.?\/|(\.\.\/)+(domain\/(errors|topic-partition)|runtime\/clock))/
const heavy = /^(\.\.\/)+(connect|broker|consumer|producer|admin|transport)\b/

describe('what the CLI loads', () => {
  it('imports clients and broker only when a command runs: --help has no need of them', () => {
    const found = files.flatMap((file) => {
      const text = readFileSync(join(folder, file), 'utf8')
      const imports = text.matchAll(/^(?:import|export)(?! type)[^']*?from\s*'([^']+)'/gm)
      return [...imports]
        .map((match) => match[1]!)
        .filter((name) => heavy.test(name) || !light.test(name))
        .map((name) => `${file} imports ${name}`)
    })
    expect(found).toEqual([])
  })
})
