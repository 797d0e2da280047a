import type { Described, TraceRecorder } from '../../runtime/trace-recorder.js'
import type { Party, StreamTap } from './stream.js'

interface Stamped {
  readonly id: string
  readonly stamp: number
  readonly what: Described
}

/** Tells the trace of every message, and numbers them: the same number at both ends. */
export class MessageIds<T extends object> {
  readonly tap: StreamTap<T>
  readonly #stamped = new WeakMap<T, Stamped>()
  #last = 0

  /** `describe` gives undefined for what is no message of its own, as part of one. */
  constructor(
    trace: TraceRecorder,
    describe: (item: T, from: Party, connection: object) => Described | undefined,
  ) {
    this.tap = {
      sent: (item, from, to, connection) => {
        const what = describe(item, from, connection)
        if (what === undefined) return
        const id = `${++this.#last}`
        const stamp = trace.process(from.name).send(id, what, to.host)
        this.#stamped.set(item, { id, stamp, what })
      },
      received: (item, from, to) => {
        const stamped = this.#stamped.get(item)
        if (stamped === undefined) return
        const { id, what, stamp } = stamped
        trace.process(to.name).receive(id, what, from.host, stamp)
      },
      lost: (item, from, to) => {
        const stamped = this.#stamped.get(item)
        if (stamped === undefined) return
        trace.process(from.name).lost(stamped.id, stamped.what, to.host)
      },
    }
  }
}
