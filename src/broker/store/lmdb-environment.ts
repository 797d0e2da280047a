import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { type Database, open, type RootDatabase } from 'lmdb'
import { isStreamBusError, StreamBusError } from '../../domain/errors.js'
import { isLockFile } from './directory-lock.js'
import { formatVersion } from './log-encoding.js'

/** The databases of one open data directory. Keys and values are bytes but in `epochs`. */
export interface Environment {
  readonly root: RootDatabase
  /** All tables of the Store, see log-encoding.ts. */
  readonly tables: Database<Buffer, Uint8Array>
  readonly log: Database<Buffer, Uint8Array>
  /** Topic ids whose logs were deleted, until the last of their batches is removed. */
  readonly droppedLogs: Database<Buffer, Uint8Array>
  /** One entry, versioned by its epoch, so that a transaction can depend on it. */
  readonly epochs: Database<BrokerEpoch, string>
  readonly epoch: number
}

export interface BrokerEpoch {
  readonly epoch: number
  readonly pid: number
  readonly host: string
}

export const epochKey = 'current'
const formatKey = 'streambus.format'

/** Creates the directory if needed and refuses one that holds something else. */
export function prepareDirectory(directory: string): void {
  attempt(directory, 'create or read', () => {
    makeDirectory(resolve(directory))
    const names = readdirSync(directory)
    if (names.includes('data.mdb')) return
    const foreign = names.find(
      (name) =>
        !isLockFile(name) && !name.startsWith('.') && !['lost+found', 'lock.mdb'].includes(name),
    )
    if (foreign !== undefined) throw notOurs(directory, `it holds '${foreign}'`)
  })
}

/**
 * Level by level: Node's own recursive mkdir never returns where the parent exists and refuses
 * with ENOENT, as /proc does (seen with Node 20.20).
 */
function makeDirectory(directory: string): void {
  if (existsSync(directory)) return
  makeDirectory(dirname(directory))
  try {
    mkdirSync(directory)
  } catch (error) {
    // Another process may have been faster.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** The caller holds the directory's lock. */
export function openEnvironment(directory: string, mapSizeBytes?: number): Environment {
  return attempt(directory, 'open', () => {
    checkHeader(directory)
    const root = open({
      path: directory,
      noSubdir: false,
      maxDbs: 8,
      encoding: 'binary',
      separateFlushed: true,
      // Each write is an explicit batch; grouping by event turn leaves a promise nobody holds,
      // which becomes an unhandled rejection when a commit fails (seen with lmdb 3.5.6).
      eventTurnBatching: false,
      ...(mapSizeBytes === undefined ? {} : { mapSize: mapSizeBytes }),
    })
    try {
      checkFormat(root, directory)
      const binary = { keyEncoding: 'binary', encoding: 'binary' } as const
      const epochs = root.openDB<BrokerEpoch, string>({
        name: 'epochs',
        encoding: 'json',
        useVersions: true,
      })
      const environment = {
        root,
        tables: root.openDB<Buffer, Uint8Array>({ name: 'tables', ...binary }),
        log: root.openDB<Buffer, Uint8Array>({ name: 'log', ...binary }),
        droppedLogs: root.openDB<Buffer, Uint8Array>({ name: 'dropped-logs', ...binary }),
        epochs,
        epoch: nextEpoch(epochs),
      }
      syncDirectory(directory)
      return environment
    } catch (error) {
      void root.close()
      throw error
    }
  })
}

/** lmdb crashes the process on a file that is not LMDB's, so look before it does. */
function checkHeader(directory: string): void {
  let file: number
  try {
    file = openSync(join(directory, 'data.mdb'), 'r')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return
    throw error
  }
  try {
    // The page header takes 24 bytes, then comes the magic number of a meta page.
    const header = Buffer.alloc(28)
    const length = readSync(file, header, 0, header.length, 0)
    if (length === 0) return
    if (header.readUInt32LE(24) !== 0xbeefc0de) throw notOurs(directory, 'data.mdb is not LMDB')
  } finally {
    closeSync(file)
  }
}

function checkFormat(root: RootDatabase, directory: string): void {
  const found: Buffer | undefined = root.getBinary(formatKey)
  if (found === undefined) {
    if (root.getKeysCount() > 0) throw notOurs(directory, 'data.mdb was made by another program')
    root.putSync(formatKey, Buffer.from(String(formatVersion)))
    return
  }
  const version = Number(found.toString())
  if (version === formatVersion) return
  throw new StreamBusError(
    'STORE_FAILED',
    `Data directory ${directory} has format ${version}, this StreamBus knows ${formatVersion}: ` +
      'use the StreamBus that wrote it, or another directory',
  )
}

function nextEpoch(epochs: Database<BrokerEpoch, string>): number {
  return epochs.transactionSync(() => {
    const epoch = (epochs.get(epochKey)?.epoch ?? 0) + 1
    epochs.putSync(epochKey, { epoch, pid: process.pid, host: hostname() }, epoch)
    return epoch
  })
}

/** Makes the new files' names survive a power loss. Not every system can, so errors are passed. */
function syncDirectory(directory: string): void {
  try {
    const handle = openSync(directory, 'r')
    try {
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
  } catch {}
}

function notOurs(directory: string, why: string): StreamBusError {
  return new StreamBusError(
    'STORE_FAILED',
    `${directory} is not a StreamBus data directory (${why}): choose an empty directory`,
  )
}

/** Turns what the file system or LMDB throws into one STORE_FAILED that names the directory. */
export function attempt<A>(directory: string, verb: string, action: () => A): A {
  try {
    return action()
  } catch (cause) {
    if (isStreamBusError(cause)) throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new StreamBusError('STORE_FAILED', `Cannot ${verb} data directory ${directory}: ${why}`, {
      cause,
    })
  }
}
