import { StreamBusError } from '../../domain/errors.js'

const LINE_END = 0x0a

/** No broker takes records near as big; without a limit a file without line ends fills memory. */
const MOST_LINE_BYTES = 64 * 1024 * 1024

/**
 * Cuts a stream of bytes into lines, without their line ends and without decoding them. What
 * follows the last line end is a line too, unless it is empty.
 */
export class LineSplitter {
  readonly #mostBytes: number
  #parts: Buffer[] = []
  #partBytes = 0
  /** Lines given out so far. */
  lines = 0

  constructor(mostBytes: number = MOST_LINE_BYTES) {
    this.#mostBytes = mostBytes
  }

  /** The lines that this chunk completes. Throws RECORD_TOO_LARGE naming the line. */
  push(chunk: Buffer): Buffer[] {
    const lines: Buffer[] = []
    let from = 0
    for (let at = chunk.indexOf(LINE_END); at >= 0; at = chunk.indexOf(LINE_END, from)) {
      lines.push(this.#complete(chunk.subarray(from, at)))
      from = at + 1
    }
    this.#keep(chunk.subarray(from))
    this.lines += lines.length
    return lines
  }

  /** At the end of the stream: what is left. */
  end(): Buffer[] {
    if (this.#partBytes === 0) return []
    this.lines += 1
    return [this.#complete(Buffer.alloc(0))]
  }

  #complete(rest: Buffer): Buffer {
    if (this.#partBytes === 0) return rest
    const line = Buffer.concat([...this.#parts, rest])
    this.#parts = []
    this.#partBytes = 0
    return line
  }

  #keep(rest: Buffer): void {
    if (rest.length === 0) return
    this.#parts.push(rest)
    this.#partBytes += rest.length
    if (this.#partBytes <= this.#mostBytes) return
    throw new StreamBusError(
      'RECORD_TOO_LARGE',
      `a line is longer than ${this.#mostBytes} bytes: is the input really lines?`,
    )
  }
}
