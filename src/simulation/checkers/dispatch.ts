import type { Frame, MessageFrame, TransitionFrame } from '../../domain/trace.js'
import type { Watch } from './checker.js'

type See = (frame: never) => void

/** Gives each frame to those who watch for its kind. */
export class Dispatch {
  readonly #byFact = new Map<string, See[]>()
  readonly #transitions: ((frame: TransitionFrame) => void)[] = []
  readonly #messages: ((frame: MessageFrame) => void)[] = []

  constructor(watches: readonly Watch[]) {
    for (const { transition, message, ...facts } of watches) {
      if (transition !== undefined) this.#transitions.push(transition)
      if (message !== undefined) this.#messages.push(message)
      for (const [fact, see] of Object.entries(facts)) {
        const known = this.#byFact.get(fact)
        if (known === undefined) this.#byFact.set(fact, [see as See])
        else known.push(see as See)
      }
    }
  }

  see(frame: Frame): void {
    if (frame.kind === 'transition') for (const see of this.#transitions) see(frame)
    else if (frame.kind === 'message') for (const see of this.#messages) see(frame)
    else for (const see of this.#byFact.get(frame.fact) ?? []) see(frame as never)
  }
}
