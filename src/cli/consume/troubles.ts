import { isStreamBusError } from '../../domain/errors.js'

/** What a consumer reports beside its records, each trouble said once until another one comes. */
export class Troubles {
  readonly #say: (message: string) => void
  #unsaid: string[] = []
  /** For saying why nothing came. */
  last: string | undefined

  constructor(say: (message: string) => void) {
    this.#say = say
  }

  readonly take = (error: Error): void => {
    const text = isStreamBusError(error) ? `${error.message} (${error.code})` : error.message
    if (text === this.last) return
    this.last = text
    if (isStreamBusError(error) && error.retriable) this.#say(text)
    // It may be the one that the consumer fails with, and the command then ends with: not twice.
    else this.#unsaid.push(text)
  }

  /** The consumer goes on: what it reported was not its end. */
  sayRest(): void {
    for (const text of this.#unsaid) this.#say(text)
    this.#unsaid = []
  }
}
