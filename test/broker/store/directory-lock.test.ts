import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type DirectoryLock,
  type LockHolder,
  lockDirectory,
  lockingSteps,
  thisProcess,
} from '../../../src/broker/store/directory-lock.js'
import { compiledModule, runChild } from './fixtures/compiled.js'
import { temporaryDirectories } from './fixtures/temporary-directory.js'

const newDirectory = temporaryDirectories()
const locked = expect.objectContaining({ code: 'DATA_DIR_LOCKED' })

// Beyond the largest pid that Linux can be told to give out.
const deadPid = 2 ** 22 + 1

const lockedBy = (holder: LockHolder): string => {
  const directory = newDirectory()
  writeFileSync(join(directory, 'streambus.lock.7'), JSON.stringify(holder))
  return directory
}

describe('one process after the other', () => {
  it('locks, refuses, releases, locks again', () => {
    const directory = newDirectory()
    const lock = lockDirectory(directory)
    expect(() => lockDirectory(directory)).toThrow(locked)
    lock.release()
    lock.release()
    const again = lockDirectory(directory)
    // A late second release by the former holder must not free it.
    lock.release()
    expect(() => lockDirectory(directory)).toThrow(locked)
    again.release()
  })

  it('leaves one file behind, however often it was locked', () => {
    const directory = newDirectory()
    for (let round = 0; round < 5; round++) lockDirectory(directory).release()
    expect(readdirSync(directory)).toEqual(['streambus.lock.5'])
  })

  it('names the directory, the holder and the file in one line', () => {
    const directory = newDirectory()
    lockDirectory(directory)
    const file = join(directory, 'streambus.lock.1')
    for (const part of [`directory ${directory} `, `process ${process.pid} `, `delete ${file}`]) {
      expect(() => lockDirectory(directory)).toThrow(part)
    }
  })
})

describe('a lock left behind', () => {
  const self = thisProcess()
  const takenOver = (holder: LockHolder, by: LockHolder = self): boolean => {
    const directory = lockedBy(holder)
    try {
      lockDirectory(directory, by)
      return true
    } catch (error) {
      expect(error).toEqual(locked)
      return false
    }
  }
  it('is taken over when its holder is dead', () => {
    expect(takenOver({ ...self, pid: deadPid })).toBe(true)
  })

  it.runIf(existsSync('/proc/self/stat'))(
    'is taken over when the pid now belongs to another process',
    () => {
      expect(self.startTime).toBeGreaterThan(0)
      expect(takenOver({ ...self, startTime: self.startTime - 1 })).toBe(true)
    },
  )

  it('is taken over after a reboot, even if pid and start time happen to fit', () => {
    expect(takenOver({ ...self, bootId: 'before' }, { ...self, bootId: 'now' })).toBe(true)
  })

  it('is taken over when the container was started again: same name, new pid namespace', () => {
    const container = { ...self, pid: process.pid, pidNamespace: 'pid:[1]' }
    expect(takenOver(container, { ...container, pidNamespace: 'pid:[2]' })).toBe(true)
  })

  it('stays when its holder lives elsewhere, where we cannot look', () => {
    expect(takenOver({ ...self, host: 'elsewhere', pid: deadPid })).toBe(false)
    expect(takenOver({ ...self, host: 'elsewhere', pid: deadPid, bootId: 'other' })).toBe(false)
  })

  it('stays where the system tells no start times and the pid lives', () => {
    const bare = { ...self, startTime: 0, bootId: '', pidNamespace: '' }
    expect(takenOver(bare, bare)).toBe(false)
    expect(takenOver({ ...bare, pid: deadPid }, bare)).toBe(true)
  })

  it('stays when it cannot be read, and says which file to delete', () => {
    const directory = newDirectory()
    const file = join(directory, 'streambus.lock.1')
    writeFileSync(file, '{"pi')
    expect(() => lockDirectory(directory)).toThrow(locked)
    expect(() => lockDirectory(directory)).toThrow(file)
  })
})

