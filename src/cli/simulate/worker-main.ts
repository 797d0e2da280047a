import { parentPort } from 'node:worker_threads'
import { type Batch, runBatch } from './batch.js'

// Nobody reads stacks here, and errors that are values are made by the thousand.
Error.stackTraceLimit = 0

parentPort?.on('message', (batch: Batch) => parentPort?.postMessage(runBatch(batch)))
