const LINE_END = 0x0a

/**
 * Cuts a stream of bytes into lines, without their line ends and without decoding them. What
 * follows the last line end is a line too, unless it is empty.
 */
export class LineSplitter {
  #parts: Buffer[] = []
  #pendingBytes = 0

  /** Of the line that has not ended yet. */
  get pendingBytes(): number {
    return this.#pendingBytes
  }

  /** The lines that this chunk completes. */
  push(chunk: Buffer): Buffer[] {
    const lines: Buffer[] = []
    let from = 0
    for (let at = chunk.indexOf(LINE_END); at >= 0; at = chunk.indexOf(LINE_END, from)) {
      lines.push(this.#complete(chunk.subarray(from, at)))
      from = at + 1
    }
    if (from < chunk.length) this.#parts.push(chunk.subarray(from))
    this.#pendingBytes += chunk.length - from
    return lines
  }

  /** At the end of the stream: what is left. */
  end(): Buffer[] {
    return this.#pendingBytes === 0 ? [] : [this.#complete(Buffer.alloc(0))]
  }

  #complete(rest: Buffer): Buffer {
    if (this.#pendingBytes === 0) return rest
    const line = Buffer.concat([...this.#parts, rest])
    this.#parts = []
    this.#pendingBytes = 0
    return line
  }
}
