import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { realClock } from '../../runtime/clock.js'
import type { WorkerEvent, WorkerSettings } from './worker.js'

export interface Change {
  readonly worker: string
  readonly event: 'assigned' | 'revoked' | 'lost'
  readonly partitions: readonly string[]
  /** Wall-clock milliseconds, in the worker's own words. */
  readonly at: number
}

interface Worker {
  readonly process: ChildProcess
  readonly exited: Promise<void>
  isLeaving: boolean
}

/** The consumer processes, and who owns what according to their own words. */
export class Crew {
  readonly changes: Change[] = []
  readonly #settings: Omit<WorkerSettings, 'id' | 'ledger'>
  readonly #ledgerOf: (process: string) => string
  readonly #workers = new Map<string, Worker>()
  readonly #owned = new Map<string, Set<string>>()
  readonly #waiting = new Set<() => void>()
  readonly #processed = new Map<string, number>()
  #started = 0
  #failure: Error | undefined

  constructor(
    settings: Omit<WorkerSettings, 'id' | 'ledger'>,
    ledgerOf: (process: string) => string,
  ) {
    this.#settings = settings
    this.#ledgerOf = ledgerOf
  }

  /** Owned partitions by worker, sorted; workers that run only. */
  owners(): ReadonlyMap<string, readonly string[]> {
    const owners = [...this.#owned].sort(([a], [b]) => (a < b ? -1 : 1))
    return new Map(owners.map(([id, partitions]) => [id, [...partitions].sort()]))
  }

  /** Records processed so far, as last told. */
  processed(): number {
    return [...this.#processed.values()].reduce((sum, count) => sum + count, 0)
  }

  start(id: string): void {
    const name = `${id}.${++this.#started}`
    const settings: WorkerSettings = { ...this.#settings, id, ledger: this.#ledgerOf(name) }
    const main = fileURLToPath(new URL('./worker-main.js', import.meta.url))
    const child = spawn(process.execPath, [main, JSON.stringify(settings)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const worker: Worker = {
      process: child,
      isLeaving: false,
      exited: new Promise((resolve) => {
        child.once('exit', (code, signal) => {
          if (!worker.isLeaving) {
            this.giveUp(new Error(`${id} ended by itself (${signal ?? `exit ${code}`})`))
          }
          resolve()
        })
      }),
    }
    child.stdin?.on('error', () => undefined)
    this.#workers.set(id, worker)
    this.#owned.set(id, new Set())
    createInterface({ input: child.stdout! }).on('line', (line) => this.#hear(id, name, line))
  }

  /** SIGKILL: it tells nobody anything. Returns the moment. */
  async kill(id: string): Promise<number> {
    const worker = this.#workers.get(id)!
    worker.isLeaving = true
    const at = realClock.now()
    worker.process.kill('SIGKILL')
    await worker.exited
    this.#owned.delete(id)
    this.#workers.delete(id)
    return at
  }

  /** Asks all to finish, commit and leave. */
  async stopAll(): Promise<void> {
    for (const worker of this.#workers.values()) {
      worker.isLeaving = true
      worker.process.kill('SIGTERM')
    }
    await Promise.all([...this.#workers.values()].map(({ exited }) => exited))
  }

  killAll(): void {
    for (const worker of this.#workers.values()) {
      worker.isLeaving = true
      worker.process.kill('SIGKILL')
    }
  }

  /** Every wait ends with this error. */
  giveUp(error: Error): void {
    this.#failure ??= error
    for (const check of [...this.#waiting]) check()
  }

  /** Resolves when the condition holds after something that a worker told. */
  until(what: string, condition: () => boolean, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (error?: Error): void => {
        clearTimeout(timer)
        this.#waiting.delete(check)
        if (error === undefined) resolve()
        else reject(error)
      }
      const check = (): void => {
        if (this.#failure !== undefined) end(this.#failure)
        else if (condition()) end()
      }
      const timer = realClock.setTimeout(
        () => end(new Error(`${what}: not within ${timeoutMs / 1000} s`)),
        timeoutMs,
      ) as NodeJS.Timeout
      this.#waiting.add(check)
      check()
    })
  }

  #hear(id: string, name: string, line: string): void {
    const heard = JSON.parse(line) as WorkerEvent & { readonly at: number }
    switch (heard.event) {
      case 'assigned':
      case 'revoked':
      case 'lost': {
        const owned = this.#owned.get(id)
        for (const partition of heard.partitions) {
          if (heard.event === 'assigned') owned?.add(partition)
          else owned?.delete(partition)
        }
        this.changes.push({ worker: id, ...heard })
        break
      }
      case 'progress':
      case 'left':
        this.#processed.set(name, heard.processed)
        break
      case 'failed':
        this.giveUp(new Error(`${id}: ${heard.message}`))
        break
    }
    for (const check of [...this.#waiting]) check()
  }
}
