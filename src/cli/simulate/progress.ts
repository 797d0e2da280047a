import { realClock } from '../../runtime/clock.js'

const EVERY_MS = { terminal: 200, pipe: 10_000 } as const
/** Soon enough to show that something happens, late enough to know how long it takes. */
const FIRST_MS = 1_000

/** One line on stderr that changes in place; where that is no terminal, a line now and then. */
export class Progress {
  readonly #runs: number
  readonly #isQuiet: boolean
  readonly #began = realClock.elapsed()
  #nextAt = this.#began + FIRST_MS
  #isShown = false

  constructor(runs: number, isQuiet: boolean) {
    this.#runs = runs
    this.#isQuiet = isQuiet
  }

  show(done: number, violations: number): void {
    const { isTTY } = process.stderr
    const now = realClock.elapsed()
    const everyMs = isTTY ? EVERY_MS.terminal : EVERY_MS.pipe
    if (this.#isQuiet || now < this.#nextAt || done >= this.#runs) return
    this.#nextAt = now + everyMs
    const seconds = (now - this.#began) / 1_000
    const left = Math.round(((this.#runs - done) * seconds) / done)
    const text =
      `${done} of ${this.#runs} runs, ${(done / seconds).toFixed(1)} runs/s, ` +
      `${violations} with violations, ${left} s left`
    process.stderr.write(isTTY ? `\r\u001b[K${text}` : `${text}\n`)
    this.#isShown = isTTY
  }

  end(): void {
    if (this.#isShown) process.stderr.write('\r\u001b[K')
  }
}
