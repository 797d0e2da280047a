import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Mutant } from './mutants.js'
import type { Verdict } from './trial.js'

export interface PoolOptions {
  readonly workers: number
  /** The module that a worker process runs. */
  readonly worker?: URL
  /** How long a worker may think about one mutant: the slowest take some twenty seconds. */
  readonly patienceMs?: number
}

/**
 * Tries mutants in worker processes, one after the other in each. One that does not come to an
 * end, or ends its process, is killed with its worker, and counts as killed: `runaway`.
 */
export const tryAll = async (
  mutants: readonly Mutant[],
  options: PoolOptions,
  onVerdict: (verdict: Verdict) => void,
): Promise<void> => {
  const queue = [...mutants]
  const serve = async (): Promise<void> => {
    let worker: ChildProcess | undefined
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      worker ??= await started(options)
      const verdict = await answered(worker, mutant, options)
      if (verdict === undefined) {
        worker.kill('SIGKILL')
        worker = undefined
      }
      onVerdict(verdict ?? runaway(mutant))
    }
    worker?.disconnect()
  }
  await Promise.all(Array.from({ length: options.workers }, serve))
}

const runaway = ({ id, chart, operator }: Mutant): Verdict => {
  const what = 'its process had to be ended'
  return { id, chart, operator, fate: 'killed', kill: { check: 'runaway', what } }
}

const ownWorker = new URL('./worker.js', import.meta.url)

const started = async ({ worker = ownWorker }: PoolOptions): Promise<ChildProcess> => {
  const child = fork(fileURLToPath(worker))
  if ((await nextWord(child)) === undefined) throw new Error(`${worker} does not start`)
  return child
}

/** The worker's verdict; undefined when it ends or does not come to one. */
const answered = async (
  worker: ChildProcess,
  { id }: Mutant,
  { patienceMs = 120_000 }: PoolOptions,
): Promise<Verdict | undefined> => {
  const answer = nextWord(worker, patienceMs)
  worker.send(id)
  return (await answer) as Verdict | undefined
}

const nextWord = (child: ChildProcess, patienceMs?: number): Promise<unknown> =>
  new Promise((resolve) => {
    const settle = (word?: unknown): void => {
      clearTimeout(watchdog)
      child.off('message', settle)
      child.off('exit', onExit)
      resolve(word)
    }
    const onExit = (): void => settle()
    const watchdog = patienceMs === undefined ? undefined : setTimeout(settle, patienceMs)
    child.on('message', settle)
    child.on('exit', onExit)
  })
