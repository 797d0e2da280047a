import type { Fact } from './facts.js'

/**
 * A trace is JSON Lines: a header, then frames. Live recordings, simulations and shrunk
 * counterexamples have the same format, described in docs/trace.md. Nothing in it is random and no
 * payload is: the same seed gives the same bytes.
 */
export const TRACE_VERSION = 1

export interface TraceHeader {
  readonly v: typeof TRACE_VERSION
  /** Of the charts that ran; left out where traces of different versions are compared. */
  readonly machineHash?: string
  readonly seed?: number
  readonly clock: 'virtual' | 'real'
  /** Who recorded: `simulation`, or the name of a process. */
  readonly process: string
  /** What a simulation was made from; it can be run again from this alone. */
  readonly plan?: unknown
}

/** Where and when. `lamport` orders what one process could have known of another. */
interface FramePlace {
  readonly seq: number
  /** Milliseconds since the recording began, to the microsecond. */
  readonly t: number
  readonly lamport: number
  readonly process: string
  readonly actor: string
}

/** Why something happened, in words, and how well that is known. */
export interface TraceCause {
  readonly what: string
  readonly evidence: 'observed' | 'inferred' | 'unknown'
}

export interface TransitionFrame extends FramePlace {
  readonly kind: 'transition'
  readonly chart: string
  readonly event: string
  /** Innermost active states before and after; the same when the event moved nothing. */
  readonly from: string
  readonly states: string
  /** The transitions taken, in order, each as `source -> target`; empty when none was. */
  readonly taken: readonly string[]
  /** The chart has no use for the event there; it was recorded, not dropped. */
  readonly ignored?: true
  readonly cause?: TraceCause
}

export interface MessageFrame extends FramePlace {
  readonly kind: 'message'
  readonly way: 'send' | 'receive' | 'lost'
  /** The same at both ends. */
  readonly id: string
  readonly api: string
  readonly is: 'request' | 'response'
  /** The other end. */
  readonly peer: string
}

export type FactFrame = FramePlace & { readonly kind: 'fact' } & Fact

export type Frame = TransitionFrame | MessageFrame | FactFrame
