import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface FileFact {
  /** The package's name: records of one package stay in order in one partition. */
  readonly package: string
  readonly path: string
  readonly size: number
  readonly sha256: string
}

/** The nearest `node_modules` above this file: the packages installed with StreamBus. */
export const installedPackages = (): string => {
  let folder = dirname(fileURLToPath(import.meta.url))
  for (;;) {
    const candidate = join(folder, 'node_modules')
    if (existsSync(candidate)) return candidate
    const parent = dirname(folder)
    if (parent === folder) throw new Error('no installed packages found: run npm install first')
    folder = parent
  }
}

/** Every file below a folder, in a stable order. */
export const listFiles = async (root: string): Promise<string[]> => {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

/** What is known of a file; undefined when it went away meanwhile. */
export const factOf = async (root: string, file: string): Promise<FileFact | undefined> => {
  const path = relative(root, file).split(sep).join('/')
  try {
    const bytes = await readFile(file)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    return { package: packageOf(path), path, size: bytes.length, sha256 }
  } catch {
    return undefined
  }
}

/** `@scope/name/...` or `name/...`. */
const packageOf = (path: string): string => {
  const parts = path.split('/')
  return parts[0]!.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]!
}
