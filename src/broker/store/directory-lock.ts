import {
  linkSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { assert, StreamBusError } from '../../domain/errors.js'

/** Who holds a lock: enough to tell a living holder from a dead one whose pid was given away. */
export interface LockHolder {
  readonly pid: number
  readonly host: string
  /** Ticks from boot to the start of the process; 0 where the system has no /proc. */
  readonly startTime: number
  /** Changes at every boot; empty where unknown. */
  readonly bootId: string
  /** Pids mean something only within one namespace (a container has its own); empty if unknown. */
  readonly pidNamespace: string
}

export interface DirectoryLock {
  /** Idempotent. */
  readonly release: () => void
}

const prefix = 'streambus.lock.'
const released = 'released'

/** True for the files that a lock leaves in its directory. */
export const isLockFile = (name: string): boolean => name.startsWith(prefix)

/**
 * Takes the one lock of a directory, or throws DATA_DIR_LOCKED naming the holder. Node has no
 * flock, so the lock is a file with its holder's name, and a dead holder's lock is taken over.
 *
 * Taking over must have one winner. Removing the stale file first would not do: A and B both see
 * it stale, A removes it and locks, B (late) removes A's new lock and locks too. So lock files
 * carry rising numbers, `streambus.lock.1`, `.2`, ..., and the highest is never removed:
 *  - the highest number says who holds the lock (or that it was released);
 *  - taking over creates the next number. `link` makes file and content appear in one step and
 *    fails if the number exists, so of several processes one wins and the others look again;
 *  - whoever created a number and then sees a higher one had read an old listing: it withdraws.
 * The highest number thus never falls, and each holder saw its predecessor dead or gone.
 *
 * @param self who asks; only tests give another than this process.
 */
export function lockDirectory(directory: string, self: LockHolder = thisProcess()): DirectoryLock {
  const steps = lockingSteps(directory, self)
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** The same, pausing wherever another process may come between: for tests of the races. */
export function* lockingSteps(
  directory: string,
  self: LockHolder,
): Generator<undefined, DirectoryLock, undefined> {
  // Losing a race leads to another look, which ends at a living holder; the bound is a fuse.
  for (let attempt = 0; attempt < 1_000; attempt++) {
    const highest = Math.max(0, ...lockNumbers(directory))
    yield
    if (highest > 0) {
      const holder = readHolder(directory, highest)
      if (holder === 'gone') continue
      if (holder !== released && isAlive(holder, self)) throw lockedBy(directory, highest, holder)
      yield
    }
    const mine = highest + 1
    if (!createLock(directory, mine, self)) continue
    yield
    const numbers = lockNumbers(directory)
    yield
    if (numbers.some((number) => number > mine)) {
      remove(directory, mine)
      continue
    }
    for (const number of numbers) {
      if (number >= mine) continue
      remove(directory, number)
      yield
    }
    return { release: releaser(directory, mine, self) }
  }
  throw new StreamBusError(
    'DATA_DIR_LOCKED',
    `Too many processes compete for data directory ${directory}: start one broker on it`,
  )
}

function lockNumbers(directory: string): readonly number[] {
  return readdirSync(directory)
    .filter(isLockFile)
    .map((name) => name.slice(prefix.length))
    .filter((rest) => /^\d+$/.test(rest))
    .map(Number)
}

const pathOf = (directory: string, number: number): string => join(directory, prefix + number)

function readHolder(directory: string, number: number): LockHolder | typeof released | 'gone' {
  let text: string
  try {
    text = readFileSync(pathOf(directory, number), 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return 'gone'
    throw error
  }
  if (text.trimEnd() === released) return released
  try {
    return JSON.parse(text) as LockHolder
  } catch {
    // Content and name appear together, so this was not us (or the disk lost it): ask a person.
    throw new StreamBusError(
      'DATA_DIR_LOCKED',
      `Lock file ${pathOf(directory, number)} is unreadable: ` +
        'if no broker uses the directory, delete the file',
    )
  }
}

/** True if the lock with this number is now ours, false if somebody else was faster. */
function createLock(directory: string, number: number, self: LockHolder): boolean {
  const temporary = temporaryPath(directory, self)
  writeFileSync(temporary, JSON.stringify(self))
  try {
    linkSync(temporary, pathOf(directory, number))
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    // File systems without hard links (FAT, some mounts): a reader may meet the file half
    // written and refuse with "unreadable", which errs on the safe side.
    if (!hasCode(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK')) throw error
    return createWithoutLink(pathOf(directory, number), self)
  } finally {
    unlinkSync(temporary)
  }
}

function createWithoutLink(path: string, self: LockHolder): boolean {
  try {
    writeFileSync(path, JSON.stringify(self), { flag: 'wx' })
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

const temporaryPath = (directory: string, { host, pid, startTime }: LockHolder): string =>
  join(directory, `${prefix}${host}-${pid}-${startTime}.tmp`)

/**
 * A released lock stays as a mark: the highest number must not disappear (see above). The mark is
 * written over the holder, in place and of the same length, so a full disk cannot prevent it.
 */
function releaser(directory: string, number: number, self: LockHolder): () => void {
  const path = pathOf(directory, number)
  const content = JSON.stringify(self)
  let done = false
  return () => {
    if (done) return
    done = true
    try {
      // Somebody may have deleted our file by hand, and the number may be another's by now.
      if (readFileSync(path, 'utf8') !== content) return
      writeFileSync(path, released.padEnd(Buffer.byteLength(content)), { flag: 'r+' })
    } catch {
      // The directory is gone: our death will release the lock.
    }
  }
}

function remove(directory: string, number: number): void {
  try {
    unlinkSync(pathOf(directory, number))
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
}

function isAlive(holder: LockHolder, self: LockHolder): boolean {
  if (holder.bootId !== '' && self.bootId !== '' && holder.bootId !== self.bootId) {
    // Another boot of this machine, or another machine on a shared disk: only a person knows.
    return holder.host !== self.host
  }
  // Another host name: a container or machine we cannot look into. The same one with another pid
  // namespace: a container that was started again, so its former processes are dead.
  if (holder.host !== self.host) return true
  if (holder.pidNamespace !== self.pidNamespace) return false
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    // EPERM: it lives, under another user.
    if (hasCode(error, 'ESRCH')) return false
  }
  return holder.startTime === 0 || holder.startTime === startTimeOf(holder.pid)
}

function lockedBy(directory: string, number: number, holder: LockHolder): StreamBusError {
  return new StreamBusError(
    'DATA_DIR_LOCKED',
    `Data directory ${directory} is in use by process ${holder.pid} on ${holder.host}: ` +
      `stop it or choose another directory ` +
      `(if it is surely gone, delete ${pathOf(directory, number)})`,
  )
}

/** The holder that this process would be. */
export function thisProcess(): LockHolder {
  return {
    pid: process.pid,
    host: hostname(),
    startTime: startTimeOf(process.pid),
    bootId: textOf(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    pidNamespace: textOf(() => readlinkSync('/proc/self/ns/pid')),
  }
}

/** Field 22 of /proc/PID/stat; the second, the program's name, may itself hold spaces and `)`. */
function startTimeOf(pid: number): number {
  const stat = textOf(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  if (stat === '') return 0
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const startTime = Number(fields[22 - 3])
  assert(Number.isSafeInteger(startTime), `start time of process ${pid} not found`)
  return startTime
}

function textOf(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}

function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && codes.includes((error as NodeJS.ErrnoException).code ?? '')
}
