import type { Writable } from 'node:stream'
import { OutputClosed } from './failure.js'

/** Data for whoever reads us. Each write waits for its reader, so nothing piles up here. */
export class Stdout {
  readonly #stream: Writable

  constructor(stream: Writable = process.stdout) {
    this.#stream = stream
  }

  /** Resolves when the system took it. Rejects with OutputClosed when nobody reads any more. */
  write(chunk: string | Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stream.write(chunk, (error) => {
        if (error === null || error === undefined) resolve()
        else reject(writeFailure(error))
      })
    })
  }

  line(text: string): Promise<void> {
    return this.write(`${text}\n`)
  }

  json(value: unknown): Promise<void> {
    return this.line(JSON.stringify(value))
  }
}

const gone = new Set(['EPIPE', 'ERR_STREAM_DESTROYED', 'ECONNRESET'])

const writeFailure = (error: NodeJS.ErrnoException): Error =>
  gone.has(error.code ?? '')
    ? new OutputClosed('stdout is closed')
    : Object.assign(new Error(`cannot write to stdout: ${error.message}`), { code: error.code })
