const SIZE_BYTES = 4
const LEAST_CAPACITY = 16 * 1024

/** A frame that cannot be: its claimed size is below `least` or above `most`. */
export interface BadSize {
  readonly size: number
  /** What the peer has sent in place of a frame, from the size field on. */
  readonly start: Buffer
}

/**
 * Cuts a byte stream into frames, each with its size in front (int32). Memory follows what has
 * arrived, never what a size claims: the buffer doubles as bytes come. A frame that lies within one
 * chunk is a view of it. Handed-out frames are never written to again.
 */
export class FrameReader {
  readonly #least: number
  readonly #most: number
  #buffer: Buffer = Buffer.alloc(0)
  #start = 0
  #end = 0
  /** Bytes behind `#end` may be written to: the buffer is ours and not a chunk. */
  #owned = false

  constructor(sizes: { readonly least: number; readonly most: number }) {
    this.#least = sizes.least
    this.#most = sizes.most
  }

  /** Bytes that arrived and were not yet taken as frames. */
  get pendingBytes(): number {
    return this.#end - this.#start
  }

  push(chunk: Buffer): void {
    const pending = this.pendingBytes
    if (pending === 0) {
      this.#buffer = chunk
      this.#start = 0
      this.#end = chunk.length
      this.#owned = false
      return
    }
    const needed = pending + chunk.length
    if (!this.#owned || this.#buffer.length - this.#end < chunk.length) this.#grow(needed)
    chunk.copy(this.#buffer, this.#end)
    this.#end += chunk.length
  }

  /** The next whole frame without its size; undefined when more bytes are needed. */
  next(): Buffer | BadSize | undefined {
    const size = this.#nextSize()
    if (size === undefined) return undefined
    if (size < this.#least || size > this.#most) {
      return { size, start: this.#buffer.subarray(this.#start, this.#end) }
    }
    const end = this.#start + SIZE_BYTES + size
    if (end > this.#end) return undefined
    const frame = this.#buffer.subarray(this.#start + SIZE_BYTES, end)
    this.#start = end
    if (this.#start === this.#end) {
      this.#buffer = Buffer.alloc(0)
      this.#start = 0
      this.#end = 0
    }
    return frame
  }

  #nextSize(): number | undefined {
    return this.pendingBytes < SIZE_BYTES ? undefined : this.#buffer.readInt32BE(this.#start)
  }

  #grow(needed: number): void {
    const size = this.#nextSize()
    const frame = size === undefined || size < 0 ? needed : SIZE_BYTES + size
    // Doubling keeps copying linear; a frame known to end sooner needs no more than itself.
    const doubled = Math.max(LEAST_CAPACITY, 2 * needed)
    const capacity = frame > needed ? Math.min(doubled, frame) : doubled
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, capacity))
    this.#buffer.copy(grown, 0, this.#start, this.#end)
    this.#end -= this.#start
    this.#start = 0
    this.#buffer = grown
    this.#owned = true
  }
}
