import type { Clock } from '../../runtime/clock.js'
import type { Tally } from './ledger.js'

export interface HandOver {
  readonly after: string
  /** From the event to the moment every partition had its new owner. */
  readonly ms: number
  /** The longest time that one partition had no owner. */
  readonly unownedMs: number
}

export interface Summary extends Tally {
  readonly produced: number
  readonly rebalances: number
}

export interface Output {
  readonly isJson: boolean
  readonly write: (text: string) => void
}

/** Tells the story: as lines for people, or as one JSON object a line. */
export class View {
  readonly #output: Output
  readonly #clock: Clock
  readonly #beganAt: number

  constructor(output: Output, clock: Clock) {
    this.#output = output
    this.#clock = clock
    this.#beganAt = clock.elapsed()
  }

  step(event: string, text: string, details: Readonly<Record<string, unknown>> = {}): void {
    if (this.#output.isJson) this.#json({ event, ...details })
    else this.#line(text)
  }

  owners(owners: ReadonlyMap<string, readonly string[]>): void {
    if (this.#output.isJson) {
      this.#json({ event: 'owners', owners: Object.fromEntries(owners) })
      return
    }
    for (const [worker, partitions] of owners) {
      const list = partitions.length === 0 ? 'nothing' : partitions.join('  ')
      this.#indented(`${worker}  ${list}`)
    }
  }

  why(generation: number, cause: string): void {
    if (this.#output.isJson) this.#json({ event: 'rebalance', generation, cause })
    else this.#indented(`why: rebalance to generation ${generation}: ${cause}`)
  }

  summary(summary: Summary, handOvers: readonly HandOver[]): void {
    if (this.#output.isJson) {
      for (const handOver of handOvers) this.#json({ event: 'handover', ...handOver })
      this.#json({ event: 'summary', ...summary })
      return
    }
    const rows: readonly (readonly [string, string])[] = [
      ['records produced', count(summary.produced)],
      ['records processed', count(summary.processed)],
      ['processed twice', `${count(summary.repeated)}${twiceNote(summary.repeated)}`],
      ['lost', count(summary.lost)],
      ['out of order', count(summary.outOfOrder)],
      ['rebalances', count(summary.rebalances)],
    ]
    this.#output.write('\n')
    for (const [name, value] of rows) this.#output.write(`  ${name.padEnd(WIDTH)}${value}\n`)
    for (const { after, ms, unownedMs } of handOvers) {
      const text = `${(ms / 1000).toFixed(2)} s (no owner for ${(unownedMs / 1000).toFixed(2)} s)`
      this.#output.write(`  ${`hand-over: ${after}`.padEnd(WIDTH)}${text}\n`)
    }
    this.#output.write('\n')
  }

  #line(text: string): void {
    const seconds = ((this.#clock.elapsed() - this.#beganAt) / 1000).toFixed(1)
    this.#output.write(`${seconds.padStart(5)} s  ${text}\n`)
  }

  #indented(text: string): void {
    this.#output.write(`         ${text}\n`)
  }

  #json(value: Readonly<Record<string, unknown>>): void {
    this.#output.write(`${JSON.stringify(value)}\n`)
  }
}

const WIDTH = 34

const count = (value: number): string => value.toLocaleString('en-US')

const twiceNote = (repeated: number): string =>
  repeated === 0 ? '' : ' (by the killed consumer, since its last commit)'
