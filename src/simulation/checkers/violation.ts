import type { Frame } from '../trace.js'

/** A broken invariant, and the frame at which it shows. */
export interface Violation {
  readonly invariant: string
  readonly seq: number
  readonly what: string
}

export type Checker = (frames: readonly Frame[]) => readonly Violation[]
