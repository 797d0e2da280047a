import type { Fact } from '../domain/facts.js'
import type { Frame, MessageFrame, TransitionFrame } from '../domain/trace.js'
import { ChartWatch, type WatchedEvent, type WatchedSnapshot } from './chart-watch.js'
import type { Inspect } from './runtime.js'

type Place = 'seq' | 't' | 'lamport' | 'process' | 'actor'
type Detail =
  | Omit<TransitionFrame, Place>
  | Omit<MessageFrame, Place>
  | ({ readonly kind: 'fact' } & Fact)

/** Makes frames, in order. What it is given is used as it is: leave it alone afterwards. */
export class TraceRecorder {
  readonly #elapsed: () => number
  readonly #sink: (frame: Frame) => void
  readonly #processes = new Map<string, ProcessRecorder>()
  #next = 0

  /** `elapsed` in milliseconds since the recording began. */
  constructor(elapsed: () => number, sink: (frame: Frame) => void) {
    this.#elapsed = elapsed
    this.#sink = sink
  }

  /** Frames so far. */
  get count(): number {
    return this.#next
  }

  process(name: string): ProcessRecorder {
    const known = this.#processes.get(name)
    if (known !== undefined) return known
    const recorder = new ProcessRecorder(name, (actor, lamport, detail) =>
      this.#add(name, actor, lamport, detail),
    )
    this.#processes.set(name, recorder)
    return recorder
  }

  #add(process: string, actor: string, lamport: number, detail: Detail): void {
    const t = Math.round(this.#elapsed() * 1_000) / 1_000
    this.#sink({ seq: this.#next++, t, lamport, process, actor, ...detail } as Frame)
  }
}

type Add = (actor: string, lamport: number, detail: Detail) => void

/** What one process tells, with its Lamport clock. */
export class ProcessRecorder {
  readonly name: string
  readonly #add: Add
  #lamport = 0

  constructor(name: string, add: Add) {
    this.name = name
    this.#add = add
  }

  fact(actor: string, fact: Fact): void {
    this.#add(actor, ++this.#lamport, { kind: 'fact', ...fact })
  }

  /** Returns the stamp that travels with the message. */
  send(id: string, message: MessageOf): number {
    this.#message('send', id, message)
    return this.#lamport
  }

  receive(id: string, message: MessageOf, stamp: number): void {
    this.#lamport = Math.max(this.#lamport, stamp)
    this.#message('receive', id, message)
  }

  lost(id: string, message: MessageOf): void {
    this.#message('lost', id, message)
  }

  /** To be given to actors as `inspect`: every step of a chart becomes a frame. */
  inspector(onStep?: OnStep): Inspect {
    const watch = new ChartWatch((actor, step, event, snapshot) => {
      this.#add(actor, ++this.#lamport, { kind: 'transition', ...step })
      onStep?.(actor, event, snapshot)
    })
    return (event) => watch.see(event)
  }

  #message(way: MessageFrame['way'], id: string, { api, is, peer }: MessageOf): void {
    this.#add('network', ++this.#lamport, { kind: 'message', way, id, api, is, peer })
  }
}

export type MessageOf = Pick<MessageFrame, 'api' | 'is' | 'peer'>

/** For facts that follow from a chart's own step. */
export type OnStep = (actor: string, event: WatchedEvent, snapshot: WatchedSnapshot) => void