describe('any interleaving of processes', () => {
  // Three that live, told apart by pids that exist, and one that dies on its way.
  const base = { ...thisProcess(), startTime: 0 }
  const actors: readonly LockHolder[] = [
    { ...base, pid: process.pid },
    { ...base, pid: process.ppid },
    { ...base, pid: 1 },
    { ...base, pid: deadPid },
  ]
  const initial: readonly (readonly [file: string, text: string][])[] = [
    [],
    [['streambus.lock.1', 'released']],
    [['streambus.lock.3', JSON.stringify({ ...base, pid: deadPid + 1 })]],
    [
      ['streambus.lock.3', 'released'],
      ['streambus.lock.4', JSON.stringify({ ...base, pid: deadPid + 1 })],
    ],
  ]

  interface Run {
    readonly state: 'trying' | 'holding' | 'refused' | 'released'
    readonly steps: ReturnType<typeof lockingSteps>
    readonly lock?: DirectoryLock
  }
  const advance = (run: Run): Run => {
    if (run.state === 'holding') {
      run.lock!.release()
      return { ...run, state: 'released' }
    }
    if (run.state !== 'trying') return run
    try {
      const step = run.steps.next()
      return step.done ? { ...run, state: 'holding', lock: step.value } : run
    } catch (error) {
      expect(error).toEqual(locked)
      return { ...run, state: 'refused' }
    }
  }

  it('has at most one holder at any time, and somebody gets the lock', () => {
    // Bursts, because many races need one process to get far while another stands still.
    const burst = fc.record({ actor: fc.nat(actors.length - 1), steps: fc.nat(8) })
    const schedule = fc
      .array(burst, { minLength: 3, maxLength: 15 })
      .map((bursts) => bursts.flatMap(({ actor, steps }) => Array<number>(steps).fill(actor)))
    fc.assert(
      fc.property(fc.constantFrom(...initial), fc.boolean(), schedule, (files, release, turns) => {
        const directory = newDirectory()
        for (const [file, text] of files) writeFileSync(join(directory, file), text)
        const runs: Run[] = actors.map((self) => ({
          state: 'trying',
          steps: lockingSteps(directory, self),
        }))
        for (const turn of turns) {
          const run = runs[turn]!
          if (run.state === 'holding' && !release) continue
          runs[turn] = advance(run)
          const holding = runs.slice(0, 3).filter((each) => each.state === 'holding')
          expect(holding.length).toBeLessThanOrEqual(1)
        }
        // Let the living finish: whoever lost lost to somebody.
        for (const turn of [0, 1, 2]) {
          while (runs[turn]!.state === 'trying') runs[turn] = advance(runs[turn]!)
        }
        const states = runs.slice(0, 3).map((run) => run.state)
        expect(states).toSatisfy((all: string[]) =>
          all.some((s) => s === 'holding' || s === 'released'),
        )
        expect(states.filter((state) => state === 'holding').length).toBeLessThanOrEqual(1)
      }),
      { numRuns: 400 },
    )
  })
})

describe('processes that race', () => {
  /** Tries as soon as it is told to (a byte on stdin), then holds the lock until stdin ends. */
  const racer = (directory: string): string => `
    const { lockDirectory } = await import('${compiledModule('directory-lock')}')
    process.stdin.once('data', () => {
      let result = 'won'
      try { lockDirectory('${directory}') } catch (error) { result = error.code }
      console.log(result)
    })
    console.log('ready')
  `

  it('for a stale lock: one wins, the others are refused', async () => {
    for (let round = 0; round < 2; round++) {
      const directory = lockedBy({ ...thisProcess(), startTime: 1 })
      const children = Array.from({ length: 6 }, () => runChild(racer(directory)))
      await Promise.all(children.map((child) => child.line((line) => line === 'ready')))
      for (const child of children) child.process.stdin!.write('go')
      await Promise.all(children.map((child) => child.line((line) => line !== 'ready')))
      for (const child of children) child.process.stdin!.end()
      const results = await Promise.all(children.map(async (child) => (await child.ended)[1]))
      expect(results.sort()).toEqual([...Array(5).fill('DATA_DIR_LOCKED'), 'won'])
    }
  })
})
