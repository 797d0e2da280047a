import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const fileOf = (name) => fileURLToPath(new URL(name, import.meta.url))

/** Starts a broker process with these topics. */
export const startBrokerProcess = async (topics) => {
  const child = spawn(process.execPath, [fileOf('./broker.mjs'), JSON.stringify(topics)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })
  const [address] = await Promise.race([
    once(lines, 'line'),
    exited.then(([code]) => Promise.reject(new Error(`the broker ended (exit ${code})`))),
  ])
  const close = async () => {
    child.stdin.end()
    await exited
  }
  return { address, close }
}

/** Runs a client in a process of its own and returns what it measured: its one line of JSON. */
export const runClient = async (client, task, nodeOptions = []) => {
  const args = [...nodeOptions, fileOf(`./clients/${client}.mjs`), JSON.stringify(task)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text
  })
  const [code, signal] = await once(child, 'close')
  if (code !== 0) throw new Error(`${client} failed (${signal ?? `exit ${code}`})`)
  return JSON.parse(output.trim().split('\n').at(-1))
}

/** Time and CPU of this process over a number of records. */
export class Stopwatch {
  #startedAt = 0
  #cpu
  #from = 0

  get isRunning() {
    return this.#cpu !== undefined
  }

  start(recordsSoFar) {
    this.#from = recordsSoFar
    this.#cpu = process.cpuUsage()
    this.#startedAt = performance.now()
  }

  stop(recordsSoFar) {
    const seconds = (performance.now() - this.#startedAt) / 1000
    const { user, system } = process.cpuUsage(this.#cpu)
    return { records: recordsSoFar - this.#from, seconds, cpuSeconds: (user + system) / 1e6 }
  }
}

export const report = (result) => console.log(JSON.stringify(result))

const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** Several runs of one client in two figures. */
export const summarize = (runs) => {
  const rates = runs.map(({ records, seconds }) => records / seconds)
  const costs = runs.map(({ records, cpuSeconds }) => (cpuSeconds / records) * 1e6)
  return {
    recordsPerSecond: median(rates),
    lowest: Math.min(...rates),
    highest: Math.max(...rates),
    cpuPerMillion: median(costs),
  }
}

/** Runs the tasks in turn, round after round, so that a slow minute hits all alike. */
export const alternate = async (runs, tasks, say) => {
  const results = new Map([...tasks.keys()].map((name) => [name, []]))
  for (let run = 1; run <= runs; run++) {
    for (const [name, task] of tasks) {
      const result = await task(run)
      results.get(name).push(result)
      const rate = Math.round(result.records / result.seconds).toLocaleString('en-US')
      say(`  run ${run}  ${name}: ${rate} records/s`)
    }
  }
  return new Map([...results].map(([name, all]) => [name, summarize(all)]))
}
