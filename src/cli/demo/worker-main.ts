import { runWorker, type WorkerSettings } from './worker.js'

// The settings come as one JSON argument from the demo's own process.
runWorker(JSON.parse(process.argv[2] ?? '{}') as WorkerSettings).catch((error: unknown) => {
  process.stderr.write(`demo worker: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
