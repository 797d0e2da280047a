import type { InspectionEvent } from 'xstate'

/** A line of a trace (design: JSON Lines, nothing random, no payload bytes). */
export interface Frame {
  readonly seq: number
  /** Virtual milliseconds since the world began. */
  readonly t: number
  readonly process: string
  readonly actor?: string
  readonly kind: 'transition' | 'fact'
  readonly [detail: string]: unknown
}

/** What the checkers need to know, told by the workload and the observed requests. */
export type Fact =
  | { readonly fact: 'assign' | 'revoke' | 'lost'; readonly partitions: readonly string[] }
  | {
      readonly fact: 'deliver' | 'done'
      readonly partition: string
      readonly first: number
      readonly last: number
      readonly count: number
    }
  | {
      readonly fact: 'commit'
      readonly generation: number
      readonly coordinatorGeneration: number
      readonly accepted: boolean
      readonly offsets: Readonly<Record<string, number>>
    }
  | { readonly fact: 'start' | 'stop' | 'crash' | 'cut' | 'heal' }
  | { readonly fact: 'callback'; readonly name: string; readonly partitions: readonly string[] }

interface MachineSnapshot {
  readonly value?: unknown
  readonly context?: { readonly generation?: number }
}

/** Everything that happened in a world, in order. The same seed gives the same bytes. */
export class Trace {
  readonly frames: Frame[] = []
  readonly #now: () => number
  readonly #lastValues = new Map<string, string>()

  constructor(now: () => number) {
    this.#now = now
  }

  fact(process: string, fact: Fact): void {
    this.frames.push({ seq: this.frames.length, t: this.#now(), process, kind: 'fact', ...fact })
  }

  /** Gives a consumer's `inspect`: keeps state changes only, by ids that we chose. */
  inspector(process: string): (event: InspectionEvent) => void {
    return (event) => {
      if (event.type !== '@xstate.snapshot') return
      const { value } = event.snapshot as MachineSnapshot
      if (value === undefined) return
      const actor = (event.actorRef as unknown as { readonly id: string }).id
      const key = `${process}/${actor}`
      const text = JSON.stringify(value)
      if (this.#lastValues.get(key) === text) return
      this.#lastValues.set(key, text)
      this.frames.push({
        seq: this.frames.length,
        t: this.#now(),
        process,
        actor,
        kind: 'transition',
        event: event.event.type,
        state: value,
      })
    }
  }

  toJsonLines(): string {
    return this.frames.map((frame) => `${JSON.stringify(frame)}\n`).join('')
  }
}
