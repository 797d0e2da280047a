/**
 * One byte stream, in order, as a socket gives it: the seam that the simulator swaps. Loss is a
 * stall or a reset. Listeners are set once, before the first byte is awaited.
 */
export interface Duplex {
  /** False when the other side reads slower than we write: wait for `onDrain`. */
  readonly write: (bytes: Uint8Array) => boolean
  readonly onData: (listener: (chunk: Buffer) => void) => void
  /** Exactly once, also after our own `end` or `destroy`. */
  readonly onClose: (listener: (error?: Error) => void) => void
  readonly onDrain: (listener: () => void) => void
  readonly pause: () => void
  readonly resume: () => void
  /** Sends what is buffered, then closes. */
  readonly end: () => void
  /** Closes at once. */
  readonly destroy: () => void
  /** `host:port` of the other side. */
  readonly remote: string
}
